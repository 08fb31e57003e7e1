// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// DENSE: all channels of camera frames, which lie as planes; kernels 3 wide.
#ifndef CO_PERCEPTION_DENSE_H_
#define CO_PERCEPTION_DENSE_H_

#include "fetch.h"
#include "tap_rows.h"

// Fetches the rows of past frames that the next output row adds to those of this one.
static void fetch_planes(const Operation* op, float* const* at, int y) {
  const int first = y * op->stride + op->kernel_height - op->padding;
  for (int row = first; row < first + op->stride && row < op->in_height; ++row) {
    for (int s = 1; s < op->sources; ++s) {
      for (int plane = 0; plane < op->in_channels; ++plane) {
        const float* in = at[op->in[s]] + ((ptrdiff_t)plane * op->in_height + row) * op->in_width;
        for (int x = 0; x < op->in_width; x += LINE) __builtin_prefetch(in + x, 0, 2);
      }
    }
  }
}

// Where the columns of a row begin that outputs from `column` on look at; a copy with zeros around
// it where some are outside.
INLINE const float* columns_of(const Operation* op, const float* row, int column, int count,
                               float* copy) {
  if (column >= 0 && column + count <= op->in_width) return row + column;
  for (int j = 0; j < count; ++j) {
    copy[j] = column + j < 0 || column + j >= op->in_width ? 0.0f : row[column + j];
  }
  return copy;
}

// `vectors` vectors of channels from `first` on, of `pixels` outputs in a row, from planes.
INLINE void convolve_planes(const Operation* op, float* const* at, const TapRow* rows, int count,
                            int y, int x, int first, const int pixels, const int vectors,
                            const int stride) {
  enum { MOST = (SPAN - 1) * 2 + 3 };
  Vector sum[SPAN][3];
  UNROLL for (int v = 0; v < vectors; ++v) {
    const int c = first + v * LANES;
    const Vector start = op->bias == NO_BUFFER ? splat(0.0f) : load(at[op->bias] + c);
    UNROLL for (int p = 0; p < pixels; ++p) sum[p][v] = start;
  }
  for (int r = 0; r < count; ++r) {
    float copy[MOST];
    const float* in =
        columns_of(op, rows[r].in, x * stride - op->padding, (pixels - 1) * stride + 3, copy);
    UNROLL for (int k = 0; k < 3; ++k) {
      const float* weight = rows[r].weight + (ptrdiff_t)k * op->channels + first;
      Vector w[3];
      UNROLL for (int v = 0; v < vectors; ++v) w[v] = load(weight + v * LANES);
      UNROLL for (int p = 0; p < pixels; ++p) {
        const Vector value = splat(in[p * stride + k]);
        UNROLL for (int v = 0; v < vectors; ++v) sum[p][v] += value * w[v];
      }
    }
  }
  UNROLL for (int p = 0; p < pixels; ++p) {
    UNROLL for (int v = 0; v < vectors; ++v) {
      const ptrdiff_t to = ((ptrdiff_t)y * op->width + x + p) * op->channels + first + v * LANES;
      finish(sum[p][v], at_or_null(at, op->add, to), op->activation, at[op->out] + to);
    }
  }
}

INLINE void convolve_planes_span(const Operation* op, float* const* at, const TapRow* rows,
                                 int count, int y, int x, int first, int pixels,
                                 const int vectors) {
  if (op->stride == 1) {
    WITH_SIZE(pixels, convolve_planes(op, at, rows, count, y, x, first, N, vectors, 1));
  } else {
    WITH_SIZE(pixels, convolve_planes(op, at, rows, count, y, x, first, N, vectors, 2));
  }
}

static void convolve_planes_part(const Operation* op, float* const* at, const TapRow* rows,
                                 int count, int y, int x, int first, int pixels, int vectors) {
  switch (vectors) {
    case 1:
      convolve_planes_span(op, at, rows, count, y, x, first, pixels, 1);
      break;
    case 2:
      convolve_planes_span(op, at, rows, count, y, x, first, pixels, 2);
      break;
    case 3:
      convolve_planes_span(op, at, rows, count, y, x, first, pixels, 3);
      break;
  }
}

// Weights: (planes, kernel_height, kernel_width, channels) per source.
static void run_dense(const Operation* op, float* const* at) {
  TapRow rows[MAX_ROWS];
  const int vectors = op->channels / LANES, panels = count_parts(vectors, 3);
  const int spans = count_parts(op->width, SPAN);
  const ptrdiff_t kernel_row = (ptrdiff_t)op->kernel_width * op->channels;
  for (int y = 0; y < op->height; ++y) {
    const int count = list_rows(op, at, y, op->in_channels, op->in_width, kernel_row, rows);
    fetch_planes(op, at, y);
    for (int panel = 0; panel < panels; ++panel) {
      const int first = part_start(panel, panels, vectors);
      const int width = part_start(panel + 1, panels, vectors) - first;
      for (int i = 0; i < spans; ++i) {
        const int x = part_start(i, spans, op->width);
        const int pixels = part_start(i + 1, spans, op->width) - x;
        convolve_planes_part(op, at, rows, count, y, x, first * LANES, pixels, width);
      }
    }
    if (op->activation > RELU) {
      float* out = at[op->out] + (ptrdiff_t)y * op->width * op->channels;
      activate_stored(out, op->width, op->channels, op->channels, op->activation);
    }
  }
}

#endif  // CO_PERCEPTION_DENSE_H_
