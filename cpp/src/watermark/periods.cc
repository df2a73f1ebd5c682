#include "watermark/periods.h"

#include <algorithm>
#include <cmath>

#include "watermark/format.h"

namespace countermark {
namespace {

double Squared(double value) { return value * value; }

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

}  // namespace

void PeriodList::Offer(const Period& period) {
  constexpr double kApart = 2.5;
  if (size_ == kMost && period.score <= periods_[size_ - 1].score) return;
  size_t place = 0;
  while (place < size_ &&
         Squared(periods_[place].x - period.x) + Squared(periods_[place].y - period.y) >=
             kApart * kApart) {
    ++place;
  }
  if (place < size_ && periods_[place].score >= period.score) return;
  if (place == size_) place = size_ < kMost ? size_++ : size_ - 1;
  for (; place > 0 && periods_[place - 1].score < period.score; --place) {
    periods_[place] = periods_[place - 1];
  }
  periods_[place] = period;
}

PeriodList FindPeriods(const LagPlane& lags, double smallest, double largest) {
  constexpr float kLeastScore = 2.5f;
  const double near = kTile * smallest / kSlack;
  const double far = kTile * std::min(largest, kLongest) * kSlack;
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

}  // namespace countermark
