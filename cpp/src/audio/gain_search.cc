#include "audio/gain_search.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "base/trigonometry.h"

namespace countermark::audio {
namespace {

// Ways that are looked at: tempi at the original pitch, so far apart that cells at the ends of the
// sound move by a part of a step; and pitches at the original tempo, a quarter of a band apart.
constexpr double kMostTempo = 1.06;
constexpr double kTempoFrames = 6;  // by which the ends are apart from one tempo to the next
constexpr int kShiftsPerBand = 8, kShiftStep = 2;
constexpr int kMostShift = 20;
static_assert(kMostShift <= kShiftsPerBand * static_cast<int>(kGainMargin));
// Around the best ones, whatever the step was.
constexpr int kFineShift = 1;
constexpr double kFineTempoFrames = 1;
constexpr int kFineTempi = 2;
constexpr float kLeastScore = 5.2f, kSureScore = 6.0f;
constexpr size_t kFewCandidates = 64;

constexpr size_t kZoneCount = 6;
constexpr float kLeastShare = 0.1f;

constexpr size_t kPayloadCells = kGainCells - kGainPilotCells;
constexpr size_t kTwice = 2 * kGainPeriod;
// Frames that are added up at a time.
constexpr size_t kRun = 32;

size_t GainZoneOf(size_t band) { return band * kZoneCount / kGainBands; }

// The row of features that holds band 0 of a sound that was moved so far, and what is left of that.
struct Row {
  explicit Row(int shift)
      : band((shift + kShiftsPerBand * static_cast<int>(kGainMargin)) / kShiftsPerBand),
        rest((shift + kShiftsPerBand * static_cast<int>(kGainMargin)) % kShiftsPerBand) {}
  int band, rest;
};

}  // namespace

GainSearch::GainSearch(const Key& key, Arena& arena)
    : layout_(arena.Allocate<GainLayout>(1)),
      pilot_(arena.Allocate<PilotCell>(kGainPilotCells)),
      features_(arena),
      fold_(arena.Allocate<float>(kGainPeriod * kGainRow)),
      steps_(arena.Allocate<float>(kGainRow * kTwice)),
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

double GainPeak::Pitch() const { return 1 / Exponential(-kGainWidth / kShiftsPerBand * shift); }

bool GainSearch::Run(const Sound& sound, double trials, Whitener& whitener, MessageDecoder& decoder,
                     Message* message, GainPeak* where) {
  features_.Measure(sound, whitener);
  count_ = 0;
  Measure(0);
  const double step = kTempoFrames / static_cast<double>(features_.frames());
  const int tempi = static_cast<int>((kMostTempo - 1) / step);
  for (int i = -tempi; i <= tempi; ++i) {
    Fold(1 + step * i);
    Look(1 + step * i, 0);
  }
  for (int rest = 0; rest < kShiftsPerBand; rest += kShiftStep) {
    Measure(rest);
    Fold(1);
    for (int shift = -kMostShift; shift <= kMostShift; ++shift) {
      if (shift != 0 && Row(shift).rest == rest) Look(1, shift);
    }
  }
  for (size_t i = 0; i < count_ && peaks_[i].score >= kLeastScore; ++i) {
    GainPeak peak = peaks_[i];
    Refine(&peak);
    if (!Read(peak, trials, decoder, message)) continue;
    *where = peak;
    return true;
  }
  return false;
}

void GainSearch::Measure(int shift) {
  measured_ = features_.At(static_cast<double>(Row(shift).rest) / kShiftsPerBand);
}

void GainSearch::Fold(double tempo) {
  std::fill_n(fold_, kGainPeriod * kGainRow, 0.0f);
  // Frame n of the sound as it was is now at n / tempo.
  const double step = 1 / tempo;
  const size_t frames = features_.frames();
  const size_t count = static_cast<size_t>(static_cast<double>(frames - 1) * tempo);
  for (size_t n = 0; n < count; ++n) {
    const double at = step * static_cast<double>(n);
    const size_t before = std::min(static_cast<size_t>(at), frames - 2);
    const float share = static_cast<float>(at - static_cast<double>(before));
    const float* a = measured_ + before * kGainRow;
    float* folded = fold_ + n % kGainPeriod * kGainRow;
    float sum[kGainRow];
    for (size_t b = 0; b < kGainRow; ++b) {
      sum[b] = folded[b] + (a[b] + share * (a[kGainRow + b] - a[b]));
    }
    std::copy_n(sum, kGainRow, folded);
  }
  AddSteps();
}

// Some frames at a time, so that neither rows of frames nor rows of bands lie far apart.
void GainSearch::AddSteps() {
  static_assert(kGainHops == 3 && kGainPeriod % kRun == 0);
  for (size_t first = 0; first < kGainPeriod; first += kRun) {
    float sums[kRun][kGainRow];
    for (size_t i = 0; i < kRun; ++i) {
      const auto row = [&](size_t f) { return fold_ + f % kGainPeriod * kGainRow; };
      const float *a = row(first + i), *b = row(first + i + 1), *c = row(first + i + 2);
      for (size_t k = 0; k < kGainRow; ++k) sums[i][k] = a[k] + b[k] + c[k];
    }
    for (size_t k = 0; k < kGainRow; ++k) {
      float steps[kRun];
      for (size_t i = 0; i < kRun; ++i) steps[i] = sums[i][k];
      std::copy_n(steps, kRun, steps_ + k * kTwice + first);
      std::copy_n(steps, kRun, steps_ + k * kTwice + kGainPeriod + first);
    }
  }
}

// The highest peak of each way is remembered.
void GainSearch::Look(double tempo, int shift) {
  const float* first = steps_ + static_cast<size_t>(Row(shift).band) * kTwice;
  float heights[kGainPeriod], squares = 0;
  for (size_t begin = 0; begin < kGainPeriod; begin += kRun) {
    float sums[kRun] = {};
    for (size_t i = 0; i < kGainPilotCells; ++i) {
      const PilotCell& cell = pilot_[i];
      const float* steps = first + begin + cell.band * kTwice + cell.step * kGainHops;
      const float sign = cell.sign;
      for (size_t f = 0; f < kRun; ++f) sums[f] += sign * steps[f];
    }
    std::copy_n(sums, kRun, heights + begin);
  }
  for (float h : heights) squares += h * h;
  const float unit = 1.0f / std::sqrt(squares / kGainPeriod + 1e-30f);
  const float* highest = std::max_element(heights, heights + kGainPeriod);
  Remember({*highest * unit, tempo, shift, static_cast<size_t>(highest - heights)});
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

// Leaves what was folded best in steps_.
void GainSearch::Refine(GainPeak* peak) {
  const std::array<GainPeak, kMostPeaks> kept = peaks_;
  const size_t kept_count = count_;
  const double tempo = peak->tempo;
  const double step = kFineTempoFrames / static_cast<double>(features_.frames());
  const int centre = peak->shift;
  count_ = 0;
  for (int shift = centre - kFineShift; shift <= centre + kFineShift; ++shift) {
    Measure(shift);
    for (int i = -kFineTempi; i <= kFineTempi; ++i) {
      Fold(tempo + step * i);
      Look(tempo + step * i, shift);
    }
  }
  *peak = peaks_[0];
  peaks_ = kept;
  count_ = kept_count;
  Measure(peak->shift);
  Fold(peak->tempo);
}

bool GainSearch::Read(const GainPeak& peak, double trials, MessageDecoder& decoder,
                      Message* message) const {
  const size_t first = static_cast<size_t>(Row(peak.shift).band);
  const auto value = [&](size_t cell) {
    const size_t band = first + cell % kGainBands;
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
  // Which variant the sound has is not known.
  return ReadEvidence({values_, bit_of_, sign_, kPayloadCells}, candidates, kVariants * trials,
                      decoder, message);
}

}  // namespace countermark::audio
