// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// A step of a video network as a list of operations on buffers.
//
// Images lie with their channels last, (H, W, C), C padded to whole vectors of CHANNELS_PER_VECTOR
// with zeros. co_perception/engine/fast/native_program.py writes such lists; the two must agree.
#ifndef CO_PERCEPTION_STEP_PROGRAM_H_
#define CO_PERCEPTION_STEP_PROGRAM_H_

#include <stdint.h>

enum { CHANNELS_PER_VECTOR = 8, MAX_SOURCES = 8, MAX_BUFFERS = 4096, NO_BUFFER = -1 };
enum { PROGRAM_VERSION = 1 };

enum Kind {
  POINTWISE,    // out = act(sum_c in[c] w[c] + bias + add), at every stride-th pixel
  DEPTHWISE,    // out = act(sum over sources, taps: in w, per channel, + bias + add)
  DENSE,        // the same of all input channels; the input is (C, H, W), not padded
  MEAN,         // out = mean of in over the image
  ELEMENTWISE,  // out = act((in + add) * w), w per channel
  COPY,         // out = in, the first `depth` numbers; zeros up to `channels` of them
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

// Runs a program for some rows.
//
// buffers: where each buffer lies; row_steps: numbers from a row's part of it to the next one's, 0
// for what all rows share. out may be the same memory as add, for in-place sums, nothing else.
typedef void RunStep(const Operation* operations, int32_t count, float* const* buffers,
                     const int64_t* row_steps, int32_t buffer_count, int32_t rows);

#endif  // CO_PERCEPTION_STEP_PROGRAM_H_
