// Where in its schedule a video begins, by the pilot.
#ifndef COUNTERMARK_WATERMARK_SCHEDULE_SEARCH_H_
#define COUNTERMARK_WATERMARK_SCHEDULE_SEARCH_H_

#include "base/arena.h"
#include "watermark/pilot.h"
#include "watermark/schedule.h"

namespace countermark {

// Time is told in slots, some to a state; slots a period apart are the same.
inline constexpr int64_t kSlotMicroseconds = 250'000;
inline constexpr size_t kSlotsOfState = static_cast<size_t>(Schedule::kHold / kSlotMicroseconds);
inline constexpr size_t kSlots = kSlotsOfState * Schedule::kStates;

inline size_t SlotAt(int64_t microseconds) {
  const int64_t time = (microseconds % Schedule::kPeriod + Schedule::kPeriod) % Schedule::kPeriod;
  return static_cast<size_t>(time / kSlotMicroseconds);
}

// Tiles of what was seen in a slot, added up, and the variance of their noise.
struct SlotFold {
  size_t slot;
  Spectrum sum;
  float power[kBandSize];
};

class ScheduleSearch {
 public:
  ScheduleSearch(const Layout& layout, Arena& arena);

  // Looks for the beginning, in slots, with which the pilot of a tile in this symmetry stands
  // highest once the schedule is undone.
  PilotPeak Find(const SlotFold* folds, size_t count, int symmetry, size_t* beginning);
  // The sum with the schedule undone.
  void Undo(const SlotFold* folds, size_t count, size_t beginning, Spectrum* sum, float* power);
  // The same where a codec has gone on showing earlier states here and there: of each slot, the
  // states of which the pilot is seen where the peak is.
  void UndoLate(const SlotFold* folds, size_t count, size_t beginning, const PilotPeak& peak,
                Spectrum* sum, float* power);

 private:
  struct Phasor {
    float re[kBandSize], im[kBandSize];
  };

  void Turn(int symmetry);
  static size_t StateOf(size_t slot, size_t beginning) {
    return (slot + beginning) % kSlots / kSlotsOfState;
  }
  void AddUndone(const Spectrum& fold, size_t state, float times, Spectrum* sum) const;
  float HeightAt(const Spectrum& fold, const float* weight, const PilotPeak& peak) const;

  const Layout& layout_;
  Schedule schedule_;
  PilotFinder finder_;
  Phasor* phasors_;  // kStates that undo a state each, in one symmetry
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_SCHEDULE_SEARCH_H_
