// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// DEPTHWISE: each channel by itself, kernels 3 wide.
#ifndef CO_PERCEPTION_DEPTHWISE_H_
#define CO_PERCEPTION_DEPTHWISE_H_

#include "fetch.h"
#include "tap_rows.h"

enum { MOST_TOGETHER = 3, SPAN_TOGETHER = 4 };  // operations on one image; their outputs in a row

// Where outputs in a row lie, and what they look at.
typedef struct {
  const Operation* ops;
  Buffers at;
  const TapRow* rows[MOST_TOGETHER];  // of each operation; their images are the same
  int count, y, x;
} Taps;

// `vectors` vectors of channels from c on, of `pixels` outputs of `together` operations. At an
// edge, columns outside are zero.
INLINE void convolve_channels(const Taps* taps, int c, const ptrdiff_t* offset,
                              const Integers* mask, const int together, const int pixels,
                              const int vectors, const int stride, const int edge) {
  const int columns = (pixels - 1) * stride + 3, channels = taps->ops->in_channels;
  Vector sum[MOST_TOGETHER][SPAN][WIDE];
  UNROLL for (int i = 0; i < together; ++i) {
    const float* bias = vector_at(taps->at, taps->ops[i].bias, c);
    UNROLL for (int v = 0; v < vectors; ++v) {
      const Vector start = load_or_zero(bias ? bias + v * LANES : NULL);
      UNROLL for (int p = 0; p < pixels; ++p) sum[i][p][v] = start;
    }
  }
  for (int r = 0; r < taps->count; ++r) {
    const Number* in = (const Number*)taps->rows[0][r].in + c;
    Vector w[MOST_TOGETHER][3][WIDE];
    UNROLL for (int i = 0; i < together; ++i) {
      const float* weight = taps->rows[i][r].weight + c;
      UNROLL for (int k = 0; k < 3; ++k) {
        UNROLL for (int v = 0; v < vectors; ++v) {
          w[i][k][v] = load(weight + k * channels + v * LANES);
        }
      }
    }
    UNROLL for (int j = 0; j < columns; ++j) {
      Vector value[WIDE];
      load_channels(in + (edge ? offset[j] : offset[0] + j * channels), value, vectors);
      UNROLL for (int v = 0; v < vectors; ++v) {
        if (edge) value[v] = (Vector)((Integers)value[v] & mask[j]);
        UNROLL for (int k = 0; k < 3; ++k) {
          const int p = (j - k) / stride;
          if (j < k || (j - k) % stride || p >= pixels) continue;
          UNROLL for (int i = 0; i < together; ++i) sum[i][p][v] += value[v] * w[i][k][v];
        }
      }
    }
  }
  UNROLL for (int i = 0; i < together; ++i) {
    const Operation* op = &taps->ops[i];
    UNROLL for (int p = 0; p < pixels; ++p) {
      const ptrdiff_t to = ((ptrdiff_t)taps->y * op->width + taps->x + p) * channels + c;
      finish_channels(sum[i][p], image_at(taps->at, op->add, to), op->activation,
                      (Number*)taps->at[op->out] + to, vectors);
    }
  }
}

// 3 taps in a row, `pixels` outputs.
INLINE void convolve_pixels(const Taps* taps, const int together, const int pixels,
                            const int stride, const int edge) {
  enum { MOST = (SPAN - 1) * 2 + 3 };
  const Operation* op = taps->ops;
  ptrdiff_t offset[MOST];
  Integers mask[MOST];
  UNROLL for (int j = 0; j < (pixels - 1) * stride + 3; ++j) {
    const int column = taps->x * stride + j - op->padding;
    const int inside = column >= 0 && column < op->in_width;
    offset[j] = (ptrdiff_t)(inside || !edge ? column : 0) * op->in_channels;
    mask[j] = inside - (Integers){0} == 1;
  }
  int c = 0;
  for (; c + WIDE * LANES <= op->in_channels; c += WIDE * LANES) {
    convolve_channels(taps, c, offset, mask, together, pixels, WIDE, stride, edge);
  }
  for (; WIDE > 1 && c < op->in_channels; c += LANES) {
    convolve_channels(taps, c, offset, mask, together, pixels, 1, stride, edge);
  }
}

INLINE void convolve_span(const Taps* taps, int pixels, const int together, const int stride,
                          const int edge) {
  if (together > 1 && edge) {
    switch (pixels) { TO_4(convolve_pixels(taps, together, N, stride, 1)) }
  } else if (together > 1) {
    switch (pixels) { TO_4(convolve_pixels(taps, together, N, stride, 0)) }
  } else if (edge) {
    switch (pixels) { TO_7(convolve_pixels(taps, together, N, stride, 1)) }
  } else {
    switch (pixels) { TO_7(convolve_pixels(taps, together, N, stride, 0)) }
  }
}

// Weights: (3, 3, channels) per source; channels of these and of the bias as load_channels has
// them. A strip of some columns goes down the image: of each past frame, two rows of three are
// still near.
INLINE void convolve_strip(const Operation* ops, Buffers at, int x, int end, Queue* queue,
                           int share, const int together, const int stride) {
  TapRow rows[MOST_TOGETHER][MAX_ROWS];
  const ptrdiff_t channels = ops->in_channels;
  const ptrdiff_t row_bytes = ops->in_width * channels * (ptrdiff_t)sizeof(Number);
  const int last = (end - 1) * stride + 2 - ops->padding;
  const int edge = x * stride < ops->padding || last >= ops->in_width;
  Taps taps = {.ops = ops, .at = at, .x = x};
  for (taps.y = 0; taps.y < ops->height; ++taps.y) {
    for (int i = 0; i < together; ++i) {
      taps.rows[i] = rows[i];
      taps.count = list_rows(&ops[i], at, taps.y, row_bytes, 3 * channels, rows[i]);
    }
    fetch(queue, share);
    convolve_span(&taps, end - x, together, stride, edge);
    for (int i = 0; i < together; ++i) {
      if (ops[i].activation <= RELU) continue;
      Number* out = (Number*)at[ops[i].out] + ((ptrdiff_t)taps.y * ops->width + x) * channels;
      activate_stored(out, end - x, channels, ops[i].channels, ops[i].activation);
    }
  }
}

// Operations on the same image.
static void run_depthwise(const Operation* ops, int count, Buffers at, Queue* queue) {
  const int strips = count_parts(ops->width, count > 1 ? SPAN_TOGETHER : SPAN);
  const int share = count_parts(queue->lines, ops->height * strips);
  for (int i = 0; i < strips; ++i) {
    const int x = part_start(i, strips, ops->width), end = part_start(i + 1, strips, ops->width);
    if (count == 1 && ops->stride == 1) convolve_strip(ops, at, x, end, queue, share, 1, 1);
    if (count == 1 && ops->stride == 2) convolve_strip(ops, at, x, end, queue, share, 1, 2);
    if (count == 3 && ops->stride == 1) convolve_strip(ops, at, x, end, queue, share, 3, 1);
    if (count == 3 && ops->stride == 2) convolve_strip(ops, at, x, end, queue, share, 3, 2);
  }
}

// Whether two operations on one image differ by no more than weights, and the later one does not
// add what the earlier one gives: that may still be without its activation.
static int are_alike(const Operation* a, const Operation* b) {
  return b->kind == DEPTHWISE && a->sources == 1 && b->sources == 1 && a->in[0] == b->in[0] &&
         a->height == b->height && a->width == b->width && a->kernel_height == b->kernel_height &&
         a->stride == b->stride && a->padding == b->padding && b->add != a->out;
}

// The number of operations from here on that `run_depthwise` takes together.
static int count_alike(const Operation* first, const Operation* end) {
  if (end - first < MOST_TOGETHER) return 1;
  for (int i = 1; i < MOST_TOGETHER; ++i) {
    for (int j = 0; j < i; ++j) {
      if (!are_alike(&first[j], &first[i])) return 1;
    }
  }
  return MOST_TOGETHER;
}

#endif  // CO_PERCEPTION_DEPTHWISE_H_
