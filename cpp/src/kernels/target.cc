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
      return "simd128";
    default:
      return "other";
  }
}

// The lowest bit is the best target.
int64_t Best(int64_t targets) { return targets & -targets; }

// A library of one target, as on 64-bit ARM and in WebAssembly, neither needs Highway's library nor
// asks the processor: Highway 1.0.3 would miss NEON on boards without AES instructions, which we do
// not use.
constexpr bool kIsChosen = (HWY_TARGETS & (HWY_TARGETS - 1)) != 0;

int64_t Available() { return HWY_SUPPORTED_TARGETS & HWY_TARGETS; }

}  // namespace

const char* TargetName() { return Name(Best(Available())); }

bool ForceTarget(const char* name) {
  for (int64_t rest = Available(); rest != 0; rest &= rest - 1) {
    if (std::strcmp(Name(Best(rest)), name) == 0) {
      if constexpr (kIsChosen) hwy::SetSupportedTargetsForTest(Best(rest));
      return true;
    }
  }
  return false;
}

}  // namespace countermark
