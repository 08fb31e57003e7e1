// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// DENSE: all channels of camera frames, which lie as planes; kernels 3 wide. The rows that an
// output row looks at are copied side by side, with zeros around them; the rest is a matrix
// product.
#ifndef CO_PERCEPTION_DENSE_H_
#define CO_PERCEPTION_DENSE_H_

#include "pointwise.h"

// Outputs that rows are copied for at once, and columns of such a copy: it stays in the nearest
// cache. The taps of a row are whole groups: the fourth has weight 0.
enum {
  SEGMENT = 48,
  TAP_GROUPS = (3 + GROUP - 1) / GROUP,
  SEGMENT_COLUMNS = 2 * (SEGMENT - 1) + TAP_GROUPS * GROUP + LANES,
};

// Fetches the rows of past frames that the next output row adds to those of this one.
static void fetch_planes(const Operation* op, Buffers at, int y) {
  const int first = y * op->stride + op->kernel_height - op->padding;
  for (int row = first; row < first + op->stride && row < op->in_height; ++row) {
    for (int s = 1; s < op->sources; ++s) {
      for (int plane = 0; plane < op->in_channels; ++plane) {
        const float* in =
            (const float*)at[op->in[s]] + ((ptrdiff_t)plane * op->in_height + row) * op->in_width;
        for (int x = 0; x < op->in_width; x += LINE / (int)sizeof(float)) {
          __builtin_prefetch(in + x, 0, 2);
        }
      }
    }
  }
}

// Copies `count` columns of a row from `column` on, zeros where they are outside.
static void copy_columns(const float* row, int column, int count, int width, Number* to) {
  int j = 0;
  for (; j < count && column + j < 0; ++j) store_number(to + j, 0.0f);
  const int end = column + count < width ? count : width - column;
  for (; j + LANES <= end; j += LANES) store_numbers(to + j, load(row + column + j));
  for (; j < end; ++j) store_number(to + j, row[column + j]);
  for (; j < count; ++j) store_number(to + j, 0.0f);
}

// Copies the rows that outputs (y, x...) look at, of all sources and planes; returns their number.
static int copy_rows(const Operation* op, Buffers at, int y, int x, int pixels,
                     Number (*rows)[SEGMENT_COLUMNS]) {
  const int seen = (pixels - 1) * op->stride + TAP_GROUPS * GROUP;
  const int columns = count_parts(seen, LANES) * LANES;  // whole vectors are faster
  int count = 0;
  for (int s = 0; s < op->sources; ++s) {
    for (int plane = 0; plane < op->in_channels; ++plane) {
      const float* image =
          (const float*)at[op->in[s]] + (ptrdiff_t)plane * op->in_height * op->in_width;
      for (int k = 0; k < op->kernel_height; ++k) {
        const int row = y * op->stride + k - op->padding;
        const int width = row < 0 || row >= op->in_height ? 0 : op->in_width;
        const float* in = width ? image + (ptrdiff_t)row * width : image;
        copy_columns(in, x * op->stride - op->padding, columns, width, rows[count++]);
      }
    }
  }
  return count;
}

// Weights as those of POINTWISE, of channels that are (sources, planes, kernel_height, taps).
static void run_dense(const Operation* op, Buffers at) {
  Number rows[MAX_ROWS][SEGMENT_COLUMNS];
  const int panels = count_panels(op), segments = count_parts(op->width, SEGMENT);
  Queue no_queue = {0};
  for (int y = 0; y < op->height; ++y) {
    fetch_planes(op, at, y);
    for (int i = 0; i < segments; ++i) {
      const int x = part_start(i, segments, op->width);
      const int pixels = part_start(i + 1, segments, op->width) - x;
      const Pixels given = {
          .in = rows[0],
          .step = op->stride,
          .runs = copy_rows(op, at, y, x, pixels, rows),
          .run_step = SEGMENT_COLUMNS,
          .groups = TAP_GROUPS,
          .count = pixels,
          .place = ((ptrdiff_t)y * op->width + x) * op->channels,
      };
      for (int panel = 0; panel < panels; ++panel) {
        multiply_panel(op, at, &given, panel, &no_queue, 0);
      }
    }
  }
}

#endif  // CO_PERCEPTION_DENSE_H_
