// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows of an image and rows of a kernel, where they meet.
#ifndef CO_PERCEPTION_TAP_ROWS_H_
#define CO_PERCEPTION_TAP_ROWS_H_

#include "numbers.h"

typedef struct {
  const void* in;       // a row of an image
  const float* weight;  // a row of a kernel
} TapRow;

// Lists the rows that output row y of an operation looks at.
static int list_rows(const Operation* op, Buffers at, int y, ptrdiff_t row_bytes,
                     ptrdiff_t kernel_row, TapRow* rows) {
  int count = 0;
  for (int s = 0; s < op->sources; ++s) {
    for (int k = 0; k < op->kernel_height; ++k) {
      const int row = y * op->stride + k - op->padding;
      if (row < 0 || row >= op->in_height) continue;
      rows[count].in = (const char*)at[op->in[s]] + row * row_bytes;
      rows[count++].weight = (const float*)at[op->weight[s]] + k * kernel_row;
    }
  }
  return count;
}

#endif  // CO_PERCEPTION_TAP_ROWS_H_
