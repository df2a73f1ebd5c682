#include "watermark/fold.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/sample.h"

namespace countermark {
namespace {

constexpr int kReach = 2;

constexpr int kGridRows = 2 * kHighestFrequency + 1 + 2 * kReach;
constexpr int kGridColumns = kHighestFrequency + 1 + 2 * kReach;
constexpr int kGridMiddle = kHighestFrequency + kReach;

// How many frequencies within reach of each are in the band.
constexpr std::array<float, kBandSize> kNeighbours = [] {
  std::array<float, kBandSize> neighbours{};
  for (size_t i = 0; i < kBandSize; ++i) {
    for (int dy = -kReach; dy <= kReach; ++dy) {
      for (int dx = -kReach; dx <= kReach; ++dx) {
        neighbours[i] += InBand(kBand[i].kx + dx, kBand[i].ky + dy) ? 1.0f : 0.0f;
      }
    }
  }
  return neighbours;
}();

struct Box {
  double left, right, top, bottom;
};

// Bounding box of the four points (m * corner + offset), corners of [l, r] x [t, b].
Box BoundsOf(double xx, double xy, double yx, double yy, double x, double y, const Box& box) {
  Box bounds{1e30, -1e30, 1e30, -1e30};
  for (double u : {box.left, box.right}) {
    for (double v : {box.top, box.bottom}) {
      const double px = xx * u + xy * v + x, py = yx * u + yy * v + y;
      bounds = {std::min(bounds.left, px), std::max(bounds.right, px), std::min(bounds.top, py),
                std::max(bounds.bottom, py)};
    }
  }
  return bounds;
}

// Perspective reaches further than the affine part does; where it shrinks the mark further than
// this, nothing is to be read.
constexpr double kPerspectiveReach = 1.6;
constexpr double kLeastDepth = 0.4, kMostDepth = 2.5;

// Whether interpolation has nothing to do.
bool FallsOnPixels(const Placement& p, int half_x, int half_y) {
  const double x = p.x + 0.5 * half_x, y = p.y + 0.5 * half_y;
  return p.IsAffine() && p.xx == 1 && p.xy == 0 && p.yx == 0 && p.yy == 1 && x == std::floor(x) &&
         y == std::floor(y);
}

}  // namespace

Placement Centred(const Plane& plane, double xx, double xy, double yx, double yy) {
  return {xx,
          xy,
          yx,
          yy,
          (static_cast<double>(plane.width) - 1) / 2,
          (static_cast<double>(plane.height) - 1) / 2};
}

Placement Placement::Near(double u, double v) const {
  const double depth = 1 + px * u + py * v;
  // The derivative of (u, v) / depth.
  const double du = 1 / depth - u * px / (depth * depth), dv = -u * py / (depth * depth);
  const double eu = -v * px / (depth * depth), ev = 1 / depth - v * py / (depth * depth);
  Placement near{xx * du + xy * eu, xx * dv + xy * ev, yx * du + yy * eu, yx * dv + yy * ev, 0, 0};
  near.x = x + (xx * u + xy * v) / depth - near.xx * u - near.xy * v;
  near.y = y + (yx * u + yy * v) / depth - near.yx * u - near.yy * v;
  return near;
}

// A (q + o) / (1 + p (q + o)) = A o / c + (A / c - (A o / c) p') q / (1 + p' q), with the depth
// c = 1 + p o at the new origin o, and p' = p / c.
Placement Placement::From(double u, double v) const {
  const double depth = 1 + px * u + py * v;
  const double dx = (xx * u + xy * v) / depth, dy = (yx * u + yy * v) / depth;
  const double qx = px / depth, qy = py / depth;
  return {xx / depth - dx * qx,
          xy / depth - dx * qy,
          yx / depth - dy * qx,
          yy / depth - dy * qy,
          x + dx,
          y + dy,
          qx,
          qy};
}

TileFold::TileFold(size_t most_tiles, Arena& arena)
    : most_tiles_(most_tiles),
      transform_(arena),
      samples_(arena.Allocate<float>(kTile * kTile)),
      tiles_(arena.Allocate<Spectrum>(most_tiles)),
      centres_(arena.Allocate<float>(2 * most_tiles)) {}

// Visits the corner (u, v) of every tile that touches the plane, with the placement there.
template <typename Visit>
void TileFold::ForEachTile(const Plane& plane, const Placement& p, Visit visit) const {
  const double det = p.Determinant();
  const double width = static_cast<double>(plane.width), height = static_cast<double>(plane.height);
  const Box pixels{-1, width, -1, height};
  Box canonical =
      BoundsOf(p.yy / det, -p.xy / det, -p.yx / det, p.xx / det, (p.xy * p.y - p.yy * p.x) / det,
               (p.yx * p.x - p.xx * p.y) / det, pixels);
  if (!p.IsAffine()) {
    canonical = {canonical.left * kPerspectiveReach, canonical.right * kPerspectiveReach,
                 canonical.top * kPerspectiveReach, canonical.bottom * kPerspectiveReach};
  }
  for (double v = std::floor(canonical.top / kTile) * kTile; v < canonical.bottom; v += kTile) {
    for (double u = std::floor(canonical.left / kTile) * kTile; u < canonical.right; u += kTile) {
      const double depth = 1 + p.px * (u + 0.5 * kTile) + p.py * (v + 0.5 * kTile);
      if (depth < kLeastDepth || depth > kMostDepth) continue;
      const Placement near = p.IsAffine() ? p : p.Near(u + 0.5 * kTile, v + 0.5 * kTile);
      const Box tile = BoundsOf(near.xx, near.xy, near.yx, near.yy, near.x, near.y,
                                Box{u, u + kTile, v, v + kTile});
      if (tile.right > pixels.left && tile.left < pixels.right && tile.bottom > pixels.top &&
          tile.top < pixels.bottom) {
        visit(near, u, v);
      }
    }
  }
}

void TileFold::AddTile(const Plane& plane, const Placement& p, double u, double v) {
  for (int row = 0; row < kTile; ++row) {
    const double down = v + row;
    const SampleLine line = {plane.data,
                             plane.stride,
                             plane.width,
                             plane.height,
                             static_cast<float>(p.xx * u + p.xy * down + p.x),
                             static_cast<float>(p.yx * u + p.yy * down + p.y),
                             static_cast<float>(p.xx),
                             static_cast<float>(p.yx)};
    AddSamples(line, kTile, samples_ + row * kTile);
  }
}

// Every second sample of every second row.
void TileFold::AddCoarseTile(const Plane& plane, const Placement& p, double u, double v) {
  for (int row = 0; row < kCoarse; ++row) {
    const double down = v + 2 * row;
    const SampleLine line = {plane.data,
                             plane.stride,
                             plane.width,
                             plane.height,
                             static_cast<float>(p.xx * u + p.xy * down + p.x),
                             static_cast<float>(p.yx * u + p.yy * down + p.y),
                             static_cast<float>(2 * p.xx),
                             static_cast<float>(2 * p.yx)};
    AddSamples(line, kCoarse, samples_ + row * kCoarse);
  }
}

// The same where every sample falls on a pixel and the plane is neither turned nor scaled. What is
// outside the plane adds nothing.
void TileFold::AddPixels(const Plane& plane, const Placement& p, double u, double v) {
  const ptrdiff_t x = static_cast<ptrdiff_t>(p.x + u), y = static_cast<ptrdiff_t>(p.y + v);
  const ptrdiff_t width = static_cast<ptrdiff_t>(plane.width);
  const ptrdiff_t height = static_cast<ptrdiff_t>(plane.height);
  const ptrdiff_t left = std::max<ptrdiff_t>(-x, 0), right = std::min<ptrdiff_t>(kTile, width - x);
  const ptrdiff_t top = std::max<ptrdiff_t>(-y, 0), bottom = std::min<ptrdiff_t>(kTile, height - y);
  for (ptrdiff_t row = top; row < bottom; ++row) {
    const float* pixels = plane.Row(static_cast<size_t>(y + row));
    float* sums = samples_ + row * kTile;
    for (ptrdiff_t i = left; i < right; ++i) sums[i] += pixels[x + i];
  }
}

void TileFold::Cut(const Plane& plane, const Placement& placement, int half_x, int half_y) {
  count_ = 0;
  const bool on_pixels = FallsOnPixels(placement, half_x, half_y);
  const HalfShift back(-half_x, -half_y);
  ForEachTile(plane, placement, [&](const Placement& near, double u, double v) {
    if (count_ == most_tiles_) return;
    std::fill_n(samples_, kTile * kTile, 0.0f);
    if (on_pixels) {
      AddPixels(plane, near, u + 0.5 * half_x, v + 0.5 * half_y);
    } else {
      AddTile(plane, near, u + 0.5 * half_x, v + 0.5 * half_y);
    }
    transform_.Analyse(samples_, &tiles_[count_]);
    if (half_x != 0 || half_y != 0) back.Apply(&tiles_[count_]);
    centres_[2 * count_] = static_cast<float>(u + 0.5 * kTile);
    centres_[2 * count_ + 1] = static_cast<float>(v + 0.5 * kTile);
    ++count_;
  });
}

void TileFold::CutCoarse(const Plane& plane, const Placement& placement) {
  count_ = 0;
  ForEachTile(plane, placement, [&](const Placement& near, double u, double v) {
    if (count_ == most_tiles_) return;
    std::fill_n(samples_, kCoarse * kCoarse, 0.0f);
    AddCoarseTile(plane, near, u, v);
    transform_.AnalyseCoarse(samples_, &tiles_[count_]);
    centres_[2 * count_] = static_cast<float>(u + 0.5 * kTile);
    centres_[2 * count_ + 1] = static_cast<float>(v + 0.5 * kTile);
    ++count_;
  });
}

void TileFold::Sum(Spectrum* sum, float* power) const {
  *sum = {};
  float raw[kBandSize] = {};
  for (size_t t = 0; t < count_; ++t) {
    for (size_t i = 0; i < kBandSize; ++i) {
      const float re = tiles_[t].re[i], im = tiles_[t].im[i];
      sum->re[i] += re;
      sum->im[i] += im;
      raw[i] += re * re + im * im;
    }
  }
  SmoothOverBand(raw, power);
}

UprightFold::UprightFold(size_t widest, Arena& arena)
    : transform_(arena),
      line_(AllocateBorderedPlane({widest, 1}, arena)),
      samples_(arena.Allocate<float>(kCoarse * kCoarse)) {}

void UprightFold::Sum(const Plane& plane, double scale, Spectrum* sum) {
  const Placement p = Centred(plane, scale, 0, 0, scale);
  const int most_down = static_cast<int>(p.y / (scale * kTile)) + 1;
  const int most_across = static_cast<int>(p.x / (scale * kTile)) + 1;
  std::fill_n(samples_, kCoarse * kCoarse, 0.0f);
  for (int row = 0; row < kCoarse; ++row) {
    std::fill_n(line_.Row(0), plane.width + 2, 0.0f);
    for (int tile = -most_down; tile < most_down; ++tile) {
      const double y = std::floor(scale * (tile * kTile + 2 * row) + p.y + 0.5);
      if (y < 0 || y >= static_cast<double>(plane.height)) continue;
      const float* from = plane.Row(static_cast<size_t>(y));
      for (size_t x = 0; x < plane.width; ++x) line_.Row(0)[x] += from[x];
    }
    for (int tile = -most_across; tile < most_across; ++tile) {
      const SampleLine line = {line_.data,
                               line_.stride,
                               plane.width,
                               1,
                               static_cast<float>(scale * tile * kTile + p.x),
                               0,
                               static_cast<float>(2 * scale),
                               0};
      AddNearestSamples(line, kCoarse, samples_ + row * kCoarse);
    }
  }
  transform_.AnalyseCoarse(samples_, sum);
}

void SmoothOverBand(const float* values, float* smooth) {
  float grid[kGridRows][kGridColumns] = {};
  for (size_t i = 0; i < kBandSize; ++i) {
    const int kx = kBand[i].kx, ky = kBand[i].ky;
    grid[ky + kGridMiddle][kx + kReach] = values[i];
    // A real tile's power is the same at the opposite frequency.
    if (-kx >= -kReach) grid[-ky + kGridMiddle][-kx + kReach] = values[i];
  }
  for (size_t i = 0; i < kBandSize; ++i) {
    float sum = 0;
    for (int dy = 0; dy <= 2 * kReach; ++dy) {
      const float* row = grid[kBand[i].ky + kHighestFrequency + dy] + kBand[i].kx;
      for (int dx = 0; dx <= 2 * kReach; ++dx) sum += row[dx];
    }
    smooth[i] = sum / kNeighbours[i];
  }
}

}  // namespace countermark
