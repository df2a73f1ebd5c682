// The SIMD target as the environment asks for it.
#ifndef COUNTERMARK_API_TARGET_H_
#define COUNTERMARK_API_TARGET_H_

namespace countermark {

// False when COUNTERMARK_TARGET names a target that is not available. Read once.
bool TargetIsAvailable();

}  // namespace countermark

#endif  // COUNTERMARK_API_TARGET_H_
