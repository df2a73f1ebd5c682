#include "transform/harmonics.h"

#include <array>

#include "base/trigonometry.h"
#include "kernels/matrix.h"

namespace countermark {
namespace {

constexpr int kPeriod = static_cast<int>(HarmonicTransform::kSamples);

constexpr std::array<float, HarmonicTransform::kSamples> kCosine = [] {
  std::array<float, HarmonicTransform::kSamples> table{};
  for (int i = 0; i < kPeriod; ++i) {
    table[static_cast<size_t>(i)] = static_cast<float>(CosineOfTurn(i, kPeriod));
  }
  return table;
}();

float Basis(size_t harmonic, size_t sample) {
  const bool sine = harmonic >= HarmonicTransform::kSine;
  const size_t frequency = sine ? harmonic - HarmonicTransform::kSine : harmonic;
  if (frequency >= HarmonicTransform::kFrequencies) return 0.0f;
  // sin(a) = cos(a - a quarter turn)
  const size_t quarter = sine ? 3 * HarmonicTransform::kSamples / 4 : 0;
  return kCosine[(frequency * sample + quarter) % HarmonicTransform::kSamples];
}

}  // namespace

HarmonicTransform::HarmonicTransform(Arena& arena)
    : basis_(arena.Allocate<float>(kHarmonics * kSamples)),
      transposed_basis_(arena.Allocate<float>(kHarmonics * kSamples)),
      half_done_(arena.Allocate<float>(kHarmonics * kSamples)) {
  if (half_done_ == nullptr) return;
  for (size_t h = 0; h < kHarmonics; ++h) {
    for (size_t s = 0; s < kSamples; ++s) {
      basis_[h * kSamples + s] = transposed_basis_[s * kHarmonics + h] = Basis(h, s);
    }
  }
}

void HarmonicTransform::Analyse(const float* tile, float* harmonics) {
  MultiplyMatrices(basis_, tile, kHarmonics, kSamples, kSamples, half_done_);
  MultiplyMatrices(half_done_, transposed_basis_, kHarmonics, kSamples, kHarmonics, harmonics);
}

void HarmonicTransform::Synthesise(const float* harmonics, float* tile) {
  MultiplyMatrices(harmonics, basis_, kHarmonics, kHarmonics, kSamples, half_done_);
  MultiplyMatrices(transposed_basis_, half_done_, kSamples, kHarmonics, kSamples, tile);
}

}  // namespace countermark
