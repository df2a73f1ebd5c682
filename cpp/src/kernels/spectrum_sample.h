// Samples between the bins of a Fourier transform.
#ifndef COUNTERMARK_KERNELS_SPECTRUM_SAMPLE_H_
#define COUNTERMARK_KERNELS_SPECTRUM_SAMPLE_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

// Bins that a sample is made of, across and down.
inline constexpr size_t kBinTaps = 4;
// The same weight for the real and the imaginary part of each bin.
inline constexpr size_t kBinWeights = 2 * kBinTaps;

// Where a sample lies: the first float of its first bin, and which weights its bins have.
struct BinPlace {
  uint32_t first;
  uint16_t across, down;
};

// out[2 i] + i out[2 i + 1] = sum over j, k < kBinTaps of down_j across_k bin(j, k), the bins of
// place i being pairs of floats that lie side by side, their rows `stride` floats apart. Row w of
// `weights`, kBinWeights floats, are the weights of number w.
void SampleBins(const float* bins, size_t stride, const BinPlace* places, size_t count,
                const float* weights, float* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_SPECTRUM_SAMPLE_H_
