#include "audio/mask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "audio/short_time.h"
#include "base/trigonometry.h"
#include "kernels/cells.h"
#include "kernels/matrix.h"
#include "kernels/whiten.h"

namespace countermark::audio {
namespace {

static_assert(kFrames == kCellFrames);

// Bins that are looked at, up to 7 kHz: what lies higher masks nothing of the mark.
constexpr size_t kMaskBins = 448;
static_assert(kMaskBins > kEndBin);
// Bands of half a Bark.
constexpr size_t kBands = 40;
// Bands that are added up at once: they share most of their bins.
constexpr size_t kGroup = 4;
static_assert(kBands % kGroup == 0);
constexpr double kBandStep = 0.5;
// Half the width, in Bark, of the triangle by which bins count for a band.
constexpr double kReach = 0.6;
// Decibels by which a masker falls off for each Bark towards higher and lower frequencies.
constexpr double kUpwards = 12, kDownwards = 27;
// How far a band's energy is drawn from the arithmetic to the geometric mean of its bins: tones
// mask less than noise.
constexpr float kTonality = 0.4f;
// Below the least that 24 bits can say.
constexpr float kFloor = 7e-14f;

constexpr double BandCentre(size_t band) { return kBandStep * (static_cast<double>(band) + 0.5); }

// Zwicker's and Terhardt's formula, 1980.
std::array<double, kMaskBins> BarksOfBins() {
  std::array<double, kMaskBins> barks;
  for (size_t bin = 0; bin < kMaskBins; ++bin) {
    const double hertz = static_cast<double>(bin * kRate) / kFrame;
    const double ratio = hertz / 7500;
    barks[bin] = 13 * Arctangent(0.00076 * hertz) + 3.5 * Arctangent(ratio * ratio);
  }
  return barks;
}

double FromDecibels(double decibels) {
  constexpr double kTenthOfLogTen = 0.23025850929940457;
  return Exponential(decibels * kTenthOfLogTen);
}

// Scales a row so that its sum is 1.
void Normalise(float* row, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += row[i];
  for (size_t i = 0; i < count; ++i) row[i] = static_cast<float>(row[i] / sum);
}

void FillGather(const std::array<double, kMaskBins>& barks, float* gather) {
  for (size_t band = 0; band < kBands; ++band) {
    float* row = gather + band * kMaskBins;
    for (size_t bin = 0; bin < kMaskBins; ++bin) {
      const double away = std::fabs(barks[bin] - BandCentre(band));
      row[bin] = static_cast<float>(std::max(0.0, 1 - away / kReach));
    }
    Normalise(row, kMaskBins);
  }
}

void FillSpread(float* spread) {
  for (size_t to = 0; to < kBands; ++to) {
    float* row = spread + to * kBands;
    for (size_t from = 0; from < kBands; ++from) {
      const double up = BandCentre(to) - BandCentre(from);
      row[from] = static_cast<float>(FromDecibels(up >= 0 ? -kUpwards * up : kDownwards * up));
    }
    Normalise(row, kBands);
  }
}

}  // namespace

Mask::Mask(Arena& arena)
    : begin_(arena.Allocate<size_t>(kBands / kGroup)),
      end_(arena.Allocate<size_t>(kBands / kGroup)),
      gather_(arena.Allocate<float>(kBands * kMaskBins)),
      spread_(arena.Allocate<float>(kBands * kBands)),
      upper_share_(arena.Allocate<float>(kMarkBins)),
      lower_band_(arena.Allocate<size_t>(kMarkBins)),
      power_(arena.Allocate<float>(kMaskBins * kFrames)),
      logarithm_(arena.Allocate<float>(kMaskBins * kFrames)),
      level_(arena.Allocate<float>(kBands * kFrames)),
      log_level_(arena.Allocate<float>(kBands * kFrames)),
      spread_level_(arena.Allocate<float>(kBands * kFrames)) {
  if (spread_level_ == nullptr) return;
  const auto barks = BarksOfBins();
  FillGather(barks, gather_);
  for (size_t group = 0; group < kBands / kGroup; ++group) {
    const size_t band = group * kGroup;
    const double low = BandCentre(band) - kReach, high = BandCentre(band + kGroup - 1) + kReach;
    begin_[group] =
        static_cast<size_t>(std::upper_bound(barks.begin(), barks.end(), low) - barks.begin());
    end_[group] =
        static_cast<size_t>(std::lower_bound(barks.begin(), barks.end(), high) - barks.begin());
  }
  FillSpread(spread_);
  for (size_t i = 0; i < kMarkBins; ++i) {
    const double position = barks[kFirstBin + i] / kBandStep - 0.5;
    lower_band_[i] = static_cast<size_t>(position);
    upper_share_[i] = static_cast<float>(position - static_cast<double>(lower_band_[i]));
  }
}

void Mask::Measure(const float* cells, float* amplitude) {
  LogPowers(cells, kFloor, kMaskBins, power_, logarithm_);
  for (size_t group = 0; group < kBands / kGroup; ++group) {
    const size_t band = group * kGroup, begin = begin_[group], count = end_[group] - begin;
    const float* gather = gather_ + band * kMaskBins + begin;
    MultiplyMatrices(gather, kMaskBins, power_ + begin * kFrames, kGroup, count, kFrames,
                     level_ + band * kFrames);
    MultiplyMatrices(gather, kMaskBins, logarithm_ + begin * kFrames, kGroup, count, kFrames,
                     log_level_ + band * kFrames);
  }
  MixLevels(level_, log_level_, kTonality, kBands * kFrames, level_);
  MultiplyMatrices(spread_, kBands, level_, kBands, kBands, kFrames, spread_level_);
  for (size_t i = 0; i < kMarkBins; ++i) {
    const float* lower = spread_level_ + lower_band_[i] * kFrames;
    const float* upper = lower + kFrames;
    for (size_t f = 0; f < kFrames; ++f) {
      amplitude[i * kFrames + f] = lower[f] + upper_share_[i] * (upper[f] - lower[f]);
    }
  }
  RootsOfLimited(amplitude, 0, std::numeric_limits<float>::max(), 1, kMarkBins * kFrames,
                 amplitude);
}

}  // namespace countermark::audio
