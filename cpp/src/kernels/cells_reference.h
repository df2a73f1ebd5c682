// Plain-loop twins of kernels/cells.h.
#ifndef COUNTERMARK_KERNELS_CELLS_REFERENCE_H_
#define COUNTERMARK_KERNELS_CELLS_REFERENCE_H_

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/cells.h"

namespace countermark {

// Minimax polynomials of the Cephes library (Moshier, 1984 to 1989: logf and expf).
inline constexpr std::array<float, 9> kLogarithmTerms = {
    7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,  -1.2420140846e-1f, 1.4249322787e-1f,
    -1.6668057665e-1f, 2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
inline constexpr std::array<float, 6> kExponentialTerms = {1.9875691500e-4f, 1.3981999507e-3f,
                                                           8.3334519073e-3f, 4.1665795894e-2f,
                                                           1.6666665459e-1f, 5.0000001201e-1f};
// log(2), as a short number and the rest.
inline constexpr float kLogTwoHigh = 0.693359375f, kLogTwoLow = -2.12194440e-4f;
inline constexpr float kLogTwoReciprocal = 1.44269504088896341f;
// Bits of sqrt(1 / 2): a number is a power of 2 times one between it and sqrt(2).
inline constexpr int32_t kHalfRootBits = 0x3f3504f3;
// Added to a number below 2^22 it rounds it; its own bits end with zeros.
inline constexpr float kRounder = 12582912.0f;
inline constexpr int kMantissaBits = 23;

namespace reference {

inline float Logarithm(float x) {
  const int32_t exponent = (std::bit_cast<int32_t>(x) - kHalfRootBits) >> kMantissaBits;
  const int32_t scaled = std::bit_cast<int32_t>(x) - exponent * (1 << kMantissaBits);
  const float m = std::bit_cast<float>(scaled) - 1.0f;
  const float e = static_cast<float>(exponent);
  float sum = kLogarithmTerms[0];
  for (size_t i = 1; i < kLogarithmTerms.size(); ++i) sum = sum * m + kLogarithmTerms[i];
  const float square = m * m;
  const float small = sum * (square * m) + (e * kLogTwoLow - 0.5f * square);
  return (m + small) + e * kLogTwoHigh;
}

inline float Exponential(float x) {
  const float rounded = x * kLogTwoReciprocal + kRounder;
  const float n = rounded - kRounder;
  const float r = (x - n * kLogTwoHigh) - n * kLogTwoLow;
  float sum = kExponentialTerms[0];
  for (size_t i = 1; i < kExponentialTerms.size(); ++i) sum = sum * r + kExponentialTerms[i];
  const float m = (sum * (r * r) + r) + 1.0f;
  const uint32_t power = std::bit_cast<uint32_t>(rounded) << kMantissaBits;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(m) + power);
}

inline void LogPowers(const float* cells, float floor, size_t rows, float* power,
                      float* logarithm) {
  for (size_t r = 0; r < rows; ++r) {
    const float *re = cells + r * kCellRow, *im = re + kCellFrames;
    for (size_t f = 0; f < kCellFrames; ++f) {
      const float p = (re[f] * re[f] + im[f] * im[f]) + floor;
      power[r * kCellFrames + f] = p;
      logarithm[r * kCellFrames + f] = Logarithm(p);
    }
  }
}

inline void Logarithms(const float* in, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = Logarithm(in[i]);
}

inline void MixLevels(const float* level, const float* log_level, float share, size_t count,
                      float* out) {
  for (size_t i = 0; i < count; ++i) {
    out[i] = Exponential((1.0f - share) * Logarithm(level[i]) + share * log_level[i]);
  }
}

inline void RaiseToPower(const float* in, float exponent, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = Exponential(exponent * Logarithm(in[i]));
}

inline void ExponentialsLessOne(const float* in, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = Exponential(in[i]) - 1.0f;
}

inline void ShapeCells(const float* cells, const float* amplitude, size_t rows, float* out) {
  for (size_t i = 0; i < rows * kCellRow; ++i) {
    out[i] = amplitude[i / kCellRow * kCellFrames + i % kCellFrames] * cells[i];
  }
}

inline void AddWhitened(float re, float im, float floor, float* sum_re, float* sum_im) {
  const float gain = 1.0f / std::sqrt((re * re + im * im) + floor);
  *sum_re += re * gain;
  *sum_im += im * gain;
}

inline void AddWhitenedPair(const float* cells, const float* wave, const float* amplitude,
                            float floor, size_t rows, float* host_sum, float* marked_sum) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t f = 0; f < kCellFrames; ++f) {
      const size_t re = r * kCellRow + f, im = re + kCellFrames;
      const float a = amplitude[r * kCellFrames + f];
      AddWhitened(cells[re], cells[im], floor, host_sum + re, host_sum + im);
      AddWhitened(cells[re] + a * wave[re], cells[im] + a * wave[im], floor, marked_sum + re,
                  marked_sum + im);
    }
  }
}

}  // namespace reference
}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_CELLS_REFERENCE_H_
