// The largest magnitude among values of which only their parities are known.
#ifndef COUNTERMARK_KERNELS_MAGNITUDE_H_
#define COUNTERMARK_KERNELS_MAGNITUDE_H_

#include <cstddef>

namespace countermark {

// Four values, made of an even and an odd cosine part and an even and an odd sine part, are
// (even + odd) +- (odd sine + even sine) and (even - odd) +- (odd sine - even sine), as in
// transform/harmonics.h. `parts` has `count` of each part, `step` apart, in the order even, odd,
// even sine, odd sine. Returns the largest magnitude of all 4 * count values, 0 if there are none.
// No part may be NaN.
float LargestOfParities(const float* parts, size_t step, size_t count);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_MAGNITUDE_H_
