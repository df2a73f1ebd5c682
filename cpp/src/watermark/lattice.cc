#include "watermark/lattice.h"

#include <algorithm>
#include <cmath>

#include "kernels/sample.h"
#include "watermark/format.h"

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
constexpr size_t kMostPeriods = 48;
constexpr float kTaken = -1e9f;
// What a matched filter sees over the root of its norm, and of this, is in deviations of chance.
constexpr float kLeastNorm = 0.1f;

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

// A period of the mark: a lag at which, and at whose multiples, the autocorrelation is high.
struct Period {
  double x, y;
  float score;
};

double Squared(double value) { return value * value; }

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

// The best periods, best first, no two of them next to each other.
class PeriodList {
 public:
  size_t size() const { return size_; }
  const Period& operator[](size_t i) const { return periods_[i]; }

  void Offer(const Period& period) {
    constexpr double kApart = 2.5;
    if (size_ == kMostPeriods && period.score <= periods_[size_ - 1].score) return;
    size_t place = 0;
    while (place < size_ &&
           Squared(periods_[place].x - period.x) + Squared(periods_[place].y - period.y) >=
               kApart * kApart) {
      ++place;
    }
    if (place < size_ && periods_[place].score >= period.score) return;
    if (place == size_) place = size_ < kMostPeriods ? size_++ : size_ - 1;
    for (; place > 0 && periods_[place - 1].score < period.score; --place) {
      periods_[place] = periods_[place - 1];
    }
    periods_[place] = period;
  }

 private:
  std::array<Period, kMostPeriods> periods_;
  size_t size_ = 0;
};

// The longest period that is looked for, in half pixels.
constexpr double kSlack = 1.25, kLongest = 2.5;
constexpr size_t kMostHalves = static_cast<size_t>(2 * kTile * kLongest * kSlack) + 1;

// What a matched filter for periods sees, period by period of a row, in half pixels, on either side
// of the middle.
class RowOfPeriods {
 public:
  // Row y2, of periods that reach as far. Multiples are met closely enough in whole pixels.
  void Fill(const LagPlane& lags, int y2, int reach2) {
    std::fill_n(right_, reach2 + 1, 0.0f);
    std::fill_n(left_, reach2 + 1, 0.0f);
    std::fill_n(norms_, reach2 + 1, 0.0f);
    for (int j = 1; j <= kMultiples; ++j) {
      const size_t row = static_cast<size_t>(j * y2 + 1) / 2;
      if (row > lags.reach_y) return;
      const float* weighted = lags.weighted.Row(row) + lags.reach_x;
      const float* overlap = lags.overlap.Row(row) + lags.reach_x;
      const int inside = std::min(reach2, 2 * static_cast<int>(lags.reach_x) / j);
      for (int x2 = 0; x2 <= inside; ++x2) {
        const ptrdiff_t x = (j * x2 + 1) / 2;
        right_[x2] += weighted[x];
        left_[x2] += weighted[-x];
        norms_[x2] += overlap[x];
      }
    }
  }

  // Calls offer(x2, score) for the scores above `least`.
  template <typename Offer>
  void ForEachAbove(float least, int reach2, Offer offer) const {
    for (int first = 0; first <= reach2; first += kBlock) {
      const int end = std::min(first + kBlock, reach2 + 1);
      if (AnyMayReach(left_, least, first, end) || AnyMayReach(right_, least, first, end)) {
        for (int x2 = first; x2 < end; ++x2) {
          const float root = std::sqrt(norms_[x2] + kLeastNorm);
          if (x2 > 0 && left_[x2] / root > least) offer(-x2, left_[x2] / root);
          if (right_[x2] / root > least) offer(x2, right_[x2] / root);
        }
      }
    }
  }

 private:
  static constexpr int kMultiples = 4;
  static constexpr int kBlock = 16;

  // Whether one of the scores, which take longer, may be as high.
  bool AnyMayReach(const float* sums, float least, int first, int end) const {
    const float square = 0.99f * least * least;
    int any = 0;
    for (int i = first; i < end; ++i) {
      any |= (sums[i] > 0) & (sums[i] * sums[i] > square * (norms_[i] + kLeastNorm));
    }
    return any != 0;
  }

  float right_[kMostHalves + 1], left_[kMostHalves + 1];
  float norms_[kMostHalves + 1];  // the same on either side
};

// The lags that, with their multiples, stand out most.
PeriodList FindPeriods(const LagPlane& lags, ScaleRange range) {
  constexpr float kLeastScore = 2.5f;
  const double near = kTile * range.smallest / kSlack;
  const double far = kTile * std::min(range.largest, kLongest) * kSlack;
  const int reach_x = static_cast<int>(std::min(far, static_cast<double>(lags.reach_x)));
  const int reach_y = static_cast<int>(std::min(far, static_cast<double>(lags.reach_y)));
  PeriodList found;
  RowOfPeriods row;
  for (int y2 = 0; y2 <= 2 * reach_y; ++y2) {
    row.Fill(lags, y2, 2 * reach_x);
    row.ForEachAbove(kLeastScore, 2 * reach_x, [&](int x2, float score) {
      const double length2 = 0.25 * (x2 * x2 + y2 * y2);
      if (length2 < Squared(near) || length2 > Squared(far) || (y2 == 0 && x2 < 0)) return;
      found.Offer({0.5 * x2, 0.5 * y2, score});
    });
  }
  return found;
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
  scores_ = arena.Allocate<float>(std::max({AngleCount(step) * ScaleCount(range, step),
                                            stretches * stretches, kMostPeriods * kMostPeriods}));
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
  const PeriodList periods = FindPeriods(lags, range);
  const double least = 0.7 * range.smallest * range.smallest;
  const double most = 1.4 * range.largest * range.largest;
  std::fill_n(scores_, kMostPeriods * kMostPeriods, kTaken);
  for (size_t a = 0; a < periods.size(); ++a) {
    for (size_t b = a + 1; b < periods.size(); ++b) {
      const Linear m = BasisFrom(periods[a], periods[b]);
      const double determinant = m.Determinant();
      const double longest = std::max(m.xx * m.xx + m.yx * m.yx, m.xy * m.xy + m.yy * m.yy);
      // Neither outside the range nor slanted or stretched beyond belief.
      // Written so that NaN, which periods on one line give, is beyond belief too.
      if (!(determinant >= least && determinant <= most && determinant >= 0.5 * longest)) continue;
      scores_[a * kMostPeriods + b] = LatticeScore(lags, m);
    }
  }
  for (size_t tries = 0, before = found_; tries < kPairTries && found_ < before + kPairs; ++tries) {
    float* best = std::max_element(scores_, scores_ + kMostPeriods * kMostPeriods);
    if (*best <= kTaken) return;
    *best = kTaken;
    const size_t index = static_cast<size_t>(best - scores_);
    Add(lags, BasisFrom(periods[index / kMostPeriods], periods[index % kMostPeriods]));
  }
}

}  // namespace countermark
