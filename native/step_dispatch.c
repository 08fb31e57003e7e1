// Copyright 2026 The co_perception authors
// SPDX-License-Identifier: Apache-2.0
//
// The library's one function: it runs a program by the kernels for this CPU.
#include <stddef.h>
#include <string.h>

#include "step_program.h"

#define PUBLIC __attribute__((visibility("default")))

extern RunStep run_step_portable;
#ifdef __x86_64__
extern RunStep run_step_avx2;
extern RunStep run_step_avx512;
#endif

static RunStep* forced;

static RunStep* choose(void) {
  if (forced) return forced;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq")) {
    return run_step_avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return run_step_avx2;
#endif
  return run_step_portable;
}

PUBLIC int32_t co_perception_program_version(void) { return PROGRAM_VERSION; }

// Returns the name of the instructions that are used.
PUBLIC const char* co_perception_instructions(void) {
#ifdef __x86_64__
  if (choose() == run_step_avx512) return "avx512";
  if (choose() == run_step_avx2) return "avx2";
#endif
  return "portable";
}

// Uses these instructions from now on, for tests; returns 0 if this CPU, or name, has none such.
PUBLIC int32_t co_perception_use_instructions(const char* name) {
  forced = NULL;
#ifdef __x86_64__
  const RunStep* best = choose();
  if (!strcmp(name, "avx2") && best != run_step_portable) forced = run_step_avx2;
  if (!strcmp(name, "avx512") && best == run_step_avx512) forced = run_step_avx512;
#endif
  if (!strcmp(name, "portable")) forced = run_step_portable;
  return forced || !strcmp(name, "best");
}

PUBLIC void co_perception_run_step(const Operation* operations, int32_t count,
                                   float* const* buffers, const int64_t* row_steps,
                                   int32_t buffer_count, int32_t rows) {
  choose()(operations, count, buffers, row_steps, buffer_count, rows);
}
