// The largest magnitude among many values.
#ifndef COUNTERMARK_KERNELS_MAGNITUDE_H_
#define COUNTERMARK_KERNELS_MAGNITUDE_H_

#include <cstddef>

namespace countermark {

// The largest |values[i]|, 0 if there are none. No value may be NaN.
float LargestMagnitude(const float* values, size_t count);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_MAGNITUDE_H_
