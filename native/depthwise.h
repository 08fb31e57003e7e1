// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// DEPTHWISE: each channel by itself, kernels 3 wide.
#ifndef CO_PERCEPTION_DEPTHWISE_H_
#define CO_PERCEPTION_DEPTHWISE_H_

#include "fetch.h"
#include "tap_rows.h"

// 3 taps in a row, `pixels` outputs from column x on. At an edge, columns outside are zero.
INLINE void convolve_channels(const Operation* op, float* const* at, const TapRow* rows, int count,
                              int y, int x, const int pixels, const int stride, const int edge) {
  enum { MOST = (SPAN - 1) * 2 + 3 };
  const int columns = (pixels - 1) * stride + 3, channels = op->in_channels;
  ptrdiff_t offset[MOST];
  Integers mask[MOST];
  UNROLL for (int j = 0; j < columns; ++j) {
    const int column = x * stride + j - op->padding;
    const int inside = column >= 0 && column < op->in_width;
    offset[j] = (ptrdiff_t)(inside || !edge ? column : 0) * channels;
    mask[j] = inside - (Integers){0} == 1;
  }
  const ptrdiff_t place = ((ptrdiff_t)y * op->width + x) * channels;
  for (int c = 0; c < channels; c += LANES) {
    Vector sum[SPAN];
    const Vector start = op->bias == NO_BUFFER ? splat(0.0f) : load(at[op->bias] + c);
    UNROLL for (int p = 0; p < pixels; ++p) sum[p] = start;
    for (int r = 0; r < count; ++r) {
      const float *in = rows[r].in + c, *weight = rows[r].weight + c;
      const Vector w[3] = {load(weight), load(weight + channels), load(weight + 2 * channels)};
      UNROLL for (int j = 0; j < columns; ++j) {
        Vector value = load(in + (edge ? offset[j] : offset[0] + j * channels));
        if (edge) value = (Vector)((Integers)value & mask[j]);
        UNROLL for (int k = 0; k < 3; ++k) {
          const int p = (j - k) / stride;
          if (j >= k && (j - k) % stride == 0 && p < pixels) sum[p] += value * w[k];
        }
      }
    }
    UNROLL for (int p = 0; p < pixels; ++p) {
      const ptrdiff_t to = place + p * channels + c;
      finish(sum[p], at_or_null(at, op->add, to), op->activation, at[op->out] + to);
    }
  }
}

INLINE void convolve_row(const Operation* op, float* const* at, const TapRow* rows, int count,
                         int y, Queue* queue, const int stride) {
  const int spans = count_parts(op->width, SPAN);
  const int share = count_parts(queue->lines, op->height * spans);
  for (int i = 0; i < spans; ++i) {
    fetch(queue, share);
    const int x = part_start(i, spans, op->width), end = part_start(i + 1, spans, op->width);
    const int last = (end - 1) * stride + 2 - op->padding;
    const int edge = x * stride < op->padding || last >= op->in_width;
    if (edge) {
      WITH_SIZE(end - x, convolve_channels(op, at, rows, count, y, x, N, stride, 1));
    } else {
      WITH_SIZE(end - x, convolve_channels(op, at, rows, count, y, x, N, stride, 0));
    }
  }
}

// Weights: (3, 3, channels) per source.
static void run_depthwise_row(const Operation* op, float* const* at, int y, Queue* queue) {
  TapRow rows[MAX_ROWS];
  const ptrdiff_t channels = op->in_channels;
  const int count = list_rows(op, at, y, 1, op->in_width * channels, 3 * channels, rows);
  if (op->stride == 1) {
    convolve_row(op, at, rows, count, y, queue, 1);
  } else {
    convolve_row(op, at, rows, count, y, queue, 2);
  }
  if (op->activation > RELU) {
    float* out = at[op->out] + y * op->width * channels;
    activate_stored(out, op->width, channels, op->channels, op->activation);
  }
}

// Operations on the same image in turns, row by row: it is fetched once.
static void run_depthwise(const Operation* ops, int count, float* const* at, Queue* queue) {
  for (int y = 0; y < ops->height; ++y) {
    for (int i = 0; i < count; ++i) run_depthwise_row(&ops[i], at, y, queue);
  }
}

// The number of operations from here on that `run_depthwise` can take together.
static int count_alike(const Operation* first, const Operation* end) {
  const Operation* op = first + 1;
  while (op < end && op->kind == DEPTHWISE && op->in[0] == first->in[0] && op->sources == 1 &&
         first->sources == 1 && op->height == first->height) {
    ++op;
  }
  return (int)(op - first);
}

#endif  // CO_PERCEPTION_DEPTHWISE_H_
