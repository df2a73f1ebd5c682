#include "watermark/schedule.h"

#include <cmath>

#include "base/generator.h"

namespace countermark {
namespace {

// Of the key's generator; layout.cc has the others.
constexpr uint32_t kScheduleStream = 5;

}  // namespace

Schedule::Schedule(const Key& key) {
  Generator generator(key, kScheduleStream);
  std::array<int8_t, kStates> signs;
  for (size_t i = 0; i < kStates; ++i) signs[i] = i < kStates / 2 ? 1 : -1;
  generator.Shuffle(signs.data(), signs.size());
  for (size_t i = 0; i < kStates; ++i) {
    const int x = static_cast<int>(generator.Below(kTile));
    states_[i] = {{x, static_cast<int>(generator.Below(kTile))}, signs[i]};
  }
}

Schedule::Blend Schedule::BlendAt(int64_t microseconds) {
  const int64_t time = (microseconds % kPeriod + kPeriod) % kPeriod;
  const size_t to = static_cast<size_t>(time / kHold);
  const size_t from = (to + kStates - 1) % kStates;
  const int64_t since = time % kHold;
  if (since >= kFade) return {from, to, 0, 1};
  const float part = static_cast<float>(since) / static_cast<float>(kFade);
  return {from, to, std::sqrt(1 - part), std::sqrt(part)};
}

}  // namespace countermark
