// Plain-loop twins of kernels/filter.h.
#ifndef COUNTERMARK_KERNELS_FILTER_REFERENCE_H_
#define COUNTERMARK_KERNELS_FILTER_REFERENCE_H_

#include <cstddef>

namespace countermark::reference {

inline void WeightedSum(const float* const* inputs, const float* weights, size_t taps, size_t count,
                        float* out) {
  for (size_t i = 0; i < count; ++i) {
    float sum = inputs[0][i] * weights[0];
    for (size_t t = 1; t < taps; ++t) sum = sum + inputs[t][i] * weights[t];
    out[i] = sum;
  }
}

inline void WeightedSums(const float* const* inputs, const float* weights, size_t taps,
                         size_t outputs, size_t begin, size_t end, float* const* out) {
  // Tap by tap along the row, which compilers can vectorise: here no output is an input.
  for (size_t o = 0; o < outputs; ++o) {
    float* const sums = out[o];
    for (size_t t = 0; t < taps; ++t) {
      const float* const in = inputs[t];
      const float weight = weights[o * taps + t];
      if (t == 0) {
        for (size_t i = begin; i < end; ++i) sums[i] = in[i] * weight;
      } else {
        for (size_t i = begin; i < end; ++i) sums[i] = sums[i] + in[i] * weight;
      }
    }
  }
}

inline void MovingSums(const float* const* inputs, const float* weights, size_t taps,
                       size_t outputs, size_t count, float* const* out) {
  for (size_t o = 0; o < outputs; ++o) WeightedSum(inputs + o, weights, taps, count, out[o]);
}

inline void Minimum(const float* const* inputs, size_t taps, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) {
    float least = inputs[0][i];
    for (size_t t = 1; t < taps; ++t) least = inputs[t][i] < least ? inputs[t][i] : least;
    out[i] = least;
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_FILTER_REFERENCE_H_
