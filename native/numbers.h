// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// What images and the weights of matrix products are kept as: float32, or bfloat16, its upper
// half. Sums are float32 in both.
#ifndef CO_PERCEPTION_NUMBERS_H_
#define CO_PERCEPTION_NUMBERS_H_

#include "vectors.h"

// GROUP channels are multiplied with their weights, which lie side by side, and summed at once.
// WIDE vectors of channels are best read at once.
#ifdef BFLOAT16
enum { GROUP = 2, WIDE = 2 };
typedef uint16_t Number;
typedef uint16_t Halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef uint32_t Pair __attribute__((may_alias));
typedef Bits Group;

INLINE Vector load_numbers(const Number* from) {
  return (Vector)(__builtin_convertvector(*(const Halves*)from, Bits) << 16);
}

// The upper half of a number is the nearest bfloat16, of two equally near ones the even one.
INLINE Bits round_bits(Vector value) {
  const Bits bits = (Bits)value;
  return bits + 0x7fff + ((bits >> 16) & 1);
}

INLINE void store_numbers(Number* to, Vector value) {
#ifdef __AVX512BF16__
  *(Halves*)to = (Halves)_mm256_cvtneps_pbh(value);
#else
  *(Halves*)to = __builtin_convertvector(round_bits(value) >> 16, Halves);
#endif
}

INLINE Group splat_group(const Number* from) { return *(const Pair*)from - (Bits){0}; }

INLINE Vector member(Group group, int i) {
  return i ? (Vector)(group & 0xffff0000u) : (Vector)(group << 16);
}

INLINE Vector add_products(Vector sum, Group x, Group w) {
#ifdef __AVX512BF16__
  return _mm256_dpbf16_ps(sum, (__m256bh)x, (__m256bh)w);
#else
  return sum + member(x, 0) * member(w, 0) + member(x, 1) * member(w, 1);
#endif
}
#else
enum { GROUP = 1, WIDE = 1 };
typedef float Number;
typedef Vector Group;

INLINE Vector load_numbers(const Number* from) { return load(from); }
INLINE void store_numbers(Number* to, Vector value) { store(to, value); }
INLINE Group splat_group(const Number* from) { return splat(*from); }
INLINE Vector member(Group group, int i) { return (void)i, group; }
INLINE Vector add_products(Vector sum, Group x, Group w) { return sum + x * w; }
#endif

INLINE void store_number(Number* to, float value) {
  Number numbers[LANES];
  store_numbers(numbers, splat(value));
  *to = *numbers;
}

INLINE Group load_group(const Number* from) { return *(const Group*)from; }

// Where an image or a vector begins, from a place in it on; NULL if there is none.
INLINE const Number* image_at(Buffers at, int32_t buffer, ptrdiff_t place) {
  return buffer == NO_BUFFER ? NULL : (const Number*)at[buffer] + place;
}
INLINE const float* vector_at(Buffers at, int32_t buffer, ptrdiff_t place) {
  return buffer == NO_BUFFER ? NULL : (const float*)at[buffer] + place;
}
INLINE Vector load_or_zero(const float* from) { return from ? load(from) : splat(0.0f); }

// Reads or writes `vectors` vectors of channels side by side. Two of bfloat16 are the even
// channels, then the odd ones.
INLINE void load_channels(const Number* from, Vector* to, const int vectors) {
#ifdef BFLOAT16
  if (vectors == 2) {
    const Group pairs = load_group(from);
    to[0] = member(pairs, 0), to[1] = member(pairs, 1);
    return;
  }
#endif
  UNROLL for (int v = 0; v < vectors; ++v) to[v] = load_numbers(from + v * LANES);
}

INLINE void store_channels(Number* to, const Vector* from, const int vectors) {
#ifdef BFLOAT16
  if (vectors == 2) {
    *(Bits*)to = round_bits(from[0]) >> 16 | (round_bits(from[1]) & 0xffff0000u);
    return;
  }
#endif
  UNROLL for (int v = 0; v < vectors; ++v) store_numbers(to + v * LANES, from[v]);
}

// Adds what lies at `add`, if anything, and stores the sum, or what of it is positive.
INLINE void finish_channels(const Vector* sum, const Number* add, int32_t activation, Number* out,
                            const int vectors) {
  Vector total[WIDE], added[WIDE];
  if (add) load_channels(add, added, vectors);
  UNROLL for (int v = 0; v < vectors; ++v) {
    total[v] = sum[v];
    if (add) total[v] += added[v];
    if (activation == RELU) total[v] = at_least(0.0f, total[v]);
  }
  store_channels(out, total, vectors);
}

INLINE void finish(Vector total, const Number* add, int32_t activation, Number* out) {
  finish_channels(&total, add, activation, out, 1);
}

// The activations that take time, of `pixels` pixels just stored: not copied into every tile.
static __attribute__((noinline)) void activate_stored(Number* out, int pixels, ptrdiff_t out_step,
                                                      int channels, int32_t activation) {
  for (int p = 0; p < pixels; ++p) {
    for (int c = 0; c < channels; c += LANES) {
      Number* place = out + p * out_step + c;
      store_numbers(place, activate(load_numbers(place), activation));
    }
  }
}

#endif  // CO_PERCEPTION_NUMBERS_H_
