// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// Memory that is needed soon.
//
// Weights and past frames left the caches since the last step. While one operation computes, those
// of the next large one are fetched, a few lines per tile.
#ifndef CO_PERCEPTION_FETCH_H_
#define CO_PERCEPTION_FETCH_H_

#include "numbers.h"

enum { LINE = 64, MOST_REGIONS = 2 * MAX_SOURCES + 3, MOST_FETCHED = 1 << 19 };  // bytes

typedef struct {
  const char* from[MOST_REGIONS];
  int size[MOST_REGIONS];
  int count, region, place, lines;
} Queue;

static void enqueue(Queue* queue, const void* from, ptrdiff_t numbers, size_t bytes_each) {
  ptrdiff_t size = numbers * (ptrdiff_t)bytes_each;
  if (size > MOST_FETCHED) size = MOST_FETCHED;
  queue->from[queue->count] = from;
  queue->size[queue->count++] = (int)size;
  queue->lines += (int)size / LINE + 1;
}

// Fetches up to so many lines.
INLINE void fetch(Queue* queue, int lines) {
  for (; lines > 0 && queue->region < queue->count; --lines) {
    __builtin_prefetch(queue->from[queue->region] + queue->place, 0, 2);
    queue->place += LINE;
    if (queue->place >= queue->size[queue->region]) {
      queue->place = 0;
      ++queue->region;
    }
  }
}

static int is_large(const Operation* op) {
  return op->kind == DEPTHWISE ||
         (op->kind == POINTWISE &&
          (int64_t)op->height * op->width * op->depth * op->channels > 1 << 15);
}

// Lists what the next large operation reads and writes; its newest frame was written just now.
static void plan_fetches(const Operation* op, const Operation* end, Buffers at, Queue* queue) {
  queue->count = queue->region = queue->place = queue->lines = 0;
  while (op < end && !is_large(op)) ++op;
  if (op == end) return;
  const ptrdiff_t inputs = (ptrdiff_t)op->in_height * op->in_width * op->in_channels;
  if (op->kind == POINTWISE) {
    enqueue(queue, at[op->weight[0]], (ptrdiff_t)op->depth * op->channels, sizeof(Number));
  }
  for (int s = 0; op->kind == DEPTHWISE && s < op->sources; ++s) {
    const ptrdiff_t taps = (ptrdiff_t)op->kernel_height * 3 * op->channels;
    enqueue(queue, at[op->weight[s]], taps, sizeof(float));
    if (s > 0) enqueue(queue, at[op->in[s]], inputs, sizeof(Number));
  }
  const ptrdiff_t outputs = (ptrdiff_t)op->height * op->width * op->channels;
  if (op->add != NO_BUFFER) enqueue(queue, at[op->add], outputs, sizeof(Number));
  enqueue(queue, at[op->out], outputs, sizeof(Number));
}

#endif  // CO_PERCEPTION_FETCH_H_
