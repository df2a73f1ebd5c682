#include "watermark/pilot.h"

#include <algorithm>
#include <cmath>

#include "kernels/magnitude.h"

namespace countermark {

PilotFinder::PilotFinder(const Layout& layout, Arena& arena)
    : layout_(layout), transform_(arena), correlation_(arena.Allocate<float>(kTile * kTile)) {}

PilotPeak PilotFinder::Find(const Spectrum& fold, const float* weight) {
  PilotPeak best{};
  for (int d = 0; d < kSymmetries; ++d) {
    const auto& moved = MovedCoefficients()[static_cast<size_t>(d)];
    // The fold times the conjugate of the turned pilot, both whitened.
    Spectrum product{};
    for (size_t i = 0; i < kPilotSize; ++i) {
      const MovedCoefficient to = moved[layout_.pilot[i]];
      const float w = weight[to.index] * weight[to.index];
      const float re = layout_.pilot_re[i];
      const float im = to.conjugated ? -layout_.pilot_im[i] : layout_.pilot_im[i];
      product.re[to.index] = w * (fold.re[to.index] * re + fold.im[to.index] * im);
      product.im[to.index] = w * (fold.im[to.index] * re - fold.re[to.index] * im);
    }
    transform_.Synthesise(product, correlation_);
    const float deviation = std::sqrt(MeanSquare(product)) + 1e-20f;
    const float highest = LargestMagnitude(correlation_, kTile * kTile);
    if (highest / deviation <= best.score) continue;
    const float* peak = std::find_if(correlation_, correlation_ + kTile * kTile,
                                     [&](float value) { return std::fabs(value) == highest; });
    const size_t i = static_cast<size_t>(peak - correlation_);
    best = {highest / deviation, d, *peak < 0 ? -1.0f : 1.0f, static_cast<float>(i % kTile),
            static_cast<float>(i / kTile)};
  }
  return best;
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
