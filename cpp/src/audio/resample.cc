#include "audio/resample.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/trigonometry.h"

namespace countermark::audio {
namespace {

constexpr double kPass = 6900;       // Hz
constexpr double kPassShare = 0.45;  // of the lower rate
// Kaiser's window for a stop band 70 dB down.
constexpr double kBeta = 6.755;
constexpr double kTapsPerTransition = 4.32;  // (70 - 7.95) / (2.285 * 2 pi)
// Rates that have little in common take the nearest of so many rows.
constexpr size_t kMostPhases = 1024;

// 1 / (k!)^2
constexpr auto kBesselTerms = [] {
  std::array<double, 24> terms{1};
  for (size_t k = 1; k < terms.size(); ++k) terms[k] = terms[k - 1] / double(k * k);
  return terms;
}();

// The modified Bessel function of order 0 at the root of `square`.
double Bessel(double square) {
  double sum = 0;
  for (size_t k = kBesselTerms.size(); k-- > 0;) sum = sum * (square / 4) + kBesselTerms[k];
  return sum;
}

// sin(pi x) / (pi x), x = above / below.
double Sinc(int above, int below) {
  constexpr double kPi = 3.14159265358979323846;
  if (above == 0) return 1;
  return SineOfTurn(above, 2 * below) / (kPi * above / below);
}

// Coefficients for an output that lies `part` of `parts` between two inputs. The lower rate is
// that of an input, or of an input times parts / step.
void FillRow(int part, int parts, int step, size_t taps, float* row) {
  const int half = static_cast<int>(taps / 2);
  const int period = std::max(parts, step);
  double sum = 0;
  for (int t = 0; t < 2 * half; ++t) {
    const int away = part + (half - 1 - t) * parts;
    const double x = static_cast<double>(away) / (static_cast<double>(half) * parts);
    const double value = Sinc(away, period) * Bessel(kBeta * kBeta * (1 - x * x));
    sum += value;
    row[t] = static_cast<float>(value);
  }
  for (size_t t = 0; t < taps; ++t) row[t] = static_cast<float>(row[t] / sum);
}

size_t TapsFor(uint32_t from, uint32_t to) {
  const double lower = std::min(from, to);
  const double transition = lower - 2 * std::min(kPass, kPassShare * lower);
  const size_t taps = static_cast<size_t>(kTapsPerTransition * from / transition) + 1;
  return (taps + kPolyphaseTaps - 1) / kPolyphaseTaps * kPolyphaseTaps;
}

}  // namespace

ResampleFilter::ResampleFilter(uint32_t from, uint32_t to, Arena& arena) {
  const uint32_t common = std::gcd(from, to);
  const uint32_t parts = to / common;
  input_step_ = from / common;
  const uint32_t phases = std::min<uint32_t>(parts, kMostPhases);
  const size_t taps = TapsFor(from, to);
  float* table = arena.Allocate<float>(phases * taps);
  walk_ = {input_step_ / parts, input_step_ % parts, parts, phases, taps, table};
  if (table == nullptr) return;
  for (uint32_t row = 0; row < phases; ++row) {
    // The middle of the parts that take this row.
    const uint32_t part =
        static_cast<uint32_t>((uint64_t{2} * row + 1) * parts / (uint64_t{2} * phases));
    FillRow(static_cast<int>(part), static_cast<int>(parts), static_cast<int>(input_step_), taps,
            table + row * taps);
  }
}

size_t ResampleFilter::MostOutputs(size_t count) const {
  return static_cast<size_t>((uint64_t{count} * walk_.parts) / input_step_ + 1);
}

Resampler::Resampler(const ResampleFilter& filter, Arena& arena)
    : filter_(filter), kept_(arena.Allocate<float>(filter.walk_.taps + kChunk)) {
  if (kept_ != nullptr) Reset();
}

void Resampler::Reset() {
  count_ = filter_.walk_.taps / 2 - 1;
  ahead_ = 0;
  part_ = 0;
  std::fill_n(kept_, count_, 0.0f);
}

size_t Resampler::Push(const float* in, size_t count, float* out) {
  size_t written = 0;
  while (count > 0) {
    const size_t skipped = std::min(ahead_, count);
    ahead_ -= skipped;
    in += skipped;
    count -= skipped;
    const size_t taken = std::min(count, kChunk);
    std::copy_n(in, taken, kept_ + count_);
    count_ += taken;
    in += taken;
    count -= taken;
    written += Filter(out + written);
  }
  return written;
}

size_t Resampler::Filter(float* out) {
  const PolyphaseWalk& walk = filter_.walk_;
  if (count_ < walk.taps) return 0;
  const uint64_t parts = (count_ - walk.taps + 1) * uint64_t{walk.parts} - part_;
  const size_t outputs =
      static_cast<size_t>((parts + filter_.input_step_ - 1) / filter_.input_step_);
  const size_t step = FilterPolyphase(kept_, walk, &part_, outputs, out);
  if (step > count_) ahead_ = step - count_;
  const size_t left = count_ - std::min(step, count_);
  std::copy(kept_ + count_ - left, kept_ + count_, kept_);
  count_ = left;
  return outputs;
}

}  // namespace countermark::audio
