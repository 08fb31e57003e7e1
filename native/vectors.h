// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// Vectors of float32 channels, and what is done with one.
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

// Calls an inlined function with a size, from 1 to 4 or 7, as the constant N.
#define CASE(n, call) \
  case n: {           \
    enum { N = n };   \
    call;             \
    break;            \
  }
#define TO_4(call) CASE(1, call) CASE(2, call) CASE(3, call) CASE(4, call)
#define TO_7(call) TO_4(call) CASE(5, call) CASE(6, call) CASE(7, call)

// What a register holds; 256 bits also with AVX-512, so that 24 channels are three.
#ifdef __AVX__
#define LANES 8
#else
#define LANES 4
#endif

enum { SPAN = 7 };  // outputs in a row that are convolved at once

typedef float Vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t Bits __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

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

// e^x: 2^n by the exponent's bits, the rest by a polynomial. To 2 ulp; where numbers are kept as
// bfloat16, to 1e-4, a twentieth of what they are rounded by.
INLINE Vector exponential(Vector x) {
  const float most = 87.0f, shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  x = at_most(most, at_least(-most, x));
  const Vector shifted = x * splat(1.44269504f) + splat(shift), n = shifted - splat(shift);
#ifdef BFLOAT16
  const Vector rest = x - n * splat(0.69314718f);
  Vector y = splat(0.16792161f);  // least-squares over the range of the rest, exact at 0
#else
  // ln 2 in two parts, so that the rest is exact.
  const Vector rest = (x - n * splat(0.693359375f)) - n * splat(-2.12194440e-4f);
  Vector y = splat(1.0f / 720);
  y = y * rest + splat(1.0f / 120);
  y = y * rest + splat(1.0f / 24);
  y = y * rest + splat(1.0f / 6);
#endif
  y = y * rest + splat(0.5f);
  y = y * rest + splat(1.0f);
  y = y * rest + splat(1.0f);
  return (Vector)((Integers)y + ((Integers)shifted << 23));
}

INLINE Vector inverse(Vector x) {
#if defined(BFLOAT16) && defined(__AVX__)
  return _mm256_rcp_ps(x);  // to 4e-4
#else
  return splat(1.0f) / x;
#endif
}

INLINE Vector sigmoid(Vector x) { return inverse(splat(1.0f) + exponential(-x)); }

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

// The i-th of `parts` parts of `total` starts here: parts of nearly the same size.
INLINE int part_start(int i, int parts, int total) { return (int)((int64_t)i * total / parts); }
INLINE int count_parts(int total, int most) { return (total + most - 1) / most; }

#endif  // CO_PERCEPTION_VECTORS_H_
