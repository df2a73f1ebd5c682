// How the mark of a video moves in the course of time.
#ifndef COUNTERMARK_WATERMARK_SCHEDULE_H_
#define COUNTERMARK_WATERMARK_SCHEDULE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/key.h"
#include "watermark/layout.h"

namespace countermark {

// The tile is shifted and its sign changed from one state to the next, so that frames added up do
// not show it: as often + as -. Each state is held long enough for a codec to carry the mark along
// from frame to frame, then faded into the next. All of it follows the time at which frames are
// shown, whatever their number.
class Schedule {
 public:
  static constexpr size_t kStates = 32;
  // In microseconds.
  static constexpr int64_t kHold = 2'000'000, kFade = 250'000;
  static constexpr int64_t kPeriod = kHold * static_cast<int64_t>(kStates);

  struct State {
    Origin shift;  // of the tile, on the canonical plane
    int sign;
  };

  // At a time the tile is the sum of two states' with these weights, whose squares add up to 1.
  struct Blend {
    size_t from, to;
    float from_weight, to_weight;

    bool operator==(const Blend& other) const {
      return from == other.from && to == other.to && from_weight == other.from_weight &&
             to_weight == other.to_weight;
    }
  };

  explicit Schedule(const Key& key);

  const State& at(size_t state) const { return states_[state]; }
  static Blend BlendAt(int64_t microseconds);

 private:
  std::array<State, kStates> states_;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_SCHEDULE_H_
