#include "watermark/reader.h"

#include <algorithm>
#include <cmath>
#include <complex>

namespace countermark {
namespace {

using Complex = std::complex<float>;
constexpr float kStep = 6.283185307179586f / kTile;

// Of finite numbers, which is all that the operator also looks at.
Complex Times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// Powers of a unit complex number, from -kHighestFrequency to kHighestFrequency.
struct Phasors {
  explicit Phasors(float angle) {
    const Complex turn(std::cos(angle), std::sin(angle));
    at[kHighestFrequency] = 1;
    for (int k = 1; k <= kHighestFrequency; ++k) {
      at[kHighestFrequency + k] = Times(at[kHighestFrequency + k - 1], turn);
      at[kHighestFrequency - k] = std::conj(at[kHighestFrequency + k]);
    }
  }
  Complex operator[](int k) const { return at[kHighestFrequency + k]; }

  Complex at[2 * kHighestFrequency + 1];
};

constexpr double kLongestStep = 1.5;  // canonical pixels, at the distance of two tiles

// matrix * x = right, by Cholesky's decomposition; the matrix is positive once a little is added
// to its diagonal.
template <int kSize>
void SolveSymmetric(const double (&matrix)[kSize][kSize], const double (&right)[kSize], int size,
                    double* x) {
  double lower[kSize][kSize];
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j <= i; ++j) {
      double sum = matrix[i][j];
      for (int k = 0; k < j; ++k) sum -= lower[i][k] * lower[j][k];
      lower[i][j] =
          i == j ? std::sqrt(std::max(sum, 1e-6 * (matrix[i][i] + 1e-12))) : sum / lower[j][j];
    }
  }
  for (int i = 0; i < size; ++i) {
    x[i] = right[i];
    for (int k = 0; k < i; ++k) x[i] -= lower[i][k] * x[k];
    x[i] /= lower[i][i];
  }
  for (int i = size; i-- > 0;) {
    for (int k = i + 1; k < size; ++k) x[i] -= lower[k][i] * x[k];
    x[i] /= lower[i][i];
  }
}

}  // namespace

// A small change: a tile at centre c, in units of kUnit, moves by D c + (p c) c + offset.
struct MarkReader::Shift {
  enum { kXx, kXy, kYx, kYy, kX, kY, kPx, kPy, kCount };
  static constexpr double kUnit = 2 * kTile;

  // How far a tile moves with each parameter, across and down.
  static void Derivatives(double cx, double cy, double* across, double* down) {
    const double a[kCount] = {cx, cy, 0, 0, 1, 0, cx * cx, cx * cy};
    const double d[kCount] = {0, 0, cx, cy, 0, 1, cx * cy, cy * cy};
    std::copy_n(a, kCount, across);
    std::copy_n(d, kCount, down);
  }

  double at[kCount] = {};
};

// Which parameters of a shift may change: those with the same number change together, those with
// -1 not at all.
struct MarkReader::Freedom {
  static const Freedom kUpright, kAffine, kPerspective;

  int variable[Shift::kCount];
};

const MarkReader::Freedom MarkReader::Freedom::kUpright{{0, -1, -1, 0, 1, 2, -1, -1}};
const MarkReader::Freedom MarkReader::Freedom::kAffine{{0, 1, 2, 3, 4, 5, -1, -1}};
const MarkReader::Freedom MarkReader::Freedom::kPerspective{{0, 1, 2, 3, 4, 5, 6, 7}};

// How the height changes with the parameters, and the mean of how fast the slope does.
struct MarkReader::Slope {
  // Where the gradient vanishes if the height is that of one tile.
  void Solve(const Freedom& freedom, double* step) const {
    double matrix[Shift::kCount][Shift::kCount] = {}, right[Shift::kCount] = {};
    int variables = 0;
    for (int i = 0; i < Shift::kCount; ++i) {
      const int v = freedom.variable[i];
      if (v < 0) continue;
      variables = std::max(variables, v + 1);
      right[v] += gradient[i];
      for (int j = 0; j < Shift::kCount; ++j) {
        if (freedom.variable[j] >= 0) matrix[v][freedom.variable[j]] += curvature[i][j];
      }
    }
    double moves[Shift::kCount];
    SolveSymmetric(matrix, right, variables, moves);
    for (int i = 0; i < Shift::kCount; ++i) {
      step[i] = freedom.variable[i] < 0 ? 0 : moves[freedom.variable[i]];
    }
  }

  double gradient[Shift::kCount] = {};
  double curvature[Shift::kCount][Shift::kCount] = {};
  size_t tiles = 0;
};

// The conjugate pilot as it lies in the fold, weighted.
struct MarkReader::PilotTerms {
  uint16_t index[kPilotSize];
  Complex value[kPilotSize];
  double square_x, square_y;  // mean squares of the frequencies, in radians per canonical pixel
  PilotPeak peak;
};

MarkReader::MarkReader(const Layout& layout, Arena& arena)
    : layout_(layout), fold_(kMostTiles, arena), finder_(layout, arena), decoder_(arena) {}

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

PilotPeak MarkReader::FindInFold() {
  float power[kBandSize];
  fold_.Sum(&sum_, power);
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

bool MarkReader::Read(const PilotPeak& peak, Hint hint, Message* message) {
  if (readings_ == kMostReadings) return false;
  ++readings_;
  return ReadMessage(sum_, weight_, peak, hint, layout_, decoder_, message);
}

MarkReader::PilotTerms MarkReader::TermsFor(const PilotPeak& peak) const {
  PilotTerms terms;
  terms.peak = peak;
  terms.square_x = terms.square_y = 0;
  double total = 0;
  const auto& moved = MovedCoefficients()[static_cast<size_t>(peak.symmetry)];
  for (size_t i = 0; i < kPilotSize; ++i) {
    const MovedCoefficient to = moved[layout_.pilot[i]];
    const Frequency k = kBand[to.index];
    const float w = peak.sign * weight_[to.index] * weight_[to.index];
    terms.index[i] = to.index;
    terms.value[i] = {w * layout_.pilot_re[i],
                      to.conjugated ? w * layout_.pilot_im[i] : -w * layout_.pilot_im[i]};
    const double expected = static_cast<double>(std::fabs(w));
    total += expected;
    terms.square_x += expected * k.kx * k.kx;
    terms.square_y += expected * k.ky * k.ky;
  }
  terms.square_x *= static_cast<double>(kStep) * static_cast<double>(kStep) / total;
  terms.square_y *= static_cast<double>(kStep) * static_cast<double>(kStep) / total;
  return terms;
}

// The pilot's correlation with one tile moved by (dx, dy), and how fast it grows with either.
float MarkReader::TileHeight(size_t tile, double dx, double dy, const PilotTerms& terms,
                             float* slope_x, float* slope_y) const {
  const Phasors across(kStep * (terms.peak.x - static_cast<float>(dx)));
  const Phasors down(kStep * (terms.peak.y - static_cast<float>(dy)));
  const Spectrum& spectrum = fold_.tile(tile);
  float height = 0;
  *slope_x = *slope_y = 0;
  for (size_t i = 0; i < kPilotSize; ++i) {
    const size_t k = terms.index[i];
    const Complex turned = Times(
        Times(Times({spectrum.re[k], spectrum.im[k]}, across[kBand[k].kx]), down[kBand[k].ky]),
        terms.value[i]);
    height += turned.real();
    *slope_x += kBand[k].kx * turned.imag();
    *slope_y += kBand[k].ky * turned.imag();
  }
  return height;
}

// The pilot's correlation with the sum of the tiles no farther than `radius` from the origin, each
// moved by the shift at its centre.
float MarkReader::HeightUnder(const Shift& shift, const PilotTerms& terms, double radius,
                              Slope* slope) const {
  *slope = {};
  float total = 0;
  for (size_t t = 0; t < fold_.count(); ++t) {
    const double cx = fold_.centre_x(t) / Shift::kUnit, cy = fold_.centre_y(t) / Shift::kUnit;
    if (std::hypot(cx, cy) * Shift::kUnit > radius) continue;
    double across_by[Shift::kCount], down_by[Shift::kCount];
    Shift::Derivatives(cx, cy, across_by, down_by);
    double dx = 0, dy = 0;
    for (int i = 0; i < Shift::kCount; ++i) {
      dx += shift.at[i] * across_by[i];
      dy += shift.at[i] * down_by[i];
    }
    float slope_x, slope_y;
    const float height = TileHeight(t, dx, dy, terms, &slope_x, &slope_y);
    total += height;
    ++slope->tiles;
    for (int i = 0; i < Shift::kCount; ++i) {
      slope->gradient[i] +=
          static_cast<double>(kStep) *
          (static_cast<double>(slope_x) * across_by[i] + static_cast<double>(slope_y) * down_by[i]);
      for (int j = 0; j < Shift::kCount; ++j) {
        slope->curvature[i][j] +=
            terms.square_x * across_by[i] * across_by[j] + terms.square_y * down_by[i] * down_by[j];
      }
    }
  }
  return total;
}

Placement MarkReader::Refine(const Placement& placement, PilotPeak peak) {
  return Climb(placement, 1e9, Freedom::kAffine, &peak);
}

Placement MarkReader::RefineUpright(const Placement& placement, PilotPeak peak) {
  return Climb(placement, 1e9, Freedom::kUpright, &peak);
}

// The tile around which the pilot stands highest.
size_t MarkReader::BestTile(const PilotTerms& terms) const {
  constexpr double kNear = 1.6 * kTile;
  float heights[kMostTiles], unused;
  for (size_t t = 0; t < fold_.count(); ++t) {
    heights[t] = TileHeight(t, 0, 0, terms, &unused, &unused);
  }
  size_t best = 0;
  float highest = 0;
  for (size_t t = 0; t < fold_.count(); ++t) {
    float sum = 0;
    for (size_t other = 0; other < fold_.count(); ++other) {
      const bool near = std::hypot(fold_.centre_x(other) - fold_.centre_x(t),
                                   fold_.centre_y(other) - fold_.centre_y(t)) < kNear;
      if (near) sum += heights[other];
    }
    if (sum > highest) {
      highest = sum;
      best = t;
    }
  }
  return best;
}

Placement MarkReader::Grow(const Plane& plane, Placement placement, PilotPeak peak) {
  constexpr double kRadii[] = {1.5, 2.0, 2.6, 3.4, 4.4, 6.0};  // in tiles
  fold_.Cut(plane, placement, 0, 0);
  if (fold_.count() == 0) return placement;
  // The origin goes to a corner of the best tile: the pattern is the same there.
  const size_t best = BestTile(TermsFor(peak));
  const double u = fold_.centre_x(best) - 0.5 * kTile, v = fold_.centre_y(best) - 0.5 * kTile;
  placement.x += placement.xx * u + placement.xy * v;
  placement.y += placement.yx * u + placement.yy * v;
  for (double radius : kRadii) {
    fold_.Cut(plane, placement, 0, 0);
    placement = Climb(placement, radius * kTile, Freedom::kPerspective, &peak);
  }
  return placement;
}

// Least squares: Newton's method with the curvature that the pilot would have without noise.
Placement MarkReader::Climb(const Placement& placement, double radius, const Freedom& freedom,
                            PilotPeak* peak) const {
  constexpr int kIterations = 12;
  constexpr double kSettled = 0.02;  // canonical pixels
  const PilotTerms terms = TermsFor(*peak);
  Shift best;
  Slope slope, there;
  float height = HeightUnder(best, terms, radius, &slope);
  double damping = 1;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    double step[Shift::kCount];
    const double per_tile = std::max(1e-20, static_cast<double>(height)) /
                            static_cast<double>(std::max<size_t>(slope.tiles, 1));
    slope.Solve(freedom, step);
    Shift tried = best;
    double longest = 0;
    for (int i = 0; i < Shift::kCount; ++i) {
      const double move = std::clamp(damping * step[i] / per_tile, -kLongestStep, kLongestStep);
      tried.at[i] += move;
      longest = std::max(longest, std::fabs(move));
    }
    const float height_there = HeightUnder(tried, terms, radius, &there);
    if (height_there > height) {
      height = height_there;
      best = tried;
      slope = there;
      damping = std::min(1.0, 2 * damping);
    } else {
      damping *= 0.4;
    }
    if (longest < kSettled) break;
  }
  const double xx = best.at[Shift::kXx] / Shift::kUnit, xy = best.at[Shift::kXy] / Shift::kUnit;
  const double yx = best.at[Shift::kYx] / Shift::kUnit, yy = best.at[Shift::kYy] / Shift::kUnit;
  const double px = best.at[Shift::kPx] / (Shift::kUnit * Shift::kUnit);
  const double py = best.at[Shift::kPy] / (Shift::kUnit * Shift::kUnit);
  // What was taken for canonical u is at w = (I + D) u + (p u) u, so u is about
  // (I + D)^-1 w / (1 + p w).
  peak->x -= static_cast<float>(best.at[Shift::kX]);
  peak->y -= static_cast<float>(best.at[Shift::kY]);
  const double det = (1 + xx) * (1 + yy) - xy * yx;
  const double ixx = (1 + yy) / det, ixy = -xy / det, iyx = -yx / det, iyy = (1 + xx) / det;
  const Placement& from = placement;
  return {from.xx * ixx + from.xy * iyx,
          from.xx * ixy + from.xy * iyy,
          from.yx * ixx + from.yy * iyx,
          from.yx * ixy + from.yy * iyy,
          from.x,
          from.y,
          px + from.px * ixx + from.py * iyx,
          py + from.px * ixy + from.py * iyy};
}

}  // namespace countermark
