// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// POINTWISE: a matrix product, in tiles of TILE_PIXELS x TILE_VECTORS that fit the registers.
#ifndef CO_PERCEPTION_POINTWISE_H_
#define CO_PERCEPTION_POINTWISE_H_

#include "fetch.h"

typedef struct {
  const float *in, *weight, *bias, *add;  // at the tile's first pixel and channel
  float* out;
  ptrdiff_t in_step, out_step, depth;  // numbers from pixel to pixel
  int32_t activation;
} Tile;

INLINE void multiply(const Tile* t, const int pixels, const int vectors) {
  Vector sum[SPAN][TILE_VECTORS];
  UNROLL for (int v = 0; v < vectors; ++v) {
    const Vector start = t->bias ? load(t->bias + v * LANES) : splat(0.0f);
    UNROLL for (int p = 0; p < pixels; ++p) sum[p][v] = start;
  }
  const float *in = t->in, *weight = t->weight;
  const ptrdiff_t in_step = t->in_step, depth = t->depth;
  for (ptrdiff_t k = 0; k < depth; ++k) {
    Vector w[TILE_VECTORS];
    UNROLL for (int v = 0; v < vectors; ++v) w[v] = load(weight + (v * depth + k) * LANES);
    UNROLL for (int p = 0; p < pixels; ++p) {
      const Vector x = splat(in[p * in_step + k]);
      UNROLL for (int v = 0; v < vectors; ++v) sum[p][v] += x * w[v];
    }
  }
  UNROLL for (int p = 0; p < pixels; ++p) {
    UNROLL for (int v = 0; v < vectors; ++v) {
      const ptrdiff_t place = p * t->out_step + v * LANES;
      finish(sum[p][v], t->add ? t->add + place : NULL, t->activation, t->out + place);
    }
  }
}

static void multiply_tile(const Tile* tile, int pixels, int vectors) {
  switch (vectors) {
    case 1:
      WITH_SIZE(pixels, multiply(tile, N, 1));
      break;
    case 2:
      WITH_SIZE(pixels, multiply(tile, N, 2));
      break;
    case 3:
      WITH_SIZE(pixels, multiply(tile, N, 3));
      break;
#if TILE_VECTORS > 3
    case 4:
      WITH_SIZE(pixels, multiply(tile, N, 4));
      break;
#endif
  }
}

// Weights: (vectors, depth, LANES). One panel of them stays in the nearest cache for all pixels.
static void run_pointwise(const Operation* op, float* const* at, Queue* queue) {
  const int vectors = op->channels / LANES, panels = count_parts(vectors, TILE_VECTORS);
  const int tiles = count_parts(op->width, TILE_PIXELS);
  const int share = count_parts(queue->lines, panels * op->height * tiles);
  for (int panel = 0; panel < panels; ++panel) {
    const int first = part_start(panel, panels, vectors);
    const int count = part_start(panel + 1, panels, vectors) - first;
    for (int y = 0; y < op->height; ++y) {
      for (int i = 0; i < tiles; ++i) {
        const int x = part_start(i, tiles, op->width);
        const ptrdiff_t pixel = (ptrdiff_t)y * op->in_width + x;
        const ptrdiff_t place = ((ptrdiff_t)y * op->width + x) * op->channels + first * LANES;
        const Tile tile = {
            .in = at[op->in[0]] + pixel * op->stride * op->in_channels,
            .weight = at[op->weight[0]] + (ptrdiff_t)first * op->depth * LANES,
            .bias = at_or_null(at, op->bias, first * LANES),
            .add = at_or_null(at, op->add, place),
            .out = at[op->out] + place,
            .in_step = (ptrdiff_t)op->stride * op->in_channels,
            .out_step = op->channels,
            .depth = op->depth,
            .activation = op->activation,
        };
        const int pixels = part_start(i + 1, tiles, op->width) - x;
        fetch(queue, share);
        multiply_tile(&tile, pixels, count);
        if (op->activation > RELU) {
          activate_stored(tile.out, pixels, tile.out_step, count * LANES, op->activation);
        }
      }
    }
  }
}

#endif  // CO_PERCEPTION_POINTWISE_H_
