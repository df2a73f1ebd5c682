#include "watermark/reader.h"

#include <cmath>
#include <complex>

#include "watermark/reading.h"

namespace countermark {
namespace {

using Complex = std::complex<float>;
constexpr float kStep = 6.283185307179586f / kTile;

// Powers of a unit complex number, from -kHighestFrequency to kHighestFrequency.
struct Phasors {
  explicit Phasors(float angle) {
    const Complex turn(std::cos(angle), std::sin(angle));
    at[kHighestFrequency] = 1;
    for (int k = 1; k <= kHighestFrequency; ++k) {
      at[kHighestFrequency + k] = at[kHighestFrequency + k - 1] * turn;
      at[kHighestFrequency - k] = std::conj(at[kHighestFrequency + k]);
    }
  }
  Complex operator[](int k) const { return at[kHighestFrequency + k]; }

  Complex at[2 * kHighestFrequency + 1];
};

}  // namespace

// A small affine change: a tile at centre c moves by (D - I) c + offset.
struct MarkReader::Shift {
  double xx = 0, xy = 0, yx = 0, yy = 0;
  double x = 0, y = 0;
};

MarkReader::MarkReader(const Layout& layout, Arena& arena)
    : layout_(layout), fold_(kMostTiles, arena), finder_(layout, arena), decoder_(arena) {}

float MarkReader::Score(const Plane& plane, const Placement& placement) {
  fold_.SumOnly(plane, placement, 0, 0, &sum_);
  float power[kBandSize], smooth[kBandSize];
  for (size_t i = 0; i < kBandSize; ++i) {
    power[i] = sum_.re[i] * sum_.re[i] + sum_.im[i] * sum_.im[i];
  }
  SmoothOverBand(power, smooth);
  WeightsFromPower(smooth, weight_);
  return finder_.Find(sum_, weight_).score;
}

PilotPeak MarkReader::Look(const Plane& plane, const Placement& placement, int half_x, int half_y) {
  fold_.Cut(plane, placement, half_x, half_y);
  float power[kBandSize];
  fold_.Sum(&sum_, power);
  WeightsFromPower(power, weight_);
  return finder_.Find(sum_, weight_);
}

bool MarkReader::Read(const PilotPeak& peak, uint64_t* payload) {
  ++attempts_;
  return ReadMessage(sum_, weight_, peak, layout_, decoder_, payload);
}

// The pilot's correlation with the sum of the tiles, each moved by the shift at its centre.
float MarkReader::PilotUnder(const Shift& shift, const PilotPeak& peak) const {
  const auto& moved = MovedCoefficients()[static_cast<size_t>(peak.symmetry)];
  Complex pilot[kPilotSize];
  for (size_t i = 0; i < kPilotSize; ++i) {
    const MovedCoefficient to = moved[layout_.pilot[i]];
    const float w = weight_[to.index] * weight_[to.index] * Tilt(kBand[layout_.pilot[i]]);
    pilot[i] = {w * layout_.pilot_re[i],
                to.conjugated ? w * layout_.pilot_im[i] : -w * layout_.pilot_im[i]};
  }
  float total = 0;
  for (size_t t = 0; t < fold_.count(); ++t) {
    const double cx = fold_.centre_x(t), cy = fold_.centre_y(t);
    const double dx = shift.xx * cx + shift.xy * cy + shift.x;
    const double dy = shift.yx * cx + shift.yy * cy + shift.y;
    const Phasors across(kStep * static_cast<float>(peak.x - dx));
    const Phasors down(kStep * static_cast<float>(peak.y - dy));
    const Spectrum& tile = fold_.tile(t);
    for (size_t i = 0; i < kPilotSize; ++i) {
      const size_t k = moved[layout_.pilot[i]].index;
      const Complex turned =
          Complex(tile.re[k], tile.im[k]) * across[kBand[k].kx] * down[kBand[k].ky];
      total += (turned * pilot[i]).real();
    }
  }
  return peak.sign * total;
}

Placement MarkReader::Refine(const Placement& placement, const PilotPeak& peak) {
  // Turn, scale, stretch, shear and the two shifts; the latter in canonical pixels, the others as
  // shares, so that at half a plane's distance a step of either moves about as far.
  constexpr double kFirstStep = 0.004, kFirstShift = 0.5;
  constexpr int kRounds = 4, kClimbs = 4;
  Shift best;
  float height = PilotUnder(best, peak);
  double scale = 1;
  for (int round = 0; round < kRounds; ++round, scale /= 2) {
    for (int climb = 0; climb < kClimbs; ++climb) {
      const float before = height;
      const double s = scale * kFirstStep, o = scale * kFirstShift;
      const Shift directions[6] = {{s, 0, 0, s, 0, 0}, {0, -s, s, 0, 0, 0}, {s, 0, 0, -s, 0, 0},
                                   {0, s, s, 0, 0, 0}, {0, 0, 0, 0, o, 0},  {0, 0, 0, 0, 0, o}};
      for (const Shift& d : directions) {
        for (double sign : {1.0, -1.0}) {
          const Shift tried{best.xx + sign * d.xx, best.xy + sign * d.xy, best.yx + sign * d.yx,
                            best.yy + sign * d.yy, best.x + sign * d.x,   best.y + sign * d.y};
          const float there = PilotUnder(tried, peak);
          if (there > height) {
            height = there;
            best = tried;
          }
        }
      }
      if (height == before) break;
    }
  }
  // A point that was taken for canonical u is at (I + D) u; the shift is found again by Look.
  const double det = (1 + best.xx) * (1 + best.yy) - best.xy * best.yx;
  const double ixx = (1 + best.yy) / det, ixy = -best.xy / det;
  const double iyx = -best.yx / det, iyy = (1 + best.xx) / det;
  return {placement.xx * ixx + placement.xy * iyx,
          placement.xx * ixy + placement.xy * iyy,
          placement.yx * ixx + placement.yy * iyx,
          placement.yx * ixy + placement.yy * iyy,
          placement.x,
          placement.y};
}

}  // namespace countermark
