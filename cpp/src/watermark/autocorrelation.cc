#include "watermark/autocorrelation.h"

#include <algorithm>
#include <cmath>

#include "watermark/format.h"

namespace countermark {
namespace {

// Lags whose overlap is smaller than this share of the plane say nothing.
constexpr float kLeastOverlap = 0.02f;
constexpr float kLowest = -3.0f, kHighest = 12.0f;
constexpr size_t kSampleSize = 16384;

size_t Reach(size_t length, double share) {
  return static_cast<size_t>(share * static_cast<double>(length));
}

// Rows that are averaged side by side: a running mean waits for itself.
constexpr size_t kRowsAtOnce = 4;

// The columns that tell about the band: its own, and those that its smoothed power comes from.
size_t ColumnsFor(size_t width, double outer, size_t radius) {
  return static_cast<size_t>(outer * static_cast<double>(width)) + 2 * radius + 2;
}

}  // namespace

Size PeriodFor(Size plane, double share) {
  return {LaneFft::FastLength(plane.width + Reach(plane.width, share)),
          LaneFft::FastLength(plane.height + Reach(plane.height, share))};
}

double OutermostFrequency(double smallest) {
  return std::min(0.5, 1.1 * std::sqrt(static_cast<double>(kBandOuter2)) / (kTile * smallest));
}

Autocorrelation::Autocorrelation(Size plane, double share, double smallest, double largest,
                                 Arena& arena)
    : size_(plane),
      inner_(0.8 * std::sqrt(static_cast<double>(kBandInner2)) / (kTile * largest)),
      outer_(OutermostFrequency(smallest)),
      width_(PeriodFor(plane, share).width),
      height_(PeriodFor(plane, share).height),
      radius_(std::max<size_t>(3, std::max(width_, height_) / 50)),
      fft_({width_, height_, ColumnsFor(width_, outer_, radius_),
            std::max(plane.height, Reach(plane.height, share) + 1)},
           arena) {
  const size_t columns = fft_.columns();
  lags_.reach_x = Reach(plane.width, share);
  lags_.reach_y = Reach(plane.height, share);
  const Size lags{2 * lags_.reach_x + 1, lags_.reach_y + 1};
  power_ = arena.Allocate<float>(columns * height_);
  smooth_ = arena.Allocate<float>(columns * height_);
  correlation_ = arena.Allocate<float>(std::max(lags.height * width_, columns * height_));
  lines_ = arena.Allocate<float>(std::max(kRowsAtOnce * (columns + 2 * radius_ + 1), lags.width));
  sums_ = arena.Allocate<double>(columns);
  sample_ = arena.Allocate<float>(kSampleSize);
  lags_.weighted = AllocateBorderedPlane(lags, arena);
  lags_.overlap = AllocateBorderedPlane(lags, arena);
}

const LagPlane& Autocorrelation::Compute(const Plane& whitened, const LowBins& bins) {
  fft_.Power(whitened.data, whitened.stride, whitened.width, whitened.height, power_, &bins);
  FlattenSpectrum();
  fft_.Plane(power_, lags_.reach_y + 1, correlation_);
  FillOverlap();
  FillLags(ScaleOfLags());
  return lags_;
}

Autocorrelation::Rows Autocorrelation::RowsWithin(size_t reach) const {
  if (2 * reach + 1 >= height_) return {0, height_};
  return {height_ - reach, 2 * reach + 1};
}

// Running means along rows, which mirror themselves at frequency 0 and at the highest.
void Autocorrelation::SmoothAcross(const float* in, Rows rows, float* out) {
  const size_t columns = fft_.columns(), last = columns - 1;
  const ptrdiff_t radius = static_cast<ptrdiff_t>(radius_);
  const double scale = 1.0 / static_cast<double>(2 * radius_ + 1);
  for (size_t y = 0; y < rows.count; y += kRowsAtOnce) {
    size_t begins[kRowsAtOnce];
    for (size_t k = 0; k < kRowsAtOnce; ++k) {
      begins[k] = (rows.first + std::min(y + k, rows.count - 1)) % height_ * columns;
    }
    for (ptrdiff_t i = -radius; i <= static_cast<ptrdiff_t>(columns) + radius; ++i) {
      const size_t around = static_cast<size_t>(std::abs(i)) % (2 * last);
      const size_t from = around > last ? 2 * last - around : around;
      float* line = lines_ + static_cast<size_t>(i + radius) * kRowsAtOnce;
      for (size_t k = 0; k < kRowsAtOnce; ++k) line[k] = in[begins[k] + from];
    }
    double sum[kRowsAtOnce] = {};
    for (size_t i = 0; i < (2 * radius_ + 1) * kRowsAtOnce; ++i) {
      sum[i % kRowsAtOnce] += static_cast<double>(lines_[i]);
    }
    const float* leaving = lines_;
    const float* entering = lines_ + (2 * radius_ + 1) * kRowsAtOnce;
    for (size_t x = 0; x < columns; ++x) {
      for (size_t k = 0; k < kRowsAtOnce; ++k) {
        out[begins[k] + x] = static_cast<float>(sum[k] * scale);
        sum[k] += static_cast<double>(entering[x * kRowsAtOnce + k] - leaving[x * kRowsAtOnce + k]);
      }
    }
  }
}

// Running means along columns, which are circles.
void Autocorrelation::SmoothDown(const float* in, Rows rows, float* out) {
  const size_t columns = fft_.columns(), radius = std::min(radius_, (height_ - 1) / 2);
  const double scale = 1.0 / static_cast<double>(2 * radius + 1);
  const auto row = [&](size_t y) { return in + y % height_ * columns; };
  std::fill_n(sums_, columns, 0.0);
  for (size_t i = 0; i < 2 * radius + 1; ++i) {
    const float* entering = row(rows.first + i + height_ - radius);
    for (size_t x = 0; x < columns; ++x) sums_[x] += static_cast<double>(entering[x]);
  }
  for (size_t y = rows.first; y < rows.first + rows.count; ++y) {
    const float* entering = row(y + radius + 1);
    const float* leaving = row(y + height_ - radius);
    float* mean = out + y % height_ * columns;
    for (size_t x = 0; x < columns; ++x) {
      mean[x] = static_cast<float>(sums_[x] * scale);
      sums_[x] += static_cast<double>(entering[x] - leaving[x]);
    }
  }
}

void Autocorrelation::Smooth() {
  // Only the band's rows are asked for, and what they are made of.
  const size_t band = static_cast<size_t>(outer_ * static_cast<double>(height_)) + 1;
  const Rows near = RowsWithin(band + radius_);
  // There are no correlations yet.
  SmoothAcross(power_, RowsWithin(band + 2 * radius_), correlation_);
  SmoothDown(correlation_, near, smooth_);
  SmoothAcross(smooth_, near, correlation_);
  SmoothDown(correlation_, RowsWithin(band), smooth_);
}

// power /= its smoothed self within the band, = 0 elsewhere.
void Autocorrelation::FlattenSpectrum() {
  const size_t columns = fft_.columns();
  Smooth();
  for (size_t y = 0; y < height_; ++y) {
    const double fy = static_cast<double>(std::min(y, height_ - y)) / static_cast<double>(height_);
    const auto square = [&](size_t x) {
      const double fx = static_cast<double>(x) / static_cast<double>(width_);
      return fx * fx + fy * fy;
    };
    float* power = power_ + y * columns;
    const float* smooth = smooth_ + y * columns;
    size_t x = 0;
    for (; x < columns && square(x) < inner_ * inner_; ++x) power[x] = 0;
    for (; x < columns && square(x) <= outer_ * outer_; ++x) power[x] /= smooth[x] + 1e-9f;
    std::fill(power + x, power + columns, 0.0f);
  }
}

const float* Autocorrelation::LeftOf(size_t dy) const {
  return correlation_ + dy * width_ + width_ - lags_.reach_x;
}

const float* Autocorrelation::RightOf(size_t dy) const {
  return correlation_ + dy * width_ - lags_.reach_x;
}

void Autocorrelation::FillOverlap() {
  const size_t count = lags_.overlap.width;
  const float width = static_cast<float>(size_.width), height = static_cast<float>(size_.height);
  for (size_t i = 0; i < count; ++i) {
    const size_t dx = i < lags_.reach_x ? lags_.reach_x - i : i - lags_.reach_x;
    lines_[i] = 1 - static_cast<float>(dx) / width;
  }
  for (size_t dy = 0; dy <= lags_.reach_y; ++dy) {
    const float down = 1 - static_cast<float>(dy) / height;
    float* row = lags_.overlap.Row(dy);
    for (size_t i = 0; i < count; ++i) {
      const float overlap = down * lines_[i];
      row[i] = overlap >= kLeastOverlap ? overlap : 0.0f;
    }
  }
  lags_.overlap.Row(0)[lags_.reach_x] = 0;
}

float Autocorrelation::ScaleOfLags() {
  const Size size = lags_.overlap.size();
  const size_t every = size.Area() / kSampleSize + 1;
  size_t sampled = 0;
  for (size_t i = every - 1; i < size.Area(); i += every) {
    const size_t dy = i / size.width, x = i % size.width;
    const float overlap = lags_.overlap.Row(dy)[x];
    if (overlap == 0) continue;
    const float correlation = (x < lags_.reach_x ? LeftOf(dy) : RightOf(dy))[x];
    sample_[sampled++] = std::fabs(correlation / std::sqrt(overlap));
  }
  if (sampled == 0) return 0;
  std::nth_element(sample_, sample_ + sampled / 2, sample_ + sampled);
  // The median of a normal variable's magnitude is 0.6745 deviations.
  return 0.6745f / (sample_[sampled / 2] + 1e-30f);
}

void Autocorrelation::FillLags(float scale) {
  // Correlations over the root of their overlap are clipped, then multiplied by it.
  const auto fill = [scale](const float* correlation, const float* overlap, size_t first,
                            size_t end, float* weighted) {
    for (size_t i = first; i < end; ++i) {
      const float root = std::sqrt(overlap[i]);
      weighted[i] = std::min(std::max(correlation[i] * scale, kLowest * root), kHighest * root);
    }
  };
  for (size_t dy = 0; dy <= lags_.reach_y; ++dy) {
    const float* overlap = lags_.overlap.Row(dy);
    float* weighted = lags_.weighted.Row(dy);
    fill(LeftOf(dy), overlap, 0, lags_.reach_x, weighted);
    fill(RightOf(dy), overlap, lags_.reach_x, lags_.weighted.width, weighted);
  }
}

}  // namespace countermark
