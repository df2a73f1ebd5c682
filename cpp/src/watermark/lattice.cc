#include "watermark/lattice.h"

#include <algorithm>
#include <cmath>

#include "kernels/sample.h"
#include "watermark/format.h"
#include "watermark/periods.h"

namespace countermark {
namespace {

constexpr double kQuarterTurn = 1.5707963267948966;
// A turn by this many pixels at the longest lag is the finest that is told apart.
constexpr double kStepTimesReach = 2.0;
constexpr size_t kMostSteps = 512;
// Lattice points up to this many periods away are looked at.
constexpr int kSimilarityReach2 = 36;
constexpr int kStretchReach2 = 17;
constexpr double kMostStretch = 1.6;
constexpr size_t kNormEvery = 15;
constexpr size_t kSimilarities = 12, kStretches = 8, kPairs = 16;
constexpr size_t kPairTries = 60;  // many pairs are bases of the same lattice
constexpr float kTaken = -1e9f;

size_t ScaleCount(ScaleRange range, double step) {
  return std::min(static_cast<size_t>((range.largest - range.smallest) / step) + 1, kMostSteps);
}

size_t AngleCount(double step) {
  return std::min(static_cast<size_t>(kQuarterTurn / step) + 1, kMostSteps);
}

// Each axis may leave the range by as much as the other is inside it.
ScaleRange Stretched(ScaleRange range) {
  return {range.smallest / std::sqrt(kMostStretch), range.largest * std::sqrt(kMostStretch)};
}

// Halves away from zero, as lround, which is a call on some machines.
ptrdiff_t Round(double value) { return static_cast<ptrdiff_t>(value + (value < 0 ? -0.5 : 0.5)); }

// The points of half a lattice, in periods.
struct LatticePoint {
  double across, down;
};

constexpr int kPolishReach2 = 36;
constexpr bool IsInHalf(int i, int j) { return (i > 0 || j > 0) && i * i + j * j <= kPolishReach2; }

constexpr auto kLatticePoints = [] {
  constexpr int kReach = 6;
  constexpr size_t kCount = [] {
    size_t count = 0;
    for (int i = 0; i <= kReach; ++i) {
      for (int j = -kReach; j <= kReach; ++j) count += IsInHalf(i, j);
    }
    return count;
  }();
  std::array<LatticePoint, kCount> points{};
  size_t next = 0;
  for (int i = 0; i <= kReach; ++i) {
    for (int j = -kReach; j <= kReach; ++j) {
      if (IsInHalf(i, j)) points[next++] = {static_cast<double>(j), static_cast<double>(i)};
    }
  }
  return points;
}();

float LatticeScore(const LagPlane& lags, const Linear& m) {
  float sum = 0, norm = 0;
  for (const LatticePoint& point : kLatticePoints) {
    double x = kTile * (point.across * m.xx + point.down * m.xy);
    double y = kTile * (point.across * m.yx + point.down * m.yy);
    if (y < 0) {
      x = -x;
      y = -y;
    }
    const size_t column = static_cast<size_t>(Round(x) + static_cast<ptrdiff_t>(lags.reach_x));
    const size_t row = static_cast<size_t>(Round(y));
    if (column >= lags.weighted.width || row > lags.reach_y) continue;
    sum += lags.weighted.Row(row)[column];
    norm += lags.overlap.Row(row)[column];
  }
  return sum / std::sqrt(norm + kLeastNorm);
}

// Shortest basis of the lattice (Gauss), then near the identity up to the symmetries of a square.
Linear BasisFrom(Period a, Period b) {
  for (int round = 0; round < 8; ++round) {
    if (a.x * a.x + a.y * a.y > b.x * b.x + b.y * b.y) std::swap(a, b);
    const double steps = std::round((a.x * b.x + a.y * b.y) / (a.x * a.x + a.y * a.y));
    if (steps == 0) break;
    b.x -= steps * a.x;
    b.y -= steps * a.y;
  }
  if (std::fabs(a.x) < std::fabs(b.x)) std::swap(a, b);
  if (a.x < 0) a = {-a.x, -a.y, a.score};
  if (a.x * b.y - a.y * b.x < 0) b = {-b.x, -b.y, b.score};
  return {a.x / kTile, b.x / kTile, a.y / kTile, b.y / kTile};
}

// Climbs to where the lattice's points are highest.
Linear Polish(const LagPlane& lags, Linear m) {
  constexpr double Linear::* kEntries[] = {&Linear::xx, &Linear::xy, &Linear::yx, &Linear::yy};
  constexpr size_t kMoves = 2 * std::size(kEntries);  // up and down in each
  float score = LatticeScore(lags, m);
  for (double step : {0.5 / kTile, 0.25 / kTile, 0.12 / kTile}) {
    // Until no move is for the better.
    for (size_t move = 0, failed = 0; failed < kMoves; ++move) {
      Linear tried = m;
      tried.*kEntries[move / 2 % std::size(kEntries)] += move % 2 == 0 ? step : -step;
      const float there = LatticeScore(lags, tried);
      ++failed;
      if (there > score) {
        score = there;
        m = tried;
        failed = 0;
      }
    }
  }
  return m;
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

LatticeSearch::LatticeSearch(const LagPlane& lags, ScaleRange range, Arena& arena) {
  const double step = StepFor(lags);
  const size_t stretches = ScaleCount(Stretched(range), step);
  scores_ = arena.Allocate<float>(
      std::max({AngleCount(step) * ScaleCount(range, step), stretches * stretches,
                PeriodList::kMost * PeriodList::kMost}));
  norms_ = arena.Allocate<float>(kMostSteps);
}

size_t LatticeSearch::Find(const LagPlane& lags, ScaleRange range, Hypotheses* found) {
  found_ = 0;
  FindSimilarities(lags, range);
  FindStretches(lags, range);
  FindPairs(lags, range);
  *found = hypotheses_;
  return found_;
}

double LatticeSearch::StepFor(const LagPlane& lags) {
  return kStepTimesReach / static_cast<double>(std::max({lags.reach_x, lags.reach_y, size_t{1}}));
}

// Keeps the hypothesis after polishing, unless it is there already.
void LatticeSearch::Add(const LagPlane& lags, const Linear& start) {
  constexpr double kSame = 0.004;
  const Linear m = Polish(lags, start);
  for (size_t i = 0; i < found_; ++i) {
    const Linear& h = hypotheses_[i].linear;
    if (std::max({std::fabs(h.xx - m.xx), std::fabs(h.xy - m.xy), std::fabs(h.yx - m.yx),
                  std::fabs(h.yy - m.yy)}) < kSame) {
      return;
    }
  }
  if (found_ < kMostHypotheses) hypotheses_[found_++] = {m, LatticeScore(lags, m)};
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
  for (size_t c = 0; c < columns; ++c) scores[c] /= std::sqrt(norms_[c] + kLeastNorm);
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
  const double step = StepFor(lags), low = range.smallest;
  const size_t scales = ScaleCount(range, step);
  const size_t angles = AngleCount(step);
  for (size_t a = 0; a < angles; ++a) {
    const double angle = kQuarterTurn * static_cast<double>(a) / static_cast<double>(angles);
    const double c = std::cos(angle) * kTile, s = std::sin(angle) * kTile;
    const Bases bases{
        {c * low, s * low}, {-s * low, c * low}, {c * step, s * step}, {-s * step, c * step}};
    ScoreRow(lags, bases, kSimilarityReach2, scales, a % kNormEvery == 0, scores_ + a * scales);
  }
  TakePeaks(angles, scales, kSimilarities, [&](size_t row, size_t column) {
    const double angle = kQuarterTurn * static_cast<double>(row) / static_cast<double>(angles);
    const double scale = low + step * static_cast<double>(column);
    const double c = scale * std::cos(angle), s = scale * std::sin(angle);
    Add(lags, {c, -s, s, c});
  });
}

void LatticeSearch::FindStretches(const LagPlane& lags, ScaleRange range) {
  const double step = StepFor(lags);
  range = Stretched(range);
  const size_t scales = ScaleCount(range, step);
  for (size_t row = 0; row < scales; ++row) {
    const double down = range.smallest + step * static_cast<double>(row);
    const Bases bases{{kTile * range.smallest, 0}, {0, kTile * down}, {kTile * step, 0}, {0, 0}};
    float* scores = scores_ + row * scales;
    ScoreRow(lags, bases, kStretchReach2, scales, row % kNormEvery == 0, scores);
    for (size_t column = 0; column < scales; ++column) {
      const double across = range.smallest + step * static_cast<double>(column);
      if (across > kMostStretch * down || down > kMostStretch * across) scores[column] = kTaken;
    }
  }
  TakePeaks(scales, scales, kStretches, [&](size_t row, size_t column) {
    Add(lags, {range.smallest + step * static_cast<double>(column), 0, 0,
               range.smallest + step * static_cast<double>(row)});
  });
}

void LatticeSearch::FindPairs(const LagPlane& lags, ScaleRange range) {
  const PeriodList periods = FindPeriods(lags, range.smallest, range.largest);
  const double least = 0.7 * range.smallest * range.smallest;
  const double most = 1.4 * range.largest * range.largest;
  std::fill_n(scores_, PeriodList::kMost * PeriodList::kMost, kTaken);
  for (size_t a = 0; a < periods.size(); ++a) {
    for (size_t b = a + 1; b < periods.size(); ++b) {
      const Linear m = BasisFrom(periods[a], periods[b]);
      const double determinant = m.Determinant();
      const double longest = std::max(m.xx * m.xx + m.yx * m.yx, m.xy * m.xy + m.yy * m.yy);
      // Neither outside the range nor slanted or stretched beyond belief.
      // Written so that NaN, which periods on one line give, is beyond belief too.
      if (!(determinant >= least && determinant <= most && determinant >= 0.5 * longest)) continue;
      scores_[a * PeriodList::kMost + b] = LatticeScore(lags, m);
    }
  }
  for (size_t tries = 0, before = found_; tries < kPairTries && found_ < before + kPairs; ++tries) {
    float* best = std::max_element(scores_, scores_ + PeriodList::kMost * PeriodList::kMost);
    if (*best <= kTaken) return;
    *best = kTaken;
    const size_t index = static_cast<size_t>(best - scores_);
    Add(lags, BasisFrom(periods[index / PeriodList::kMost], periods[index % PeriodList::kMost]));
  }
}

}  // namespace countermark
