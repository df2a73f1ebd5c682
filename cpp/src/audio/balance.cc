#include "audio/balance.h"

#include <algorithm>
#include <cmath>

namespace countermark::audio {
namespace {

// 30 and 26 dB.
constexpr float kRaisedRatio = 1000, kLeastRatio = 398.10717f;
constexpr float kMostRaise = 1.3f;

}  // namespace

void Balance::Add(float sound, float mark, float gains) {
  sound_ += sound;
  mark_ += mark;
  gains_ += gains;
}

void Balance::Fade(float share) {
  sound_ *= share;
  mark_ *= share;
  gains_ *= share;
}

float Balance::MarkGain() const {
  if (!(mark_ > 0)) return 1;
  return std::clamp(std::sqrt(sound_ / (kRaisedRatio * mark_)), 1.0f, kMostRaise);
}

float Balance::SumGain() const {
  const float gain = MarkGain();
  const float sum = gain * gain * mark_ + gains_;
  return sum * kLeastRatio > sound_ ? std::sqrt(sound_ / (sum * kLeastRatio)) : 1.0f;
}

}  // namespace countermark::audio
