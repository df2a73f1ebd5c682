#include "kernels/target.h"

#include <cstdint>
#include <cstring>

#include "hwy/highway.h"

namespace countermark {
namespace {

const char* Name(int64_t target) {
  switch (target) {
    case HWY_SCALAR:
      return "scalar";
    case HWY_SSE4:
      return "sse4";
    case HWY_AVX2:
      return "avx2";
    case HWY_NEON:
#ifdef HWY_NEON_WITHOUT_AES
    case HWY_NEON_WITHOUT_AES:
#endif
      return "neon";
    case HWY_WASM:
      return "wasm";
    default:
      return "other";
  }
}

// The lowest bit is the best target.
int64_t Best(int64_t targets) { return targets & -targets; }

// A library of a single target calls it without asking the processor, as on 64-bit ARM, where it is
// NEON. Highway 1.0.3 would miss it on boards without AES instructions, which we do not use.
int64_t Available() {
  return Best(HWY_TARGETS) == HWY_TARGETS ? HWY_TARGETS : hwy::SupportedTargets() & HWY_TARGETS;
}

}  // namespace

const char* TargetName() { return Name(Best(Available())); }

bool ForceTarget(const char* name) {
  for (int64_t rest = Available(); rest != 0; rest &= rest - 1) {
    if (std::strcmp(Name(Best(rest)), name) == 0) {
      hwy::SetSupportedTargetsForTest(Best(rest));
      return true;
    }
  }
  return false;
}

}  // namespace countermark
