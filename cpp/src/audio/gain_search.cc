#include "audio/gain_search.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace countermark::audio {
namespace {

// Ways that are looked at: tempi at the original pitch, so far apart that cells at the ends of the
// sound move by a part of a step; and pitches at the original tempo, an eighth of a band apart.
constexpr double kMostTempo = 1.06;
constexpr double kTempoFrames = 4;  // by which the ends may be apart from one tempo to the next
constexpr int kPitches = 20;
constexpr double kPitchStep = kGainWidth / 8;
// Around the best ones.
constexpr double kFineTempo = 4e-4;
constexpr float kLeastScore = 4.8f, kSureScore = 6.0f;
constexpr size_t kFewCandidates = 64;

constexpr size_t kZoneCount = 6;
constexpr float kLeastShare = 0.1f;

constexpr size_t kPayloadCells = kGainCells - kGainPilotCells;
constexpr size_t kTwice = 2 * kGainPeriod;

size_t GainZoneOf(size_t band) { return band * kZoneCount / kGainBands; }

}  // namespace

GainSearch::GainSearch(const Key& key, Arena& arena)
    : layout_(arena.Allocate<GainLayout>(1)),
      pilot_(arena.Allocate<PilotCell>(kGainPilotCells)),
      features_(arena),
      fold_(arena.Allocate<float>(kGainPeriod * kGainRow)),
      steps_(arena.Allocate<float>(kGainBands * kTwice)),
      heights_(arena.Allocate<float>(kGainBands * kGainPeriod)),
      values_(arena.Allocate<float>(kPayloadCells)),
      bit_of_(arena.Allocate<uint16_t>(kPayloadCells)),
      sign_(arena.Allocate<int8_t>(kPayloadCells)) {
  if (sign_ == nullptr) return;
  new (layout_) GainLayout(key);
  size_t next = 0;
  for (size_t cell = 0; cell < kGainCells; ++cell) {
    if (layout_->bit_of[cell] != GainLayout::kPilot) continue;
    pilot_[next++] = {static_cast<uint16_t>(cell % kGainBands),
                      static_cast<uint16_t>(cell / kGainBands), layout_->sign[cell]};
  }
}

bool GainSearch::Run(const Sound& sound, double trials, Whitener& whitener, MessageDecoder& decoder,
                     Message* message, GainPeak* where) {
  features_.Measure(sound, whitener);
  const size_t frames = features_.frames();
  count_ = 0;
  const double step = kTempoFrames / static_cast<double>(frames);
  const float* features = features_.At(1);
  const int tempi = static_cast<int>((kMostTempo - 1) / step);
  for (int i = -tempi; i <= tempi; ++i) Look(features, frames, 1 + step * i, 1);
  for (int i = -kPitches; i <= kPitches; ++i) {
    if (i != 0) Look(features_.At(1 + kPitchStep * i), frames, 1, 1 + kPitchStep * i);
  }
  for (size_t i = 0; i < count_; ++i) {
    GainPeak& peak = peaks_[i];
    if (peak.score < kLeastScore) break;
    Refine(frames, &peak);
    if (!Read(peak, trials, decoder, message)) continue;
    *where = peak;
    return true;
  }
  return false;
}

void GainSearch::Fold(const float* features, size_t frames, double tempo) {
  std::fill_n(fold_, kGainPeriod * kGainRow, 0.0f);
  // Frame n of the sound as it was is now at n / tempo.
  const double step = 1 / tempo;
  const size_t count = static_cast<size_t>(static_cast<double>(frames - 1) * tempo);
  for (size_t n = 0; n < count; ++n) {
    const double at = step * static_cast<double>(n);
    const size_t before = std::min(static_cast<size_t>(at), frames - 2);
    const float share = static_cast<float>(at - static_cast<double>(before));
    const float* a = features + before * kGainRow;
    float* sum = fold_ + n % kGainPeriod * kGainRow;
    for (size_t b = 0; b < kGainRow; ++b) sum[b] += a[b] + share * (a[kGainRow + b] - a[b]);
  }
}

void GainSearch::Correlate() {
  for (size_t b = 0; b < kGainBands; ++b) {
    const auto at = [&](size_t f) { return fold_[f % kGainPeriod * kGainRow + b]; };
    float* steps = steps_ + b * kTwice;
    for (size_t f = 0; f < kGainPeriod; ++f) {
      steps[f] = steps[f + kGainPeriod] = at(f) + at(f + 1) + at(f + 2);
    }
  }
  static_assert(kGainHops == 3);
  std::fill_n(heights_, kGainBands * kGainPeriod, 0.0f);
  for (size_t i = 0; i < kGainPilotCells; ++i) {
    const PilotCell& cell = pilot_[i];
    const float* steps = steps_ + cell.band * kTwice + cell.step * kGainHops;
    float* heights = heights_ + cell.band * kGainPeriod;
    const float sign = cell.sign;
    for (size_t f = 0; f < kGainPeriod; ++f) heights[f] += sign * steps[f];
  }
}

// The highest peak of each way is remembered.
void GainSearch::Look(const float* features, size_t frames, double tempo, double pitch) {
  Fold(features, frames, tempo);
  Correlate();
  GainPeak best{0, tempo, pitch, 0};
  float sum[kGainPeriod] = {}, squares = 0;
  for (size_t b = 0; b < kGainBands; ++b) {
    const float* heights = heights_ + b * kGainPeriod;
    for (size_t f = 0; f < kGainPeriod; ++f) sum[f] += heights[f];
  }
  for (float s : sum) squares += s * s;
  const float unit = 1.0f / std::sqrt(squares / kGainPeriod + 1e-30f);
  const float* highest = std::max_element(sum, sum + kGainPeriod);
  if (*highest * unit > best.score) {
    best.score = *highest * unit;
    best.frame = static_cast<size_t>(highest - sum);
  }
  Remember(best);
}

// Highest first.
void GainSearch::Remember(const GainPeak& peak) {
  size_t place = count_;
  while (place > 0 && peaks_[place - 1].score < peak.score) --place;
  if (place == kMostPeaks) return;
  count_ = std::min(count_ + 1, kMostPeaks);
  for (size_t i = count_ - 1; i > place; --i) peaks_[i] = peaks_[i - 1];
  peaks_[place] = peak;
}

// Leaves what was folded best in fold_.
void GainSearch::Refine(size_t frames, GainPeak* peak) {
  const std::array<GainPeak, kMostPeaks> kept = peaks_;
  const size_t kept_count = count_;
  const double pitch = peak->pitch, tempo = peak->tempo;
  const float* features = features_.At(pitch);
  count_ = 0;
  for (int i = -2; i <= 2; ++i) Look(features, frames, tempo + kFineTempo * i, pitch);
  const GainPeak best = peaks_[0];
  peaks_ = kept;
  count_ = kept_count;
  *peak = best;
  Fold(features, frames, best.tempo);
  Correlate();
}

bool GainSearch::Read(const GainPeak& peak, double trials, MessageDecoder& decoder,
                      Message* message) const {
  const auto value = [&](size_t cell) {
    const size_t band = cell % kGainBands;
    return steps_[band * kTwice + cell / kGainBands * kGainHops + peak.frame];
  };
  std::array<float, kZoneCount> gain{}, pilots{}, power{}, count{}, weight;
  for (size_t cell = 0; cell < kGainCells; ++cell) {
    const size_t zone = GainZoneOf(cell % kGainBands);
    const float v = value(cell);
    power[zone] += v * v;
    count[zone] += 1;
    if (layout_->bit_of[cell] != GainLayout::kPilot) continue;
    gain[zone] += v * static_cast<float>(layout_->sign[cell]);
    pilots[zone] += 1;
  }
  float largest = 1e-9f;
  for (size_t z = 0; z < kZoneCount; ++z) {
    gain[z] /= pilots[z];
    largest = std::max(largest, gain[z]);
  }
  for (size_t z = 0; z < kZoneCount; ++z) {
    const float before = gain[z == 0 ? 0 : z - 1], after = gain[std::min(z + 1, kZoneCount - 1)];
    const float smooth = 0.25f * before + 0.5f * gain[z] + 0.25f * after;
    weight[z] = std::max(smooth, kLeastShare * largest) / (power[z] / count[z] + 1e-9f);
  }
  size_t next = 0;
  for (size_t cell = 0; cell < kGainCells; ++cell) {
    if (layout_->bit_of[cell] == GainLayout::kPilot) continue;
    values_[next] = weight[GainZoneOf(cell % kGainBands)] * value(cell);
    bit_of_[next] = layout_->bit_of[cell];
    sign_[next++] = layout_->sign[cell];
  }
  LimitOutliers(values_, kPayloadCells);
  const size_t candidates =
      peak.score >= kSureScore ? MessageDecoder::kMostCandidates : kFewCandidates;
  return ReadEvidence({values_, bit_of_, sign_, kPayloadCells}, candidates, trials, decoder,
                      message);
}

}  // namespace countermark::audio
