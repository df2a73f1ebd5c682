// Plain-loop twin of kernels/spectrum_sample.h.
#ifndef COUNTERMARK_KERNELS_SPECTRUM_SAMPLE_REFERENCE_H_
#define COUNTERMARK_KERNELS_SPECTRUM_SAMPLE_REFERENCE_H_

#include "kernels/spectrum_sample.h"

namespace countermark::reference {

inline void SampleBins(const float* bins, size_t stride, const BinPlace* places, size_t count,
                       const float* weights, float* out) {
  for (size_t i = 0; i < count; ++i) {
    const float* row = bins + places[i].first;
    const float* across = weights + places[i].across * kBinWeights;
    const float* down = weights + places[i].down * kBinWeights;
    float parts[kBinWeights];
    for (size_t k = 0; k < kBinWeights; ++k) {
      float sum = row[k] * down[0];
      for (size_t j = 1; j < kBinTaps; ++j) sum = sum + row[j * stride + k] * down[2 * j];
      parts[k] = sum * across[k];
    }
    for (size_t k = 0; k < 2; ++k) {
      out[2 * i + k] = (parts[k] + parts[k + 4]) + (parts[k + 2] + parts[k + 6]);
    }
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_SPECTRUM_SAMPLE_REFERENCE_H_
