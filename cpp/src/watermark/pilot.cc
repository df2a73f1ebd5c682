#include "watermark/pilot.h"

#include <algorithm>
#include <cmath>

namespace countermark {

PilotFinder::PilotFinder(const Layout& layout, Arena& arena)
    : layout_(layout), transform_(arena), correlation_(arena.Allocate<float>(kTile * kTile)) {}

// The fold times the conjugate of the turned pilot, both whitened.
void PilotFinder::Multiply(const Spectrum& fold, const float* weight, int symmetry,
                           Spectrum* product) const {
  const auto& moved = MovedCoefficients()[static_cast<size_t>(symmetry)];
  *product = {};
  for (size_t i = 0; i < kPilotSize; ++i) {
    const MovedCoefficient to = moved[layout_.pilot[i]];
    const float w = weight[to.index] * weight[to.index];
    const float re = layout_.pilot_re[i];
    const float im = to.conjugated ? -layout_.pilot_im[i] : layout_.pilot_im[i];
    product->re[to.index] = w * (fold.re[to.index] * re + fold.im[to.index] * im);
    product->im[to.index] = w * (fold.im[to.index] * re - fold.re[to.index] * im);
  }
}

// The best symmetry and its score; where the peak is is not known yet.
PilotPeak PilotFinder::BestSymmetry(const Spectrum& fold, const float* weight) {
  PilotPeak best{};
  Spectrum product;
  for (int d = 0; d < kSymmetries; ++d) {
    Multiply(fold, weight, d, &product);
    const float deviation = std::sqrt(MeanSquare(product)) + 1e-20f;
    const float score = transform_.LargestMagnitude(product) / deviation;
    if (score > best.score) best = {score, d, 1.0f, 0, 0};
  }
  return best;
}

float PilotFinder::Score(const Spectrum& fold, const float* weight) {
  return BestSymmetry(fold, weight).score;
}

PilotPeak PilotFinder::Find(const Spectrum& fold, const float* weight) {
  return FindIn(BestSymmetry(fold, weight).symmetry, fold, weight);
}

PilotPeak PilotFinder::FindIn(int symmetry, const Spectrum& fold, const float* weight) {
  Spectrum product;
  Multiply(fold, weight, symmetry, &product);
  transform_.Synthesise(product, correlation_);
  const float* peak =
      std::max_element(correlation_, correlation_ + kTile * kTile,
                       [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  const float deviation = std::sqrt(MeanSquare(product)) + 1e-20f;
  return {std::fabs(*peak) / deviation, symmetry, *peak < 0 ? -1.0f : 1.0f,
          static_cast<float>((peak - correlation_) % kTile),
          static_cast<float>((peak - correlation_) / kTile)};
}

void WeightsFromPower(const float* power, float* weight) {
  // Where the picture has next to no power, as beyond the sharpness of an enlarged one, there is
  // no mark either: such coefficients must not count for more than the others.
  constexpr float kLeastShare = 0.2f;
  float sum = 0;
  for (size_t i = 0; i < kBandSize; ++i) sum += power[i];
  const float floor = kLeastShare * sum / kBandSize + 1e-12f;
  for (size_t i = 0; i < kBandSize; ++i) weight[i] = 1.0f / std::sqrt(power[i] + floor);
}

}  // namespace countermark
