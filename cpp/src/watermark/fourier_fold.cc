#include "watermark/fourier_fold.h"

#include <algorithm>
#include <cmath>

namespace countermark {
namespace {

// Places are counted in parts of the way from bin to bin.
constexpr int kParts = 64;
constexpr uint16_t kNothing = kParts;

size_t ReachIn(size_t period, double reach) {
  return std::min(static_cast<size_t>(reach * static_cast<double>(period)) + 3, period / 2 - 1);
}

}  // namespace

FourierFold::FourierFold(Size period, double reach, Arena& arena)
    : period_(period),
      bins_{nullptr, ReachIn(period.width, reach), ReachIn(period.height, reach)},
      weights_(arena.Allocate<float>((kParts + 1) * kBinWeights)) {
  bins_.data = arena.Allocate<float>(bins_.size());
  if (bins_.data == nullptr) return;
  for (size_t part = 0; part < kParts; ++part) {
    const CubicWeights cubic(static_cast<double>(part) / kParts);
    for (size_t i = 0; i < kBinWeights; ++i) {
      weights_[part * kBinWeights + i] = cubic.weight[i / 2];
    }
  }
  std::fill_n(weights_ + kParts * kBinWeights, kBinWeights, 0.0f);
}

// u >= 0.
BinPlace FourierFold::PlaceOf(double u, double v) const {
  const double most_u = static_cast<double>(bins_.reach_x) - 2;
  const double most_v = static_cast<double>(bins_.reach_y) - 2;
  // Written so that NaN, of a lattice without extent, is nowhere as well.
  if (!(u <= most_u && std::fabs(v) <= most_v)) return {0, kNothing, kNothing};
  const int reach = static_cast<int>(bins_.reach_y);
  const int x = static_cast<int>(u * kParts + 0.5);
  const int y = static_cast<int>((v + reach) * kParts + 0.5);  // from the first row on
  const size_t row = static_cast<size_t>(y / kParts - 1), column = static_cast<size_t>(x / kParts);
  return {static_cast<uint32_t>(row * bins_.stride() + 2 * column),
          static_cast<uint16_t>(x % kParts), static_cast<uint16_t>(y % kParts)};
}

// Canonical x is at m x of the plane, so exp(-2 pi i k x / kTile) is the plane's wave of frequency
// k m^-1 / kTile.
void FourierFold::Sum(const Placement& m, Spectrum* sum) const {
  const double across = static_cast<double>(period_.width) / (m.Determinant() * kTile);
  const double down = static_cast<double>(period_.height) / (m.Determinant() * kTile);
  BinPlace places[kBandSize];
  bool opposite[kBandSize];
  for (size_t i = 0; i < kBandSize; ++i) {
    const Frequency k = kBand[i];
    const double u = across * (m.yy * k.kx - m.yx * k.ky), v = down * (m.xx * k.ky - m.xy * k.kx);
    opposite[i] = u < 0;
    places[i] = opposite[i] ? PlaceOf(-u, -v) : PlaceOf(u, v);
  }
  float samples[2 * kBandSize];
  SampleBins(bins_.data, bins_.stride(), places, kBandSize, weights_, samples);
  for (size_t i = 0; i < kBandSize; ++i) {
    sum->re[i] = samples[2 * i];
    sum->im[i] = opposite[i] ? -samples[2 * i + 1] : samples[2 * i + 1];
  }
}

}  // namespace countermark
