#include "watermark/track.h"

#include <algorithm>
#include <cmath>

namespace countermark {
namespace {

// Frames over which the strength is averaged.
constexpr double kMemory = 8;
constexpr double kLeastStrength = 0.5, kMostStrength = 30;
// The part of a correction that is made is s^2 / (s^2 + kCaution^2), s being the strength.
constexpr double kCaution = 4;
constexpr double kLongestStep = 1.0;  // canonical pixels, at the distance of two tiles
constexpr double kFastest = 0.5;      // the same, a frame

// The placement from which the tiles seem to have moved by `shift`; their pilot stays.
Placement Moved(const Placement& placement, const Shift& shift) {
  return shift.Undo(placement).From(-shift.at[Shift::kX], -shift.at[Shift::kY]);
}

Shift Times(const Shift& shift, double factor) {
  Shift result;
  for (int i = 0; i < Shift::kCount; ++i) result.at[i] = factor * shift.at[i];
  return result;
}

}  // namespace

Follower::Follower(const Layout& layout, Arena& arena)
    : layout_(layout), fold_(kMostTiles, arena) {}

void Follower::Follow(const Plane& frame, bool backwards, Track* track) {
  track->placement = Moved(track->placement, Times(track->velocity, backwards ? -1 : 1));
  if (frame.data == nullptr) return;
  fold_.Cut(frame, track->placement, 0, 0);
  if (fold_.count() > 0) Correct(backwards, track);
}

void Follower::Correct(bool backwards, Track* track) {
  Spectrum sum;
  float power[kBandSize], weight[kBandSize];
  fold_.Sum(&sum, power);
  WeightsFromPower(power, weight);
  const Alignment alignment(fold_, weight, layout_, track->peak);
  Slope slope;
  const float height = alignment.HeightUnder({}, 1e9, &slope);
  const float deviation = alignment.Deviation();
  const double expected = std::max(track->strength, 1.0) * static_cast<double>(deviation) /
                          static_cast<double>(slope.tiles);
  double step[Shift::kCount];
  slope.Solve(Freedom::kAffine, step);
  const double square = track->strength * track->strength;
  const double part = square / (square + kCaution * kCaution);
  const double of_velocity = part * part / (2 - part) * (backwards ? -1 : 1);
  Shift correction;
  for (int i = 0; i < Shift::kCount; ++i) {
    const double whole = std::clamp(step[i] / expected, -kLongestStep, kLongestStep);
    correction.at[i] = part * whole;
    track->velocity.at[i] =
        std::clamp(track->velocity.at[i] + of_velocity * whole, -kFastest, kFastest);
  }
  track->placement = Moved(track->placement, correction);
  track->strength += (static_cast<double>(height / deviation) - track->strength) / kMemory;
  track->strength = std::clamp(track->strength, kLeastStrength, kMostStrength);
}

void Follower::Add(const Plane& frame, Track* track) {
  if (frame.data == nullptr) return;
  fold_.Cut(frame, track->placement, 0, 0);
  Spectrum sum;
  float power[kBandSize];
  fold_.Sum(&sum, power);
  const float w = static_cast<float>(track->strength);
  for (size_t i = 0; i < kBandSize; ++i) {
    track->sum.re[i] += w * sum.re[i];
    track->sum.im[i] += w * sum.im[i];
    track->power[i] += w * w * power[i];
  }
}

}  // namespace countermark
