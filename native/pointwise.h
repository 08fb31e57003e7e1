// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// POINTWISE: a matrix product, in tiles of TILE_PIXELS x TILE_VECTORS that fit the registers.
#ifndef CO_PERCEPTION_POINTWISE_H_
#define CO_PERCEPTION_POINTWISE_H_

#include "fetch.h"

// A row of pixels to be multiplied: the channels of each are `runs` runs of `groups` groups.
typedef struct {
  const Number* in;
  ptrdiff_t step, run_step;  // numbers from pixel to pixel, from run to run
  int runs, groups, count;
  ptrdiff_t place;  // of the first output
} Pixels;

typedef struct {
  const Pixels* pixels;
  const Number *in, *weight, *add;  // at the tile's first pixel and channel
  const float* bias;
  Number* out;
  ptrdiff_t out_step;
  int32_t activation;
} Tile;

INLINE void multiply(const Tile* t, const int pixels, const int vectors) {
  Vector sum[SPAN][TILE_VECTORS];
  UNROLL for (int v = 0; v < vectors; ++v) {
    const Vector start = load_or_zero(t->bias ? t->bias + v * LANES : NULL);
    UNROLL for (int p = 0; p < pixels; ++p) sum[p][v] = start;
  }
  const Number *run = t->in, *weight = t->weight;
  const ptrdiff_t step = t->pixels->step, groups = t->pixels->groups;
  const ptrdiff_t panel_step = t->pixels->runs * groups * LANES * GROUP;
  for (int r = t->pixels->runs; r > 0; --r, run += t->pixels->run_step) {
    for (ptrdiff_t k = 0; k < groups; ++k, weight += LANES * GROUP) {
      Group w[TILE_VECTORS];
      UNROLL for (int v = 0; v < vectors; ++v) w[v] = load_group(weight + v * panel_step);
      UNROLL for (int p = 0; p < pixels; ++p) {
        const Group x = splat_group(run + p * step + k * GROUP);
        UNROLL for (int v = 0; v < vectors; ++v) sum[p][v] = add_products(sum[p][v], x, w[v]);
      }
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
  switch (vectors * 8 + pixels) {
#define TILES(vectors) \
  TILE(vectors, 1) TILE(vectors, 2) TILE(vectors, 3) TILE(vectors, 4) MORE_TILES(vectors)
#define TILE(vectors, pixels)        \
  case vectors * 8 + pixels:         \
    multiply(tile, pixels, vectors); \
    break;
#if TILE_PIXELS > 4
#define MORE_TILES(vectors) TILE(vectors, 5) TILE(vectors, 6)
#else
#define MORE_TILES(vectors)
#endif
    TILES(1)
    TILES(2)
    TILES(3)
#if TILE_VECTORS > 3
    TILES(4)
#endif
  }
}

static int count_panels(const Operation* op) {
  return count_parts(op->channels / LANES, TILE_VECTORS);
}

// Multiplies pixels with a panel of the weights.
static void multiply_panel(const Operation* op, Buffers at, const Pixels* pixels, int panel,
                           Queue* queue, int share) {
  const int panels = count_panels(op), all = op->channels / LANES;
  const int first = part_start(panel, panels, all);
  const int vectors = part_start(panel + 1, panels, all) - first;
  const int tiles = count_parts(pixels->count, TILE_PIXELS);
  const ptrdiff_t groups = (ptrdiff_t)pixels->runs * pixels->groups;
  for (int i = 0; i < tiles; ++i) {
    const int x = part_start(i, tiles, pixels->count);
    const int count = part_start(i + 1, tiles, pixels->count) - x;
    const ptrdiff_t place = pixels->place + (ptrdiff_t)x * op->channels + first * LANES;
    const Tile tile = {
        .pixels = pixels,
        .in = pixels->in + x * pixels->step,
        .weight = image_at(at, op->weight[0], first * groups * LANES * GROUP),
        .bias = vector_at(at, op->bias, first * LANES),
        .add = image_at(at, op->add, place),
        .out = (Number*)at[op->out] + place,
        .out_step = op->channels,
        .activation = op->activation,
    };
    fetch(queue, share);
    multiply_tile(&tile, count, vectors);
    if (op->activation > RELU) {
      activate_stored(tile.out, count, tile.out_step, vectors * LANES, op->activation);
    }
  }
}

// Weights: (vectors, groups, LANES, GROUP). One panel of them stays in the nearest cache for all
// pixels.
static void run_pointwise(const Operation* op, Buffers at, Queue* queue) {
  const int panels = count_panels(op), tiles = count_parts(op->width, TILE_PIXELS);
  const int share = count_parts(queue->lines, panels * op->height * tiles);
  Pixels pixels = {.runs = 1, .groups = count_parts(op->depth, GROUP), .count = op->width};
  pixels.step = (ptrdiff_t)op->stride * op->in_channels;
  for (int panel = 0; panel < panels; ++panel) {
    for (int y = 0; y < op->height; ++y) {
      pixels.in = image_at(at, op->in[0], (ptrdiff_t)y * op->in_width * pixels.step);
      pixels.place = (ptrdiff_t)y * op->width * op->channels;
      multiply_panel(op, at, &pixels, panel, queue, share);
    }
  }
}

#endif  // CO_PERCEPTION_POINTWISE_H_
