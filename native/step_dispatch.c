// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// The library's functions: which kernels there are, and a step by one of them.
#include <stddef.h>
#include <string.h>

#include "step_program.h"

#define PUBLIC __attribute__((visibility("default")))

// Kernels for a set of instructions, and a precision.
typedef struct {
  const char *instructions, *precision;
  RunStep* run;
  int32_t lanes;  // that the weights of matrix products are packed for
} Kernels;

extern RunStep run_step_portable, run_step_portable_bf16;
#ifdef __x86_64__
extern RunStep run_step_avx2, run_step_avx2_bf16, run_step_avx512, run_step_avx512_bf16;
#endif

// The fastest first.
static const Kernels known[] = {
#ifdef __x86_64__
    {"avx512", "fp32", run_step_avx512, 8},
    {"avx2", "fp32", run_step_avx2, 8},
    {"avx512_bf16", "bf16", run_step_avx512_bf16, 8},
    {"avx2", "bf16", run_step_avx2_bf16, 8},
#endif
    {"portable", "fp32", run_step_portable, 4},
    {"portable", "bf16", run_step_portable_bf16, 4},
};
enum { KNOWN = sizeof known / sizeof *known };

static int can_run(const Kernels* kernels) {
#ifdef __x86_64__
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const int avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (!strcmp(kernels->instructions, "avx512_bf16")) {
    return avx512 && __builtin_cpu_supports("avx512bf16");
  }
  if (!strcmp(kernels->instructions, "avx512")) return avx512;
  if (!strcmp(kernels->instructions, "avx2")) return avx2;
#endif
  (void)kernels;
  return 1;
}

PUBLIC int32_t co_perception_program_version(void) { return PROGRAM_VERSION; }

// Returns the number of the fastest kernels of a precision that this CPU runs, or of those with
// the instructions given; -1 if there are none.
PUBLIC int32_t co_perception_find_kernels(const char* precision, const char* instructions) {
  for (int32_t i = 0; i < KNOWN; ++i) {
    if (strcmp(known[i].precision, precision) || !can_run(&known[i])) continue;
    if (!instructions || !strcmp(known[i].instructions, instructions)) return i;
  }
  return -1;
}

PUBLIC const char* co_perception_instructions(int32_t kernels) {
  return known[kernels].instructions;
}

PUBLIC int32_t co_perception_lanes(int32_t kernels) { return known[kernels].lanes; }

PUBLIC void co_perception_run_step(int32_t kernels, const Operation* operations, int32_t count,
                                   Buffers buffers, const int64_t* row_steps, int32_t buffer_count,
                                   int32_t rows, int64_t* nanoseconds) {
  known[kernels].run(operations, count, buffers, row_steps, buffer_count, rows, nanoseconds);
}
