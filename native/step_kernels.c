// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// The kernels of a step, compiled once per instruction set, and with BFLOAT16 once more: RUN_STEP
// names the one function that comes of it, TILE_PIXELS x TILE_VECTORS is what the registers hold
// of a matrix product.
#include <time.h>

#include "dense.h"
#include "depthwise.h"
#include "on_vectors.h"
#include "pointwise.h"

static void run_mean(const Operation* op, Buffers at) {
  const ptrdiff_t channels = op->in_channels, row = op->in_width * channels;
  const Vector share = splat(1.0f / (float)(op->in_height * op->in_width));
  for (int c = 0; c < channels; c += LANES) {
    Vector total = splat(0.0f);
    for (int y = 0; y < op->in_height; ++y) {  // by rows: a sum of sums loses fewer bits
      const Number* in = image_at(at, op->in[0], y * row + c);
      Vector sum = splat(0.0f);
      for (int x = 0; x < op->in_width; ++x) sum += load_numbers(in + x * channels);
      total += sum;
    }
    store((float*)at[op->out] + c, total * share);
  }
}

static void run_scale(const Operation* op, Buffers at) {
  const float* scale = vector_at(at, op->weight[0], 0);
  const Number *in = at[op->in[0]], *add = image_at(at, op->add, 0);
  Number* out = at[op->out];
  const ptrdiff_t pixels = (ptrdiff_t)op->height * op->width, channels = op->channels;
  for (ptrdiff_t p = 0; p < pixels; ++p) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      const ptrdiff_t place = p * channels + c;
      Vector x = load_numbers(in + place);
      if (add) x += load_numbers(add + place);
      if (scale) x *= load(scale + c);
      store_numbers(out + place, activate(x, op->activation));
    }
  }
}

// Runs the operations that begin here and can be run together; returns their number.
static int run_some(const Operation* op, const Operation* end, Buffers at, Queue* queue) {
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
    case SCALE:
      run_scale(op, at);
      break;
    case MATRIX_VECTOR:
      run_matrix_vector(op, at);
      break;
    case SCALE_VECTOR:
      run_scale_vector(op, at);
      break;
    case COPY_VECTOR:
      run_copy_vector(op, at);
      break;
  }
  return count;
}

static int64_t read_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void RUN_STEP(const Operation* operations, int32_t count, Buffers buffers,
              const int64_t* row_steps, int32_t buffer_count, int32_t rows, int64_t* nanoseconds) {
  void* at[MAX_BUFFERS];
  const Operation* end = operations + count;
  for (int32_t row = 0; row < rows; ++row) {
    Queue queue = {0};
    for (int32_t b = 0; b < buffer_count; ++b) at[b] = (char*)buffers[b] + row * row_steps[b];
    for (const Operation* op = operations; op < end;) {
      const int64_t start = nanoseconds ? read_clock() : 0;
      const int count = run_some(op, end, at, &queue);
      if (nanoseconds) nanoseconds[op - operations] += read_clock() - start;
      op += count;
    }
  }
}
