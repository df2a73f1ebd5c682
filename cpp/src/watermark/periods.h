// Periods of the mark: lags at which, and at whose multiples, the autocorrelation is high.
#ifndef COUNTERMARK_WATERMARK_PERIODS_H_
#define COUNTERMARK_WATERMARK_PERIODS_H_

#include <array>
#include <cstddef>

#include "watermark/autocorrelation.h"

namespace countermark {

struct Period {
  double x, y;  // pixels of the plane
  float score;
};

// The best periods, best first, no two of them next to each other.
class PeriodList {
 public:
  static constexpr size_t kMost = 48;

  size_t size() const { return size_; }
  const Period& operator[](size_t i) const { return periods_[i]; }
  void Offer(const Period& period);

 private:
  std::array<Period, kMost> periods_;
  size_t size_ = 0;
};

// The lags that, with their multiples, stand out most, for a mark that is magnified as much or a
// little more or less.
PeriodList FindPeriods(const LagPlane& lags, double smallest, double largest);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_PERIODS_H_
