// Which SIMD target the kernels run.
#ifndef COUNTERMARK_KERNELS_TARGET_H_
#define COUNTERMARK_KERNELS_TARGET_H_

namespace countermark {

// "scalar", "sse4", "avx2", "neon", ... in lower case; static storage.
const char* TargetName();

// False, and nothing changes, when the library or the processor lacks it. For the whole process,
// and for whoever shares Highway with us: before the first kernel runs, or in tests.
bool ForceTarget(const char* name);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_TARGET_H_
