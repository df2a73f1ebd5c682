#include "audio/period.h"

#include <algorithm>
#include <cstdint>

#include "audio/autocorrelation.h"
#include "base/trigonometry.h"
#include "kernels/polyphase.h"

namespace countermark::audio {
namespace {

// Multiples of the period at which the sound is compared with itself, at most: more of them tell
// little more.
constexpr size_t kMostMultiples = 24;
// Of the sound: longer lags leave too little to compare.
constexpr double kLongestLag = 0.9;
// From one period that is tried to the next, in samples of the longest lag.
constexpr double kStep = 0.5;
// Nearer periods are the same one, seen less well.
constexpr double kApart = 3e-4;

constexpr uint32_t kPhases = 256;
constexpr uint32_t kParts = 1u << 24;
constexpr size_t kTaps = kPolyphaseTaps;
static_assert(kTaps == 2 * (SpeedChange::kLead + 1));

// Positions among samples are in parts of one.
constexpr int kFractionBits = 40;

// Adds what lies at `position` and every `advance` on from there. Cubic convolution between values
// (Keys 1981, a = -1/2): one cubic serves all that lie between the same two.
void AddBetween(const float* values, uint64_t position, uint64_t advance, size_t count,
                float* sums) {
  constexpr uint64_t kOne = uint64_t{1} << kFractionBits;
  constexpr float kUnit = 1.0f / (1 << 24);
  for (size_t i = 0; i < count;) {
    const float* v = values + (position >> kFractionBits) - 1;
    const float here = v[1], first = v[2] - v[0];
    const float second = 2 * v[0] - 5 * v[1] + 4 * v[2] - v[3];
    const float third = 3 * (v[1] - v[2]) + v[3] - v[0];
    uint64_t fraction = position % kOne;
    position -= fraction;
    for (; i < count && fraction < kOne; ++i, fraction += advance) {
      const float f =
          kUnit * static_cast<float>(static_cast<int32_t>(fraction >> (kFractionBits - 24)));
      sums[i] += here + 0.5f * f * (first + f * (second + f * third));
    }
    position += fraction;
  }
}

// Tones that last have lines in the spectrum of the whole sound that rise far above the rest; those
// of the mark do not. So much power, in mean powers of the band, is enough.
constexpr double kMostPower = 4;

float LimitOf(const Sound& whitened) {
  double power = 1e-30;
  for (size_t n = 0; n < whitened.count; ++n) {
    const double s = static_cast<double>(whitened.samples[n]);
    power += s * s;
  }
  constexpr double kBand = 2.0 * kLines / kTile;  // of all frequencies
  return static_cast<float>(kMostPower * power / kBand);
}

size_t MultiplesIn(size_t samples) {
  const double longest = kLongestLag * static_cast<double>(samples);
  return std::min(kMostMultiples, static_cast<size_t>(longest / (kTile * kMostPeriod)));
}

}  // namespace

size_t FindPeriods(const Sound& whitened, Arena& arena, double* periods) {
  const size_t multiples = MultiplesIn(whitened.count);
  if (multiples == 0) return 0;
  const Arena::Scope scope(arena);
  const double longest = static_cast<double>(kTile * multiples);
  const size_t lags = static_cast<size_t>(longest * kMostPeriod) + 4;
  const double step = kStep / longest;
  const size_t count = static_cast<size_t>((kMostPeriod - kLeastPeriod) / step);
  Autocorrelation correlation(whitened.count, lags, arena);
  float* scores = arena.Allocate<float>(count);
  if (whitened.samples == nullptr) return 0;
  const float* values = correlation.Run(whitened, LimitOf(whitened));
  std::fill_n(scores, count, 0.0f);
  for (size_t m = 1; m <= multiples; ++m) {
    const double lag =
        static_cast<double>(m * kTile) * static_cast<double>(uint64_t{1} << kFractionBits);
    AddBetween(values, static_cast<uint64_t>(lag * kLeastPeriod), static_cast<uint64_t>(lag * step),
               count, scores);
  }
  const size_t apart = static_cast<size_t>(kApart / step);
  size_t found = 0;
  for (; found < kMostPeriods; ++found) {
    const float* best = std::max_element(scores, scores + count);
    if (*best <= 0) break;
    const size_t i = static_cast<size_t>(best - scores);
    periods[found] = kLeastPeriod + step * static_cast<double>(i);
    std::fill(scores + i - std::min(i, apart), scores + std::min(i + apart, count), 0.0f);
  }
  return found;
}

SpeedChange::SpeedChange(Arena& arena) : table_(arena.Allocate<float>(kPhases * kTaps)) {
  if (table_ == nullptr) return;
  constexpr double kPi = 3.14159265358979323846;
  for (uint32_t phase = 0; phase < kPhases; ++phase) {
    // Distances from the middle of what takes this row, in halves of a phase.
    double sum = 0, row[kTaps];
    for (size_t t = 0; t < kTaps; ++t) {
      const int away = static_cast<int>(2 * phase + 1) - static_cast<int>(2 * kPhases * t) +
                       static_cast<int>(2 * kPhases * kLead);
      const double x = away / (2.0 * kPhases);
      const double sinc = SineOfTurn(away, 4 * kPhases) / (kPi * x);
      row[t] = sinc * (0.5 + 0.5 * CosineOfTurn(away, 4 * kPhases * (kLead + 1)));
      sum += row[t];
    }
    for (size_t t = 0; t < kTaps; ++t) {
      table_[phase * kTaps + t] = static_cast<float>(row[t] / sum);
    }
  }
}

size_t SpeedChange::Play(const Sound& sound, double period, float* out) const {
  if (sound.count < kTaps) return 0;
  const uint64_t fixed = static_cast<uint64_t>(period * kParts + 0.5);
  const size_t whole = static_cast<size_t>(fixed / kParts);
  const uint32_t part_step = static_cast<uint32_t>(fixed % kParts);
  const PolyphaseWalk walk{whole, part_step, kParts, kPhases, kTaps, table_};
  const size_t count = static_cast<size_t>(static_cast<double>(sound.count - kTaps) / period);
  uint32_t part = 0;
  FilterPolyphase(sound.samples, walk, &part, count, out);
  return count;
}

}  // namespace countermark::audio
