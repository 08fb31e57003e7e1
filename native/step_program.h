// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// A step of a video network as a list of operations on buffers.
//
// Images lie with their channels last, (H, W, C), as do vectors, (C); C is padded with zeros to a
// multiple of CHANNEL_BLOCK. Images and the weights of matrix products are float32, or bfloat16 in
// programs of that precision; all else is float32.
// co_perception/engine/fast/native_program.py writes such lists; the two must agree.
#ifndef CO_PERCEPTION_STEP_PROGRAM_H_
#define CO_PERCEPTION_STEP_PROGRAM_H_

#include <stdint.h>

enum { CHANNEL_BLOCK = 8, MAX_SOURCES = 8, MAX_ROWS = 64, MAX_BUFFERS = 4096, NO_BUFFER = -1 };
enum { PROGRAM_VERSION = 2 };

enum Kind {
  POINTWISE,      // out = act(sum_c in[c] w[c] + bias + add), at every stride-th pixel
  DEPTHWISE,      // out = act(sum over sources, taps: in w, per channel, + bias + add)
  DENSE,          // the same of all input channels; the input is (C, H, W) float32, not padded
  MEAN,           // vector out = mean of in over the image
  SCALE,          // out = act((in + add) * w), w a vector
  MATRIX_VECTOR,  // POINTWISE of a vector
  SCALE_VECTOR,   // SCALE of a vector
  COPY_VECTOR,    // out = in, the first `depth` numbers; zeros up to `channels` of them
};

enum Activation { NONE, RELU, SIGMOID, SWISH };

// An operation on one row. Buffers are given by their numbers.
typedef struct {
  int32_t kind, activation;
  int32_t in_height, in_width, in_channels;  // as stored
  int32_t height, width, channels;           // of the output, as stored
  int32_t depth;                             // channels that are summed over, without padding
  int32_t kernel_height, kernel_width, stride, padding;
  int32_t out, add, bias;
  int32_t sources;
  int32_t in[MAX_SOURCES], weight[MAX_SOURCES];
} Operation;

// Where buffers lie, by number.
typedef void* const* Buffers;

// Runs a program for some rows.
//
// row_steps: bytes from a row's part of a buffer to the next one's, 0 for what all rows share. out
// may be the same memory as add, for in-place sums, nothing else. nanoseconds: NULL, or a number
// per operation that its time is added to (that of operations run together to the first).
typedef void RunStep(const Operation* operations, int32_t count, Buffers buffers,
                     const int64_t* row_steps, int32_t buffer_count, int32_t rows,
                     int64_t* nanoseconds);

#endif  // CO_PERCEPTION_STEP_PROGRAM_H_
