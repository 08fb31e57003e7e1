// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// What is done with vectors: gates, means over time, the head.
#ifndef CO_PERCEPTION_ON_VECTORS_H_
#define CO_PERCEPTION_ON_VECTORS_H_

#include "numbers.h"

INLINE void multiply_vector(const Operation* op, Buffers at, int first, const int vectors) {
  const ptrdiff_t groups = count_parts(op->depth, GROUP);
  const Number* weight = image_at(at, op->weight[0], first * groups * GROUP);
  const float *in = at[op->in[0]], *bias = vector_at(at, op->bias, first);
  const float* add = vector_at(at, op->add, first);
  float* out = (float*)at[op->out] + first;
  Vector sum[TILE_VECTORS];
  UNROLL for (int v = 0; v < vectors; ++v) sum[v] = load_or_zero(bias ? bias + v * LANES : NULL);
  for (ptrdiff_t k = 0; k < groups; ++k) {
    UNROLL for (int v = 0; v < vectors; ++v) {
      const Group w = load_group(weight + (v * groups + k) * LANES * GROUP);
      UNROLL for (int i = 0; i < GROUP; ++i) sum[v] += splat(in[k * GROUP + i]) * member(w, i);
    }
  }
  UNROLL for (int v = 0; v < vectors; ++v) {
    if (add) sum[v] += load(add + v * LANES);
    store(out + v * LANES, activate(sum[v], op->activation));
  }
}

// Weights as those of POINTWISE.
static void run_matrix_vector(const Operation* op, Buffers at) {
  const int whole = op->channels - op->channels % (TILE_VECTORS * LANES);
  for (int c = 0; c < whole; c += TILE_VECTORS * LANES) multiply_vector(op, at, c, TILE_VECTORS);
  for (int c = whole; c < op->channels; c += LANES) multiply_vector(op, at, c, 1);
}

static void run_scale_vector(const Operation* op, Buffers at) {
  const float *scale = vector_at(at, op->weight[0], 0), *add = vector_at(at, op->add, 0);
  const float* in = at[op->in[0]];
  float* out = at[op->out];
  for (ptrdiff_t c = 0; c < op->channels; c += LANES) {
    Vector x = load(in + c);
    if (add) x += load(add + c);
    if (scale) x *= load(scale + c);
    store(out + c, activate(x, op->activation));
  }
}

static void run_copy_vector(const Operation* op, Buffers at) {
  const float* in = at[op->in[0]];
  float* out = at[op->out];
  for (int32_t i = 0; i < op->channels; ++i) out[i] = i < op->depth ? in[i] : 0.0f;
}

#endif  // CO_PERCEPTION_ON_VECTORS_H_
