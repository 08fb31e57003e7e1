// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// The kernels of a step, compiled once per instruction set: RUN_STEP names the one function that
// comes of it, TILE_PIXELS x TILE_VECTORS is what the registers hold of a matrix product.
#include "dense.h"
#include "depthwise.h"
#include "pointwise.h"

static void run_mean(const Operation* op, float* const* at) {
  const ptrdiff_t channels = op->in_channels, row = op->in_width * channels;
  const Vector share = splat(1.0f / (float)(op->in_height * op->in_width));
  for (int c = 0; c < channels; c += LANES) {
    Vector total = splat(0.0f);
    for (int y = 0; y < op->in_height; ++y) {  // by rows: a sum of sums loses fewer bits
      const float* in = at[op->in[0]] + y * row + c;
      Vector sum = splat(0.0f);
      for (int x = 0; x < op->in_width; ++x) sum += load(in + x * channels);
      total += sum;
    }
    store(at[op->out] + c, total * share);
  }
}

static void run_elementwise(const Operation* op, float* const* at) {
  const float* scale = at_or_null(at, op->weight[0], 0);
  const float* add = at_or_null(at, op->add, 0);
  const float* in = at[op->in[0]];
  float* out = at[op->out];
  const ptrdiff_t pixels = (ptrdiff_t)op->height * op->width, channels = op->channels;
  for (ptrdiff_t p = 0; p < pixels; ++p) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      const ptrdiff_t place = p * channels + c;
      Vector x = load(in + place);
      if (add) x += load(add + place);
      if (scale) x *= load(scale + c);
      store(out + place, activate(x, op->activation));
    }
  }
}

static void run_copy(const Operation* op, float* const* at) {
  const float* in = at[op->in[0]];
  float* out = at[op->out];
  for (int32_t i = 0; i < op->channels; ++i) out[i] = i < op->depth ? in[i] : 0.0f;
}

// Runs the operations that begin here and can be run together; returns their number.
static int run_some(const Operation* op, const Operation* end, float* const* at, Queue* queue) {
  const int count = op->kind == DEPTHWISE ? count_alike(op, end) : 1;
  if (is_large(op)) plan_fetches(op + count, end, at, queue);
  switch (op->kind) {
    case POINTWISE:
      run_pointwise(op, at, queue);
      break;
    case DEPTHWISE:
      run_depthwise(op, count, at, queue);
      break;
    case DENSE:
      run_dense(op, at);
      break;
    case MEAN:
      run_mean(op, at);
      break;
    case ELEMENTWISE:
      run_elementwise(op, at);
      break;
    case COPY:
      run_copy(op, at);
      break;
  }
  return count;
}

void RUN_STEP(const Operation* operations, int32_t count, float* const* buffers,
              const int64_t* row_steps, int32_t buffer_count, int32_t rows) {
  float* at[MAX_BUFFERS];
  const Operation* end = operations + count;
  for (int32_t row = 0; row < rows; ++row) {
    Queue queue = {0};
    for (int32_t b = 0; b < buffer_count; ++b) at[b] = buffers[b] + row * row_steps[b];
    for (const Operation* op = operations; op < end;) op += run_some(op, end, at, &queue);
  }
}
