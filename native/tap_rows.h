// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows of an image and rows of a kernel, where they meet.
#ifndef CO_PERCEPTION_TAP_ROWS_H_
#define CO_PERCEPTION_TAP_ROWS_H_

#include "vectors.h"

enum { MAX_ROWS = 64 };

typedef struct {
  const float *in, *weight;  // a row of an image, a row of a kernel
} TapRow;

// Lists the rows that output row y of an operation on planes (or one image) looks at.
static int list_rows(const Operation* op, float* const* at, int y, int planes, ptrdiff_t row_size,
                     ptrdiff_t kernel_row, TapRow* rows) {
  int count = 0;
  for (int s = 0; s < op->sources; ++s) {
    for (int plane = 0; plane < planes; ++plane) {
      for (int k = 0; k < op->kernel_height; ++k) {
        const int row = y * op->stride + k - op->padding;
        if (row < 0 || row >= op->in_height) continue;
        rows[count].in = at[op->in[s]] + ((ptrdiff_t)plane * op->in_height + row) * row_size;
        rows[count].weight =
            at[op->weight[s]] + ((ptrdiff_t)plane * op->kernel_height + k) * kernel_row;
        ++count;
      }
    }
  }
  return count;
}

#endif  // CO_PERCEPTION_TAP_ROWS_H_
