#include "watermark/reader.h"

#include <algorithm>
#include <cmath>

namespace countermark {

MarkReader::MarkReader(const Layout& layout, double trials, Arena& arena)
    : layout_(layout),
      trials_(trials),
      arena_(arena),
      fold_(kMostTiles, arena),
      finder_(layout, arena) {}

float MarkReader::Score(const FourierFold& fold, const Placement& placement) {
  fold.Sum(placement, &sum_);
  return ScoreOfSum();
}

float MarkReader::Score(const Plane& plane, double scale, UprightFold& fold) {
  fold.Sum(plane, scale, &sum_);
  return ScoreOfSum();
}

// Without spectra of single tiles, the powers of the sum itself stand for its variance.
float MarkReader::ScoreOfSum() {
  float power[kBandSize], smooth[kBandSize];
  for (size_t i = 0; i < kBandSize; ++i) {
    power[i] = sum_.re[i] * sum_.re[i] + sum_.im[i] * sum_.im[i];
  }
  SmoothOverBand(power, smooth);
  WeightsFromPower(smooth, weight_);
  return finder_.Score(sum_, weight_);
}

PilotPeak MarkReader::Look(const Plane& plane, const Placement& placement, int half_x, int half_y) {
  fold_.Cut(plane, placement, half_x, half_y);
  return FindInFold();
}

PilotPeak MarkReader::Glance(const Plane& plane, const Placement& placement) {
  fold_.CutCoarse(plane, placement);
  return FindInFold();
}

PilotPeak MarkReader::LookAt(const Spectrum& sum, const float* power) {
  sum_ = sum;
  return FindInSum(power);
}

PilotPeak MarkReader::FindInFold() {
  float power[kBandSize];
  fold_.Sum(&sum_, power);
  return FindInSum(power);
}

PilotPeak MarkReader::FindInSum(const float* power) {
  WeightsFromPower(power, weight_);
  const PilotPeak peak = finder_.Find(sum_, weight_);
  highest_score_ = std::max(highest_score_, peak.score);
  return peak;
}

PilotPeak MarkReader::FindUprightTurned() {
  constexpr int kTurned2 = 200;  // squared radius in cycles per tile
  Spectrum turned = sum_;
  for (size_t i = 0; i < kBandSize; ++i) {
    if (kBand[i].kx * kBand[i].kx + kBand[i].ky * kBand[i].ky < kTurned2) continue;
    turned.re[i] = -turned.re[i];
    turned.im[i] = -turned.im[i];
  }
  return finder_.FindIn(0, turned, weight_);
}

Alignment MarkReader::AlignmentOf(const PilotPeak& peak) const {
  return Alignment(fold_, weight_, layout_, peak);
}

bool MarkReader::Read(const PilotPeak& peak, Hint hint, Message* message) {
  if (readings_ == kMostReadings) return false;
  const Arena::Scope scope(arena_);
  MessageDecoder decoder(arena_);
  if (decoder.IsCounting()) return false;
  ++readings_;
  return ReadMessage(sum_, weight_, peak, hint, trials_, layout_, decoder, message);
}

Placement MarkReader::Refine(const Placement& placement, PilotPeak peak) {
  return AlignmentOf(peak).Climb(placement, 1e9, Freedom::kAffine, &peak);
}

Placement MarkReader::RefineUpright(const Placement& placement, PilotPeak peak) {
  return AlignmentOf(peak).Climb(placement, 1e9, Freedom::kUpright, &peak);
}

Placement MarkReader::Grow(const Plane& plane, Placement placement, PilotPeak peak) {
  constexpr double kRadii[] = {1.5, 2.0, 2.6, 3.4, 4.4, 6.0};  // in tiles
  fold_.Cut(plane, placement, 0, 0);
  if (fold_.count() == 0) return placement;
  // The origin goes to a corner of the best tile: the pattern is the same there.
  const size_t best = AlignmentOf(peak).BestTile();
  const double u = fold_.centre_x(best) - 0.5 * kTile, v = fold_.centre_y(best) - 0.5 * kTile;
  placement.x += placement.xx * u + placement.xy * v;
  placement.y += placement.yx * u + placement.yy * v;
  for (double radius : kRadii) {
    fold_.Cut(plane, placement, 0, 0);
    placement = AlignmentOf(peak).Climb(placement, radius * kTile, Freedom::kPerspective, &peak);
  }
  return placement;
}

}  // namespace countermark
