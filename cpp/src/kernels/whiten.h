// The pointwise steps of local whitening: difference from the mean, division by the deviation.
#ifndef COUNTERMARK_KERNELS_WHITEN_H_
#define COUNTERMARK_KERNELS_WHITEN_H_

#include <cstddef>

namespace countermark {

// difference[i] = a[i] - b[i]; square[i] = its square. Outputs may be the inputs.
void DifferenceAndSquare(const float* a, const float* b, size_t count, float* difference,
                         float* square);

// out[i] = |a[i] - b[i]|. `out` may be an input.
void AbsoluteDifference(const float* a, const float* b, size_t count, float* out);

struct Normalisation {
  float floor;  // added to the deviation
  float limit;  // of the normalised value's magnitude
  float base_weight, smooth_weight;
};

// With deviation = sqrt(variance[i]) + floor: out[i] = value[i] / deviation, clipped to
// [-limit, limit], times (base_weight + smooth_weight / deviation). variance >= 0. `out` may be
// an input.
void DivideByDeviation(const float* value, const float* variance, const Normalisation& n,
                       size_t count, float* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_WHITEN_H_
