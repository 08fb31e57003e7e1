// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// Vectors of channels, and what is done with one.
//
// GCC's and Clang's vector extensions stand for AVX2, AVX-512 and NEON alike. Sizes of tiles are
// constants in every copy of an inlined function: then its arrays of vectors are registers.
#ifndef CO_PERCEPTION_VECTORS_H_
#define CO_PERCEPTION_VECTORS_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __AVX__
#include <immintrin.h>
#endif

#include "step_program.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

// Calls an inlined function with a size from 1 to 7 as the constant N.
#define CASE(n, call) \
  case n: {           \
    enum { N = n };   \
    call;             \
    break;            \
  }
#define WITH_SIZE(size, call)                                                           \
  switch (size) {                                                                       \
    CASE(1, call)                                                                       \
    CASE(2, call) CASE(3, call) CASE(4, call) CASE(5, call) CASE(6, call) CASE(7, call) \
  }

typedef float Vector __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(32), aligned(4), may_alias));

enum { LANES = CHANNELS_PER_VECTOR, SPAN = 7 };  // outputs in a row that are convolved at once

INLINE Vector load(const float* from) { return *(const Vector*)from; }
INLINE void store(float* to, Vector value) { *(Vector*)to = value; }
INLINE Vector splat(float value) { return value - (Vector){0}; }

#ifdef __AVX__  // what compilers do not find by themselves
INLINE Vector at_least(float least, Vector x) { return _mm256_max_ps(x, splat(least)); }
INLINE Vector at_most(float most, Vector x) { return _mm256_min_ps(x, splat(most)); }
#else
INLINE Vector choose(Integers mask, Vector x, Vector y) {
  return (Vector)((mask & (Integers)x) | (~mask & (Integers)y));
}
INLINE Vector at_least(float least, Vector x) { return choose(x > splat(least), x, splat(least)); }
INLINE Vector at_most(float most, Vector x) { return choose(x < splat(most), x, splat(most)); }
#endif

// e^x to 2 ulp: 2^n by the exponent's bits, the rest by a polynomial (Taylor, in powers of ln 2).
INLINE Vector exponential(Vector x) {
  const float most = 87.0f, shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  x = at_most(most, at_least(-most, x));
  const Vector shifted = x * splat(1.44269504f) + splat(shift), n = shifted - splat(shift);
  // ln 2 in two parts, so that the rest is exact.
  const Vector rest = (x - n * splat(0.693359375f)) - n * splat(-2.12194440e-4f);
  Vector y = splat(1.0f / 720);
  y = y * rest + splat(1.0f / 120);
  y = y * rest + splat(1.0f / 24);
  y = y * rest + splat(1.0f / 6);
  y = y * rest + splat(0.5f);
  y = y * rest + splat(1.0f);
  y = y * rest + splat(1.0f);
  return (Vector)((Integers)y + ((Integers)shifted << 23));
}

INLINE Vector sigmoid(Vector x) { return splat(1.0f) / (splat(1.0f) + exponential(-x)); }

INLINE Vector activate(Vector x, int32_t activation) {
  switch (activation) {
    case RELU:
      return at_least(0.0f, x);
    case SIGMOID:
      return sigmoid(x);
    case SWISH:
      return x * sigmoid(x);
    default:
      return x;
  }
}

// Adds what lies at `add`, if anything, and stores the sum, or what of it is positive.
INLINE void finish(Vector total, const float* add, int32_t activation, float* out) {
  if (add) total += load(add);
  store(out, activation == RELU ? at_least(0.0f, total) : total);
}

// The activations that take time, of `pixels` pixels just stored: not copied into every tile.
static __attribute__((noinline)) void activate_stored(float* out, int pixels, ptrdiff_t out_step,
                                                      int channels, int32_t activation) {
  for (int p = 0; p < pixels; ++p) {
    for (int c = 0; c < channels; c += LANES) {
      float* place = out + p * out_step + c;
      store(place, activate(load(place), activation));
    }
  }
}

INLINE const float* at_or_null(float* const* at, int32_t buffer, ptrdiff_t place) {
  return buffer == NO_BUFFER ? NULL : at[buffer] + place;
}

// The i-th of `parts` parts of `total` starts here: parts of nearly the same size.
INLINE int part_start(int i, int parts, int total) { return (int)((int64_t)i * total / parts); }
INLINE int count_parts(int total, int most) { return (total + most - 1) / most; }

#endif  // CO_PERCEPTION_VECTORS_H_
