#include "audio/alignment.h"

#include <algorithm>
#include <cmath>

namespace countermark::audio {
namespace {

// Places to each side of the peak that are looked at, in each part; of them the tile's own may lie
// so far from the peak in the middle of the sound, and drift so far from there to an end.
constexpr int kReach = 20, kAside = 6, kDrift = kReach - kAside;
// By how much the pilot must stand higher with a drift than without, in deviations.
constexpr float kClearlyHigher = 1.0f;
// Of a part's height, in deviations: a part that shows no more of the pilot than this has no say.
constexpr float kLeastHeight = 0.5f;

size_t Wrap(ptrdiff_t place) {
  constexpr ptrdiff_t kAll = kPlaces;
  return static_cast<size_t>((place % kAll + kAll) % kAll);
}

// Nearest whole number, halves upwards.
int Round(float value) { return static_cast<int>(std::floor(value + 0.5f)); }

using Heights = std::array<std::array<float, 2 * kReach + 1>, kMostParts>;

}  // namespace

Spectrum Parts::Sum() const {
  Spectrum sum{};
  for (size_t p = 0; p < count; ++p) {
    for (size_t i = 0; i < kLines; ++i) {
      sum.re[i] += spectra[p].re[i];
      sum.im[i] += spectra[p].im[i];
    }
  }
  return sum;
}

size_t Alignment::PlaceIn(size_t part) const {
  return Wrap(static_cast<ptrdiff_t>(place) + Round(drift * static_cast<float>(part)));
}

Alignment Align(const Parts& parts, const PilotPeak& peak, const Layout& layout,
                const Turns& turns) {
  Heights heights;
  const ptrdiff_t centre = static_cast<ptrdiff_t>(peak.place);
  for (size_t p = 0; p < parts.count; ++p) {
    const PilotProduct product(parts.spectra[p], layout);
    for (int d = -kReach; d <= kReach; ++d) {
      const Complex at = product.At(Wrap(centre + d), layout, turns);
      heights[p][static_cast<size_t>(d + kReach)] = at.re * peak.phase.re + at.im * peak.phase.im;
    }
  }
  const float middle = 0.5f * static_cast<float>(parts.count - 1);
  // `total`: the drift from the middle to the last part.
  const auto at = [&](size_t p, int aside, int total) {
    const float share = middle > 0 ? (static_cast<float>(p) - middle) / middle : 0.0f;
    return heights[p]
                  [static_cast<size_t>(kReach + aside + Round(static_cast<float>(total) * share))];
  };
  float best = -1e30f, still = -1e30f;
  int best_aside = 0, best_total = 0, still_aside = 0;
  for (int total = -kDrift; total <= kDrift; ++total) {
    if (parts.count < 2 && total != 0) continue;
    for (int aside = -kAside; aside <= kAside; ++aside) {
      float sum = 0;
      for (size_t p = 0; p < parts.count; ++p) sum += at(p, aside, total);
      if (sum > best) {
        best = sum;
        best_aside = aside;
        best_total = total;
      }
      if (total == 0 && sum > still) {
        still = sum;
        still_aside = aside;
      }
    }
  }
  if (best - still < kClearlyHigher * std::sqrt(static_cast<float>(parts.count))) {
    best_aside = still_aside;
    best_total = 0;
  }
  Alignment alignment{Wrap(centre + best_aside - best_total), 0, peak.phase, {}};
  if (middle > 0) alignment.drift = static_cast<float>(best_total) / middle;
  for (size_t p = 0; p < parts.count; ++p) alignment.height[p] = at(p, best_aside, best_total);
  return alignment;
}

Spectrum SumAligned(const Parts& parts, const Alignment& alignment, bool weighted,
                    const Turns& turns) {
  Spectrum sum{};
  for (size_t p = 0; p < parts.count; ++p) {
    const float weight = weighted ? std::max(alignment.height[p] - kLeastHeight, 0.0f) : 1.0f;
    const Complex back = {weight * alignment.phase.re, -weight * alignment.phase.im};
    AddMoved(parts.spectra[p], alignment.PlaceIn(p), back, turns, &sum);
  }
  return sum;
}

}  // namespace countermark::audio
