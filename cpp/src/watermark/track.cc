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
// A jump to a place within so many canonical pixels, if the pilot stands so high there, and so much
// higher than where it was expected, in deviations of chance.
constexpr int kJump = 8;
constexpr float kLeastJump = 4.5f, kLeastGain = 1.5f;
constexpr double kFastestJump = 6;

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
  const double direction = backwards ? -1 : 1;
  track->placement = Moved(track->placement, Times(track->velocity, direction));
  if (frame.data == nullptr) return;
  fold_.Cut(frame, track->placement, 0, 0);
  if (fold_.count() == 0) return;
  if (Jump(direction, track)) fold_.Cut(frame, track->placement, 0, 0);
  Correct(direction, track);
}

void Follower::Weigh(float* weight) const {
  Spectrum sum;
  float power[kBandSize];
  fold_.Sum(&sum, power);
  WeightsFromPower(power, weight);
}

// A pan, or an unsteady hand, moves all tiles alike, and more than Newton's method bridges.
bool Follower::Jump(double direction, Track* track) const {
  float weight[kBandSize];
  Weigh(weight);
  const Alignment alignment(fold_, weight, layout_, track->peak);
  const float deviation = alignment.Deviation(), expected = alignment.HeightAt(0, 0);
  Shift best;
  float highest = expected + kLeastGain * deviation;
  highest = std::max(highest, kLeastJump * deviation);
  bool found = false;
  for (int dy = -kJump; dy <= kJump; ++dy) {
    for (int dx = -kJump; dx <= kJump; ++dx) {
      const float height = alignment.HeightAt(dx, dy);
      if (height <= highest) continue;
      highest = height;
      best.at[Shift::kX] = dx;
      best.at[Shift::kY] = dy;
      found = true;
    }
  }
  if (!found) return false;
  track->placement = Moved(track->placement, best);
  for (int i : {Shift::kX, Shift::kY}) {
    const double faster = track->velocity.at[i] + 0.5 * direction * best.at[i];
    track->velocity.at[i] = std::clamp(faster, -kFastestJump, kFastestJump);
  }
  return true;
}

void Follower::Correct(double direction, Track* track) const {
  float weight[kBandSize];
  Weigh(weight);
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
  const double of_velocity = part * part / (2 - part) * direction;
  Shift correction;
  for (int i = 0; i < Shift::kCount; ++i) {
    const double whole = std::clamp(step[i] / expected, -kLongestStep, kLongestStep);
    correction.at[i] = part * whole;
    const double fastest = i == Shift::kX || i == Shift::kY ? kFastestJump : kFastest;
    track->velocity.at[i] =
        std::clamp(track->velocity.at[i] + of_velocity * whole, -fastest, fastest);
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
