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

// Rows that are averaged side by side: a running mean waits for itself. And columns.
constexpr size_t kRowsAtOnce = 4, kColumnsAtOnce = 16;

Size SizeOf(const LagPlane& lags) { return {2 * lags.reach_x + 1, lags.reach_y + 1}; }

// Frequencies of the band in a transform of this length.
size_t BandIn(size_t length, double outer) {
  return static_cast<size_t>(outer * static_cast<double>(length)) + 1;
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
      band_(BandIn(height_, outer_)),
      // Besides the band's own frequencies, those that its smoothed power comes from.
      fft_({width_, height_, BandIn(width_, outer_) + 2 * radius_ + 1,
            std::max(plane.height, Reach(plane.height, share) + 1), band_ + 2 * radius_},
           arena) {
  lags_.reach_x = Reach(plane.width, share);
  lags_.reach_y = Reach(plane.height, share);
  const size_t columns = fft_.columns();
  half_done_ = arena.Allocate<float>(
      std::max({fft_.half_done_size(), columns * fft_.rows(), BorderedSize(SizeOf(lags_))}));
  lines_ = arena.Allocate<float>(std::max(
      {kRowsAtOnce * (columns + 2 * radius_ + 1), kColumnsAtOnce * height_, SizeOf(lags_).width}));
  sample_ = arena.Allocate<float>(kSampleSize);
}

void Autocorrelation::Take(size_t first, const Plane& whitened) {
  if (half_done_ == nullptr || whitened.data == nullptr) return;
  fft_.TransformRows(whitened.data, whitened.stride, whitened.width, first, whitened.height,
                     half_done_);
}

void Autocorrelation::AddPowers(const LowBins& bins, Arena& arena) {
  const size_t count = fft_.columns() * fft_.rows();
  if (planes_++ == 0) {
    power_ = arena.Allocate<float>(std::max(count, BorderedSize(SizeOf(lags_))));
    if (power_ != nullptr) fft_.TransformColumns(half_done_, size_.height, power_, &bins);
    return;
  }
  const Arena::Scope scope(arena);
  float* const power = arena.Allocate<float>(count);
  if (power == nullptr) return;
  fft_.TransformColumns(half_done_, size_.height, power, &bins);
  for (size_t i = 0; i < count; ++i) power_[i] += power[i];
}

const LagPlane& Autocorrelation::Compute() {
  if (power_ == nullptr) return lags_;
  const Size lags = SizeOf(lags_);
  FlattenSpectrum();
  fft_.InvertColumns(power_, lags.height, half_done_);
  lags_.weighted = BorderedPlaneIn(power_, lags);
  fft_.InvertRows(half_done_, lags.height, lags_.reach_x, lags_.weighted.stride,
                  lags_.weighted.Row(0) + lags_.reach_x);
  lags_.overlap = BorderedPlaneIn(half_done_, lags);
  FillOverlap();
  WeighLags(ScaleOfLags());
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
      begins[k] = fft_.RowOf(rows.first + std::min(y + k, rows.count - 1)) * columns;
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
void Autocorrelation::SmoothDown(float* plane, Rows rows) {
  const size_t columns = fft_.columns(), radius = std::min(radius_, (height_ - 1) / 2);
  const double scale = 1.0 / static_cast<double>(2 * radius + 1);
  for (size_t first = 0; first < columns; first += kColumnsAtOnce) {
    const size_t count = std::min(kColumnsAtOnce, columns - first);
    // As they were before.
    const auto line = [&](size_t y) { return lines_ + y % height_ * kColumnsAtOnce; };
    const size_t begin = rows.first + height_ - radius;
    for (size_t y = begin; y < begin + std::min(rows.count + 2 * radius, height_); ++y) {
      std::copy_n(plane + fft_.RowOf(y) * columns + first, count, line(y));
    }
    double sums[kColumnsAtOnce] = {};
    for (size_t y = begin; y < begin + 2 * radius + 1; ++y) {
      for (size_t x = 0; x < count; ++x) sums[x] += static_cast<double>(line(y)[x]);
    }
    for (size_t y = rows.first; y < rows.first + rows.count; ++y) {
      const float* entering = line(y + radius + 1);  // at the last row, of no matter what
      const float* leaving = line(y + height_ - radius);
      float* mean = plane + fft_.RowOf(y) * columns + first;
      for (size_t x = 0; x < count; ++x) {
        mean[x] = static_cast<float>(sums[x] * scale);
        sums[x] += static_cast<double>(entering[x] - leaving[x]);
      }
    }
  }
}

void Autocorrelation::Smooth() {
  // Only the band's rows are asked for, and what they are made of.
  const Rows near = RowsWithin(band_ + radius_);
  float* smooth = half_done_;
  SmoothAcross(power_, RowsWithin(band_ + 2 * radius_), smooth);
  SmoothDown(smooth, near);
  SmoothAcross(smooth, near, smooth);
  SmoothDown(smooth, RowsWithin(band_));
}

// power /= its smoothed self within the band, = 0 elsewhere.
void Autocorrelation::FlattenSpectrum() {
  const size_t columns = fft_.columns();
  Smooth();
  const Rows rows = RowsWithin(band_ + 2 * radius_);
  for (size_t i = rows.first; i < rows.first + rows.count; ++i) {
    const size_t y = i % height_;
    const double fy = static_cast<double>(std::min(y, height_ - y)) / static_cast<double>(height_);
    const auto square = [&](size_t x) {
      const double fx = static_cast<double>(x) / static_cast<double>(width_);
      return fx * fx + fy * fy;
    };
    float* power = power_ + fft_.RowOf(y) * columns;
    const float* smooth = half_done_ + fft_.RowOf(y) * columns;
    size_t x = 0;
    for (; x < columns && square(x) < inner_ * inner_; ++x) power[x] = 0;
    for (; x < columns && square(x) <= outer_ * outer_; ++x) power[x] /= smooth[x] + 1e-9f;
    std::fill(power + x, power + columns, 0.0f);
  }
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
    sample_[sampled++] = std::fabs(lags_.weighted.Row(dy)[x] / std::sqrt(overlap));
  }
  if (sampled == 0) return 0;
  std::nth_element(sample_, sample_ + sampled / 2, sample_ + sampled);
  // The median of a normal variable's magnitude is 0.6745 deviations.
  return 0.6745f / (sample_[sampled / 2] + 1e-30f);
}

// Correlations over the root of their overlap are clipped, then multiplied by it.
void Autocorrelation::WeighLags(float scale) {
  for (size_t dy = 0; dy <= lags_.reach_y; ++dy) {
    const float* overlap = lags_.overlap.Row(dy);
    float* weighted = lags_.weighted.Row(dy);
    for (size_t i = 0; i < lags_.weighted.width; ++i) {
      const float root = std::sqrt(overlap[i]);
      weighted[i] = std::min(std::max(weighted[i] * scale, kLowest * root), kHighest * root);
    }
  }
}

}  // namespace countermark
