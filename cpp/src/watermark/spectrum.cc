#include "watermark/spectrum.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/trigonometry.h"

namespace countermark {
namespace {

constexpr size_t kSine = HarmonicTransform::kSine;
constexpr size_t kHarmonics = HarmonicTransform::kHarmonics;
constexpr int kHalfSteps = 2 * kTile;

constexpr std::array<float, kHalfSteps> kCosine = [] {
  std::array<float, kHalfSteps> table{};
  for (int i = 0; i < kHalfSteps; ++i) {
    table[static_cast<size_t>(i)] = static_cast<float>(CosineOfTurn(i, kHalfSteps));
  }
  return table;
}();

float Cosine(int half_steps) {
  return kCosine[static_cast<size_t>(((half_steps % kHalfSteps) + kHalfSteps) % kHalfSteps)];
}

}  // namespace

TileTransform::TileTransform(Arena& arena)
    : transform_(arena), harmonics_(arena.Allocate<float>(kHarmonics * kHarmonics)) {}

// With a = 2 pi kx x / kTile and b = 2 pi |ky| y / kTile:
// exp(-i (a +- b)) = (cos a cos b -+ sin a sin b) - i (sin a cos b +- cos a sin b).
void TileTransform::Analyse(const float* tile, Spectrum* spectrum) {
  transform_.Analyse(tile, harmonics_);
  for (size_t i = 0; i < kBandSize; ++i) {
    const size_t u = static_cast<size_t>(kBand[i].kx);
    const size_t v = static_cast<size_t>(std::abs(kBand[i].ky));
    const float sign = kBand[i].ky < 0 ? -1.0f : 1.0f;
    const float* cosine_row = harmonics_ + v * kHarmonics;
    const float* sine_row = harmonics_ + (kSine + v) * kHarmonics;
    spectrum->re[i] = cosine_row[u] - sign * sine_row[kSine + u];
    spectrum->im[i] = -(cosine_row[kSine + u] + sign * sine_row[u]);
  }
}

void TileTransform::Synthesise(const Spectrum& spectrum, float* tile) {
  std::fill_n(harmonics_, kHarmonics * kHarmonics, 0.0f);
  for (size_t i = 0; i < kBandSize; ++i) {
    const size_t u = static_cast<size_t>(kBand[i].kx);
    const size_t v = static_cast<size_t>(std::abs(kBand[i].ky));
    const float sign = kBand[i].ky < 0 ? -1.0f : 1.0f;
    const float re = 2 * spectrum.re[i], im = 2 * spectrum.im[i];
    float* cosine_row = harmonics_ + v * kHarmonics;
    float* sine_row = harmonics_ + (kSine + v) * kHarmonics;
    cosine_row[u] += re;
    cosine_row[kSine + u] -= im;
    sine_row[kSine + u] -= sign * re;
    sine_row[u] -= sign * im;
  }
  transform_.Synthesise(harmonics_, tile);
}

HalfShift::HalfShift(int half_x, int half_y) {
  for (size_t i = 0; i < kBandSize; ++i) {
    const int phase = kBand[i].kx * half_x + kBand[i].ky * half_y;
    cosine_[i] = Cosine(phase);
    sine_[i] = Cosine(phase - kTile / 2);
  }
}

void HalfShift::Apply(Spectrum* spectrum) const {
  for (size_t i = 0; i < kBandSize; ++i) {
    const float re = spectrum->re[i], im = spectrum->im[i];
    spectrum->re[i] = re * cosine_[i] - im * sine_[i];
    spectrum->im[i] = re * sine_[i] + im * cosine_[i];
  }
}

float MeanSquare(const Spectrum& spectrum) {
  float sum = 0;
  for (size_t i = 0; i < kBandSize; ++i) {
    sum += spectrum.re[i] * spectrum.re[i] + spectrum.im[i] * spectrum.im[i];
  }
  return 2 * sum;
}

}  // namespace countermark
