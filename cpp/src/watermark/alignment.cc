#include "watermark/alignment.h"

#include <algorithm>
#include <cmath>

#include "watermark/symmetry.h"

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

void Shift::Derivatives(double cx, double cy, double* across, double* down) {
  const double a[kCount] = {cx, cy, 0, 0, 1, 0, cx * cx, cx * cy};
  const double d[kCount] = {0, 0, cx, cy, 0, 1, cx * cy, cy * cy};
  std::copy_n(a, kCount, across);
  std::copy_n(d, kCount, down);
}

// What was taken for canonical u is at w = (I + D) u + (p u) u, so u is about
// (I + D)^-1 w / (1 + p w).
Placement Shift::Undo(const Placement& from) const {
  const double xx = at[kXx] / kUnit, xy = at[kXy] / kUnit;
  const double yx = at[kYx] / kUnit, yy = at[kYy] / kUnit;
  const double px = at[kPx] / (kUnit * kUnit), py = at[kPy] / (kUnit * kUnit);
  const double det = (1 + xx) * (1 + yy) - xy * yx;
  const double ixx = (1 + yy) / det, ixy = -xy / det, iyx = -yx / det, iyy = (1 + xx) / det;
  return {from.xx * ixx + from.xy * iyx,
          from.xx * ixy + from.xy * iyy,
          from.yx * ixx + from.yy * iyx,
          from.yx * ixy + from.yy * iyy,
          from.x,
          from.y,
          px + from.px * ixx + from.py * iyx,
          py + from.px * ixy + from.py * iyy};
}

const Freedom Freedom::kUpright{{0, -1, -1, 0, 1, 2, -1, -1}};
const Freedom Freedom::kAffine{{0, 1, 2, 3, 4, 5, -1, -1}};
const Freedom Freedom::kPerspective{{0, 1, 2, 3, 4, 5, 6, 7}};

void Slope::Solve(const Freedom& freedom, double* step) const {
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

Alignment::Alignment(const TileFold& fold, const float* weight, const Layout& layout,
                     const PilotPeak& peak)
    : fold_(fold), peak_(peak) {
  double total = 0;
  const auto& moved = MovedCoefficients()[static_cast<size_t>(peak.symmetry)];
  for (size_t i = 0; i < kPilotSize; ++i) {
    const MovedCoefficient to = moved[layout.pilot[i]];
    const Frequency k = kBand[to.index];
    const float w = peak.sign * weight[to.index] * weight[to.index];
    index_[i] = to.index;
    value_[i] = {w * layout.pilot_re[i],
                 to.conjugated ? w * layout.pilot_im[i] : -w * layout.pilot_im[i]};
    Complex sum = 0;
    for (size_t t = 0; t < fold.count(); ++t) {
      sum += Complex(fold.tile(t).re[to.index], fold.tile(t).im[to.index]);
    }
    product_[i] = Times(sum, value_[i]);
    const double expected = static_cast<double>(std::fabs(w));
    total += expected;
    square_x_ += expected * k.kx * k.kx;
    square_y_ += expected * k.ky * k.ky;
  }
  square_x_ *= static_cast<double>(kStep) * static_cast<double>(kStep) / total;
  square_y_ *= static_cast<double>(kStep) * static_cast<double>(kStep) / total;
}

// The pilot's correlation with one tile moved by (dx, dy), and how fast it grows with either.
float Alignment::TileHeight(size_t tile, double dx, double dy, float* slope_x,
                            float* slope_y) const {
  const Phasors across(kStep * (peak_.x - static_cast<float>(dx)));
  const Phasors down(kStep * (peak_.y - static_cast<float>(dy)));
  const Spectrum& spectrum = fold_.tile(tile);
  float height = 0;
  *slope_x = *slope_y = 0;
  for (size_t i = 0; i < kPilotSize; ++i) {
    const size_t k = index_[i];
    const Complex turned = Times(
        Times(Times({spectrum.re[k], spectrum.im[k]}, across[kBand[k].kx]), down[kBand[k].ky]),
        value_[i]);
    height += turned.real();
    *slope_x += kBand[k].kx * turned.imag();
    *slope_y += kBand[k].ky * turned.imag();
  }
  return height;
}

float Alignment::HeightUnder(const Shift& shift, double radius, Slope* slope) const {
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
    const float height = TileHeight(t, dx, dy, &slope_x, &slope_y);
    total += height;
    ++slope->tiles;
    for (int i = 0; i < Shift::kCount; ++i) {
      slope->gradient[i] +=
          static_cast<double>(kStep) *
          (static_cast<double>(slope_x) * across_by[i] + static_cast<double>(slope_y) * down_by[i]);
      for (int j = 0; j < Shift::kCount; ++j) {
        slope->curvature[i][j] +=
            square_x_ * across_by[i] * across_by[j] + square_y_ * down_by[i] * down_by[j];
      }
    }
  }
  return total;
}

float Alignment::HeightAt(double dx, double dy) const {
  const Phasors across(kStep * (peak_.x - static_cast<float>(dx)));
  const Phasors down(kStep * (peak_.y - static_cast<float>(dy)));
  float height = 0;
  for (size_t i = 0; i < kPilotSize; ++i) {
    const Frequency k = kBand[index_[i]];
    height += Times(Times(product_[i], across[k.kx]), down[k.ky]).real();
  }
  return height;
}

float Alignment::Deviation() const {
  float squares = 0;
  for (const Complex& product : product_) squares += std::norm(product);
  return std::sqrt(0.5f * squares) + 1e-20f;
}

size_t Alignment::BestTile() const {
  constexpr double kNear = 1.6 * kTile;
  float heights[kMostTiles], unused;
  for (size_t t = 0; t < fold_.count(); ++t) {
    heights[t] = TileHeight(t, 0, 0, &unused, &unused);
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

// Least squares: Newton's method with the curvature that the pilot would have without noise.
Placement Alignment::Climb(const Placement& placement, double radius, const Freedom& freedom,
                           PilotPeak* peak) const {
  constexpr int kIterations = 12;
  constexpr double kSettled = 0.02;  // canonical pixels
  Shift best;
  Slope slope, there;
  float height = HeightUnder(best, radius, &slope);
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
    const float height_there = HeightUnder(tried, radius, &there);
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
  peak->x -= static_cast<float>(best.at[Shift::kX]);
  peak->y -= static_cast<float>(best.at[Shift::kY]);
  return best.Undo(placement);
}

}  // namespace countermark
