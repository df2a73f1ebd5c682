#include "watermark/schedule_search.h"

#include <algorithm>
#include <cmath>

#include "base/trigonometry.h"
#include "watermark/symmetry.h"

namespace countermark {
namespace {

// Earlier states that may still be seen: a key picture is held for some ten seconds at most.
constexpr size_t kLate = 5;
// Height of the pilot, in deviations of chance, from which on an earlier state counts. They are
// many, of which few are seen; a slot's own state counts as it is seen, for one key picture may
// hold more of it than all others.
constexpr float kSeen = 2.5f;

size_t Wrapped(int value) { return static_cast<size_t>((value % kTile + kTile) % kTile); }

}  // namespace

ScheduleSearch::ScheduleSearch(const Layout& layout, Arena& arena)
    : layout_(layout),
      schedule_(layout.key),
      finder_(layout, arena),
      phasors_(arena.Allocate<Phasor>(Schedule::kStates)) {}

// The fold of a turned tile is moved by the turned shift.
void ScheduleSearch::Turn(int symmetry) {
  float cosine[kTile], sine[kTile];
  for (int i = 0; i < kTile; ++i) {
    cosine[i] = static_cast<float>(CosineOfTurn(i, kTile));
    sine[i] = static_cast<float>(SineOfTurn(i, kTile));
  }
  const Symmetry s = SymmetryOf(symmetry);
  for (size_t state = 0; state < Schedule::kStates; ++state) {
    const Origin by = schedule_.at(state).shift;
    const int x = s.xx * by.x + s.xy * by.y, y = s.yx * by.x + s.yy * by.y;
    const float sign = static_cast<float>(schedule_.at(state).sign);
    for (size_t i = 0; i < kBandSize; ++i) {
      const size_t turn = Wrapped(kBand[i].kx * x + kBand[i].ky * y);
      phasors_[state].re[i] = sign * cosine[turn];
      phasors_[state].im[i] = sign * sine[turn];
    }
  }
}

void ScheduleSearch::AddUndone(const Spectrum& fold, size_t state, float times,
                               Spectrum* sum) const {
  const Phasor& phasor = phasors_[state];
  for (size_t i = 0; i < kBandSize; ++i) {
    sum->re[i] += times * (fold.re[i] * phasor.re[i] - fold.im[i] * phasor.im[i]);
    sum->im[i] += times * (fold.re[i] * phasor.im[i] + fold.im[i] * phasor.re[i]);
  }
}

void ScheduleSearch::Undo(const SlotFold* folds, size_t count, size_t beginning, Spectrum* sum,
                          float* power) {
  *sum = {};
  std::fill_n(power, kBandSize, 0.0f);
  for (size_t i = 0; i < count; ++i) {
    AddUndone(folds[i].sum, StateOf(folds[i].slot, beginning), 1, sum);
    for (size_t k = 0; k < kBandSize; ++k) power[k] += folds[i].power[k];
  }
}

PilotPeak ScheduleSearch::Find(const SlotFold* folds, size_t count, int symmetry,
                               size_t* beginning) {
  PilotPeak best{};
  *beginning = 0;
  if (phasors_ == nullptr || count == 0) return best;
  Turn(symmetry);
  Spectrum sum;
  float power[kBandSize], weight[kBandSize];
  for (size_t at = 0; at < kSlots; ++at) {
    Undo(folds, count, at, &sum, power);
    if (at == 0) WeightsFromPower(power, weight);
    const PilotPeak peak = finder_.FindIn(symmetry, sum, weight);
    if (peak.score <= best.score) continue;
    best = peak;
    *beginning = at;
  }
  return best;
}

// The pilot's correlation where the peak is, in deviations of chance.
float ScheduleSearch::HeightAt(const Spectrum& fold, const float* weight,
                               const PilotPeak& peak) const {
  const auto& moved = MovedCoefficients()[static_cast<size_t>(peak.symmetry)];
  float height = 0, squares = 0;
  for (size_t i = 0; i < kPilotSize; ++i) {
    const MovedCoefficient to = moved[layout_.pilot[i]];
    const float w = weight[to.index] * weight[to.index];
    const float re = layout_.pilot_re[i];
    const float im = to.conjugated ? -layout_.pilot_im[i] : layout_.pilot_im[i];
    const float a = w * (fold.re[to.index] * re + fold.im[to.index] * im);
    const float b = w * (fold.im[to.index] * re - fold.re[to.index] * im);
    const size_t turn = Wrapped(kBand[to.index].kx * static_cast<int>(peak.x) +
                                kBand[to.index].ky * static_cast<int>(peak.y));
    height += a * static_cast<float>(CosineOfTurn(static_cast<int>(turn), kTile)) -
              b * static_cast<float>(SineOfTurn(static_cast<int>(turn), kTile));
    squares += a * a + b * b;
  }
  return peak.sign * height / std::sqrt(0.5f * squares + 1e-20f);
}

void ScheduleSearch::UndoLate(const SlotFold* folds, size_t count, size_t beginning,
                              const PilotPeak& peak, Spectrum* sum, float* power) {
  *sum = {};
  std::fill_n(power, kBandSize, 0.0f);
  for (size_t i = 0; i < count; ++i) {
    float weight[kBandSize];
    WeightsFromPower(folds[i].power, weight);
    const size_t state = StateOf(folds[i].slot, beginning) + Schedule::kStates;
    for (size_t late = 0; late <= kLate; ++late) {
      const size_t shown = (state - late) % Schedule::kStates;
      Spectrum undone{};
      AddUndone(folds[i].sum, shown, 1, &undone);
      const float times = std::max(0.0f, HeightAt(undone, weight, peak) - (late > 0 ? kSeen : 0));
      if (times == 0) continue;
      for (size_t k = 0; k < kBandSize; ++k) {
        sum->re[k] += times * undone.re[k];
        sum->im[k] += times * undone.im[k];
        power[k] += times * times * folds[i].power[k];
      }
    }
  }
}

}  // namespace countermark
