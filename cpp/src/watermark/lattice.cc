#include "watermark/lattice.h"

#include <algorithm>
#include <cmath>

#include "kernels/sample.h"
#include "watermark/format.h"

namespace countermark {
namespace {

constexpr size_t kAngles = 450;  // of a quarter turn
constexpr double kQuarterTurn = 1.5707963267948966;
constexpr double kScaleStep = 0.005;
constexpr size_t kMostScales = 640;
// Lattice points up to this many periods away are looked at.
constexpr int kSimilarityReach2 = 36;
constexpr int kStretchReach2 = 17;
constexpr double kMostStretch = 1.6;
constexpr size_t kNormEvery = 15;
constexpr size_t kSimilarities = 24, kStretches = 14, kPairs = 10;
constexpr size_t kPairTries = 60;  // many pairs are bases of the same lattice
constexpr float kTaken = -1e9f;

size_t ScaleCount(ScaleRange range) {
  const size_t count = static_cast<size_t>((range.largest - range.smallest) / kScaleStep) + 1;
  return std::min(count, kMostScales);
}

// A local maximum of the autocorrelation.
struct Peak {
  double x, y;
  float height;
};

float Highest(const LagPlane& lags, ptrdiff_t x, ptrdiff_t y, ptrdiff_t radius) {
  if (y < 0) {
    x = -x;
    y = -y;
  }
  float best = kTaken;
  const ptrdiff_t reach_x = static_cast<ptrdiff_t>(lags.reach_x);
  const ptrdiff_t reach_y = static_cast<ptrdiff_t>(lags.reach_y);
  for (ptrdiff_t dy = y - radius; dy <= y + radius; ++dy) {
    for (ptrdiff_t dx = x - radius; dx <= x + radius; ++dx) {
      if (dy >= 0 && dy <= reach_y && std::abs(dx) <= reach_x) {
        best = std::max(best, lags.At(dx, dy));
      }
    }
  }
  return best;
}

// The strongest local maxima one to five periods away.
constexpr size_t kMostPeaks = 30;

size_t FindPeaks(const LagPlane& lags, std::array<Peak, kMostPeaks>* peaks) {
  constexpr float kLeastHeight = 3.0f;
  constexpr double kNear = 0.8 * kTile, kFar = 4.7 * kTile;
  size_t count = 0;
  const ptrdiff_t reach_x = static_cast<ptrdiff_t>(lags.reach_x);
  const ptrdiff_t reach_y = static_cast<ptrdiff_t>(lags.reach_y);
  for (ptrdiff_t y = 0; y <= std::min<ptrdiff_t>(reach_y, static_cast<ptrdiff_t>(kFar)); ++y) {
    for (ptrdiff_t x = -reach_x; x <= reach_x; ++x) {
      const float height = lags.At(x, y);
      const double distance = std::hypot(static_cast<double>(x), static_cast<double>(y));
      if (height <= kLeastHeight || distance <= kNear || distance >= kFar || (y == 0 && x <= 0) ||
          height < Highest(lags, x, y, 2)) {
        continue;
      }
      const Peak peak{static_cast<double>(x), static_cast<double>(y), height};
      size_t place = std::min(count, kMostPeaks - 1);
      if (count == kMostPeaks && (*peaks)[place].height >= height) continue;
      for (; place > 0 && (*peaks)[place - 1].height < height; --place) {
        (*peaks)[place] = (*peaks)[place - 1];
      }
      (*peaks)[place] = peak;
      count = std::min(count + 1, kMostPeaks);
    }
  }
  return count;
}

// How well the autocorrelation is high at the points of a lattice, in deviations.
float PairScore(const LagPlane& lags, const Peak& a, const Peak& b) {
  constexpr float kExpectedHighest = 1.6f;  // of chance, the largest of 25 lags
  float sum = 0, count = 0;
  for (int i = 0; i < 5; ++i) {
    for (int j = -4; j < 5; ++j) {
      if (i == 0 && j <= 0) continue;
      const double x = j * a.x + i * b.x, y = j * a.y + i * b.y;
      if (std::fabs(x) >= 0.5 * static_cast<double>(lags.reach_x) ||
          std::fabs(y) >= 0.5 * static_cast<double>(lags.reach_y)) {
        continue;
      }
      const float highest = Highest(lags, std::lround(x), std::lround(y), 2);
      sum += std::min(highest, 8.0f) - kExpectedHighest;
      ++count;
    }
  }
  return count < 2 ? kTaken : sum / std::sqrt(count);
}

// The reduced form of a basis: near the identity up to the symmetries of a square.
Linear BasisFrom(Peak a, Peak b) {
  if (std::fabs(a.x) < std::fabs(b.x)) std::swap(a, b);
  if (a.x < 0) a = {-a.x, -a.y, a.height};
  if (a.x * b.y - a.y * b.x < 0) b = {-b.x, -b.y, b.height};
  return {a.x / kTile, b.x / kTile, a.y / kTile, b.y / kTile};
}

// Least squares over the peaks near the lattice's points, weighted by their height.
Linear FitToPeaks(const LagPlane& lags, Linear m) {
  constexpr int kReach = 4;
  constexpr ptrdiff_t kRadius = 2;
  double jj = 0, ij = 0, ii = 0, jx = 0, jy = 0, ix = 0, iy = 0;
  for (int i = 0; i <= kReach; ++i) {
    for (int j = -kReach; j <= kReach; ++j) {
      if (i * i + j * j > kReach * kReach || (i == 0 && j <= 0)) continue;
      const double x = kTile * (j * m.xx + i * m.xy), y = kTile * (j * m.yx + i * m.yy);
      const double half = y < 0 ? -1 : 1;
      const ptrdiff_t cx = std::lround(half * x), cy = std::lround(half * y);
      if (std::abs(cx) + kRadius > static_cast<ptrdiff_t>(lags.reach_x) ||
          cy + kRadius > static_cast<ptrdiff_t>(lags.reach_y)) {
        continue;
      }
      double weight = 0, at_x = 0, at_y = 0;
      for (ptrdiff_t dy = std::max<ptrdiff_t>(cy - kRadius, 0); dy <= cy + kRadius; ++dy) {
        for (ptrdiff_t dx = cx - kRadius; dx <= cx + kRadius; ++dx) {
          const double h = std::max(0.0f, lags.At(dx, dy) - 2.0f);
          weight += h * h;
          at_x += h * h * static_cast<double>(dx);
          at_y += h * h * static_cast<double>(dy);
        }
      }
      if (weight <= 0) continue;
      at_x *= half / weight;
      at_y *= half / weight;
      jj += weight * j * j;
      ij += weight * i * j;
      ii += weight * i * i;
      jx += weight * j * at_x;
      jy += weight * j * at_y;
      ix += weight * i * at_x;
      iy += weight * i * at_y;
    }
  }
  const double det = (jj * ii - ij * ij) * kTile;
  if (!(det > 1e-6)) return m;
  return {(ii * jx - ij * ix) / det, (jj * ix - ij * jx) / det, (ii * jy - ij * iy) / det,
          (jj * iy - ij * jy) / det};
}

// sums[i] += the plane of lags at (x + i dx, y + i dy), i = 0 to count - 1.
void AddRay(const LagPlane& lags, const Plane& plane, double x, double y, double dx, double dy,
            size_t count, float* sums) {
  if (y < 0 || (y == 0 && dy < 0)) {
    x = -x;
    y = -y;
    dx = -dx;
    dy = -dy;
  }
  const SampleLine line = {plane.data,
                           plane.stride,
                           plane.width,
                           plane.height,
                           static_cast<float>(x + static_cast<double>(lags.reach_x)),
                           static_cast<float>(y),
                           static_cast<float>(dx),
                           static_cast<float>(dy)};
  AddNearestSamples(line, count, sums);
}

}  // namespace

LatticeSearch::LatticeSearch(Arena& arena)
    : scores_(arena.Allocate<float>(std::max(kAngles, kMostScales) * kMostScales)),
      norms_(arena.Allocate<float>(kMostScales)) {}

size_t LatticeSearch::Find(const LagPlane& lags, ScaleRange range, Hypotheses* found) {
  found_ = 0;
  FindSimilarities(lags, range);
  FindStretches(lags, range);
  FindPairs(lags);
  *found = hypotheses_;
  return found_;
}

void LatticeSearch::Add(const Linear& hypothesis) {
  constexpr double kSame = 0.003;
  for (size_t i = 0; i < found_; ++i) {
    const Linear& h = hypotheses_[i];
    if (std::max({std::fabs(h.xx - hypothesis.xx), std::fabs(h.xy - hypothesis.xy),
                  std::fabs(h.yx - hypothesis.yx), std::fabs(h.yy - hypothesis.yy)}) < kSame) {
      return;
    }
  }
  if (found_ < kMostHypotheses) hypotheses_[found_++] = hypothesis;
}

// One row of scores: the matched filter for a lattice whose basis vectors grow from `a`, `b` by
// `da`, `db` a column. `norm` is measured when asked for; it changes little from row to row.
void LatticeSearch::ScoreRow(const LagPlane& lags, const Bases& bases, int reach2, size_t columns,
                             bool measure_norm, float* scores) {
  std::fill_n(scores, columns, 0.0f);
  if (measure_norm) std::fill_n(norms_, columns, 0.0f);
  const int reach = static_cast<int>(std::sqrt(static_cast<double>(reach2)));
  for (int i = 0; i <= reach; ++i) {
    for (int j = -reach; j <= reach; ++j) {
      if ((i == 0 && j <= 0) || i * i + j * j > reach2) continue;
      const double x = j * bases.a[0] + i * bases.b[0], y = j * bases.a[1] + i * bases.b[1];
      const double dx = j * bases.da[0] + i * bases.db[0], dy = j * bases.da[1] + i * bases.db[1];
      AddRay(lags, lags.weighted, x, y, dx, dy, columns, scores);
      if (measure_norm) AddRay(lags, lags.overlap, x, y, dx, dy, columns, norms_);
    }
  }
  for (size_t c = 0; c < columns; ++c) scores[c] /= std::sqrt(norms_[c] + 0.1f);
}

// Calls make(row, column) for the best `count` cells, no two of them neighbours.
template <typename MakeHypothesis>
void LatticeSearch::TakePeaks(size_t rows, size_t columns, size_t count, MakeHypothesis make) {
  constexpr size_t kApart = 4;
  for (size_t n = 0; n < count; ++n) {
    const size_t best =
        static_cast<size_t>(std::max_element(scores_, scores_ + rows * columns) - scores_);
    const size_t row = best / columns, column = best % columns;
    make(row, column);
    for (size_t r = row - std::min(row, kApart); r < std::min(rows, row + kApart + 1); ++r) {
      for (size_t c = column - std::min(column, kApart); c < std::min(columns, column + kApart + 1);
           ++c) {
        scores_[r * columns + c] = kTaken;
      }
    }
  }
}

void LatticeSearch::FindSimilarities(const LagPlane& lags, ScaleRange range) {
  const size_t scales = ScaleCount(range);
  for (size_t a = 0; a < kAngles; ++a) {
    const double angle = kQuarterTurn * static_cast<double>(a) / kAngles;
    const double c = std::cos(angle) * kTile, s = std::sin(angle) * kTile;
    const double low = range.smallest, step = kScaleStep;
    const Bases bases{
        {c * low, s * low}, {-s * low, c * low}, {c * step, s * step}, {-s * step, c * step}};
    ScoreRow(lags, bases, kSimilarityReach2, scales, a % kNormEvery == 0, scores_ + a * scales);
  }
  TakePeaks(kAngles, scales, kSimilarities, [&](size_t row, size_t column) {
    const double angle = kQuarterTurn * static_cast<double>(row) / kAngles;
    const double scale = range.smallest + kScaleStep * static_cast<double>(column);
    const double c = scale * std::cos(angle), s = scale * std::sin(angle);
    Add(FitToPeaks(lags, {c, -s, s, c}));
  });
}

void LatticeSearch::FindStretches(const LagPlane& lags, ScaleRange range) {
  const size_t scales = ScaleCount(range);
  for (size_t row = 0; row < scales; ++row) {
    const double down = range.smallest + kScaleStep * static_cast<double>(row);
    const Bases bases{
        {kTile * range.smallest, 0}, {0, kTile * down}, {kTile * kScaleStep, 0}, {0, 0}};
    float* scores = scores_ + row * scales;
    ScoreRow(lags, bases, kStretchReach2, scales, row % kNormEvery == 0, scores);
    for (size_t column = 0; column < scales; ++column) {
      const double across = range.smallest + kScaleStep * static_cast<double>(column);
      if (across > kMostStretch * down || down > kMostStretch * across) scores[column] = kTaken;
    }
  }
  TakePeaks(scales, scales, kStretches, [&](size_t row, size_t column) {
    Add(FitToPeaks(lags, {range.smallest + kScaleStep * static_cast<double>(column), 0, 0,
                          range.smallest + kScaleStep * static_cast<double>(row)}));
  });
}

void LatticeSearch::FindPairs(const LagPlane& lags) {
  std::array<Peak, kMostPeaks> peaks;
  const size_t count = FindPeaks(lags, &peaks);
  std::fill_n(scores_, kMostPeaks * kMostPeaks, kTaken);
  for (size_t a = 0; a < count; ++a) {
    for (size_t b = a + 1; b < count; ++b) {
      const double na = std::hypot(peaks[a].x, peaks[a].y);
      const double nb = std::hypot(peaks[b].x, peaks[b].y);
      const double cross = std::fabs(peaks[a].x * peaks[b].y - peaks[a].y * peaks[b].x);
      if (cross < 0.75 * na * nb || na / nb < 0.6 || na / nb > 1.67) continue;
      scores_[a * kMostPeaks + b] = PairScore(lags, peaks[a], peaks[b]);
    }
  }
  for (size_t tries = 0, before = found_; tries < kPairTries && found_ < before + kPairs; ++tries) {
    float* best = std::max_element(scores_, scores_ + kMostPeaks * kMostPeaks);
    if (*best <= kTaken) return;
    *best = kTaken;
    const size_t index = static_cast<size_t>(best - scores_);
    Add(FitToPeaks(lags, BasisFrom(peaks[index / kMostPeaks], peaks[index % kMostPeaks])));
  }
}

}  // namespace countermark
