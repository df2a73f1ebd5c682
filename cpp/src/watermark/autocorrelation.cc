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

// Running mean over 2 radius + 1 values, `stride` apart, around a circle.
void CircularMean(const float* in, size_t count, size_t stride, size_t radius, float* out) {
  const auto at = [&](size_t i) { return in[(i % count) * stride]; };
  double sum = 0;
  for (size_t i = 0; i < 2 * radius + 1; ++i) sum += at(i + count - radius);
  const double scale = 1.0 / static_cast<double>(2 * radius + 1);
  for (size_t i = 0; i < count; ++i) {
    out[i * stride] = static_cast<float>(sum * scale);
    sum += at(i + radius + 1) - at(i + count - radius);
  }
}

// Running mean along a row that ends where it begins to mirror itself (frequency 0 and the
// highest).
void MirroredMean(const float* in, size_t count, size_t radius, float* out) {
  const size_t last = count - 1;
  const auto at = [&](ptrdiff_t i) {
    size_t j = static_cast<size_t>(std::abs(i)) % (2 * last);
    return in[j > last ? 2 * last - j : j];
  };
  const ptrdiff_t r = static_cast<ptrdiff_t>(radius);
  double sum = 0;
  for (ptrdiff_t i = -r; i <= r; ++i) sum += at(i);
  const double scale = 1.0 / static_cast<double>(2 * radius + 1);
  for (size_t i = 0; i < count; ++i) {
    out[i] = static_cast<float>(sum * scale);
    const ptrdiff_t here = static_cast<ptrdiff_t>(i);
    sum += at(here + r + 1) - at(here - r);
  }
}

}  // namespace

Autocorrelation::Autocorrelation(Size plane, double share, Arena& arena)
    : fft_(PlaneFft::FastLength(plane.width + Reach(plane.width, share)),
           PlaneFft::FastLength(plane.height + Reach(plane.height, share)), arena),
      padded_(arena.Allocate<float>(fft_.width() * fft_.height())),
      spectrum_(arena.Allocate<std::complex<float>>(fft_.columns() * fft_.height())),
      power_(arena.Allocate<float>(fft_.columns() * fft_.height())),
      smooth_(arena.Allocate<float>(fft_.columns() * fft_.height())),
      sample_(arena.Allocate<float>(kSampleSize)) {
  lags_.reach_x = Reach(plane.width, share);
  lags_.reach_y = Reach(plane.height, share);
  const Size lags{2 * lags_.reach_x + 1, lags_.reach_y + 1};
  lags_.plane = AllocateBorderedPlane(lags, arena);
  lags_.weighted = AllocateBorderedPlane(lags, arena);
  lags_.overlap = AllocateBorderedPlane(lags, arena);
}

// spectrum = |spectrum|^2 / its smoothed self within the band, zero elsewhere.
void Autocorrelation::FlattenSpectrum(double inner, double outer) {
  const size_t columns = fft_.columns(), height = fft_.height();
  for (size_t i = 0; i < columns * height; ++i) power_[i] = std::norm(spectrum_[i]);
  const size_t radius = std::max<size_t>(3, std::max(fft_.width(), height) / 50);
  for (size_t pass = 0; pass < 2; ++pass) {
    const float* from = pass == 0 ? power_ : smooth_;
    for (size_t y = 0; y < height; ++y) {
      // `padded_` is free between the transforms.
      MirroredMean(from + y * columns, columns, radius, padded_ + y * columns);
    }
    for (size_t x = 0; x < columns; ++x) {
      CircularMean(padded_ + x, height, columns, radius, smooth_ + x);
    }
  }
  for (size_t y = 0; y < height; ++y) {
    const double fy = static_cast<double>(std::min(y, height - y)) / static_cast<double>(height);
    for (size_t x = 0; x < columns; ++x) {
      const double fx = static_cast<double>(x) / static_cast<double>(fft_.width());
      const double f2 = fx * fx + fy * fy;
      const size_t i = y * columns + x;
      const bool inside = f2 >= inner * inner && f2 <= outer * outer;
      spectrum_[i] = inside ? power_[i] / (smooth_[i] + 1e-9f) : 0.0f;
    }
  }
}

const LagPlane& Autocorrelation::Compute(const Plane& whitened, double smallest, double largest) {
  std::fill_n(padded_, fft_.width() * fft_.height(), 0.0f);
  for (size_t y = 0; y < whitened.height; ++y) {
    std::copy_n(whitened.Row(y), whitened.width, padded_ + y * fft_.width());
  }
  fft_.Forward(padded_, spectrum_);
  const double inner = std::sqrt(static_cast<double>(kBandInner2)) / kTile;
  const double outer = std::sqrt(static_cast<double>(kBandOuter2)) / kTile;
  FlattenSpectrum(0.8 * inner / largest, std::min(0.5, 1.1 * outer / smallest));
  fft_.Inverse(spectrum_, padded_);

  FillLags(whitened.size());
  return lags_;
}

void Autocorrelation::FillLags(Size plane) {
  const ptrdiff_t reach_x = static_cast<ptrdiff_t>(lags_.reach_x);
  const float width = static_cast<float>(plane.width), height = static_cast<float>(plane.height);
  size_t sampled = 0, seen = 0;
  const size_t every = lags_.plane.size().Area() / kSampleSize + 1;
  for (size_t dy = 0; dy <= lags_.reach_y; ++dy) {
    const float* correlation = padded_ + dy * fft_.width();
    for (ptrdiff_t dx = -reach_x; dx <= reach_x; ++dx) {
      const size_t column =
          static_cast<size_t>(dx < 0 ? dx + static_cast<ptrdiff_t>(fft_.width()) : dx);
      const float overlap =
          (1 - static_cast<float>(dy) / height) * (1 - static_cast<float>(std::abs(dx)) / width);
      const bool tells = overlap >= kLeastOverlap && (dx != 0 || dy != 0);
      const float value = tells ? correlation[column] / std::sqrt(overlap) : 0.0f;
      lags_.plane.Row(dy)[dx + reach_x] = value;
      lags_.overlap.Row(dy)[dx + reach_x] = tells ? overlap : 0.0f;
      if (++seen % every == 0 && tells && sampled < kSampleSize) {
        sample_[sampled++] = std::fabs(value);
      }
    }
  }
  float scale = 0;
  if (sampled > 0) {
    std::nth_element(sample_, sample_ + sampled / 2, sample_ + sampled);
    // The median of a normal variable's magnitude is 0.6745 deviations.
    scale = 0.6745f / (sample_[sampled / 2] + 1e-30f);
  }
  for (size_t dy = 0; dy <= lags_.reach_y; ++dy) {
    float* row = lags_.plane.Row(dy);
    for (size_t i = 0; i < lags_.plane.width; ++i) {
      row[i] = std::clamp(row[i] * scale, kLowest, kHighest);
      lags_.weighted.Row(dy)[i] = row[i] * std::sqrt(lags_.overlap.Row(dy)[i]);
    }
  }
}

}  // namespace countermark
