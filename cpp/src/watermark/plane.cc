#include "watermark/plane.h"

#include <algorithm>
#include <cmath>

#include "kernels/area.h"
#include "kernels/filter.h"
#include "kernels/luma.h"

namespace countermark {
namespace {

// Positions along an axis are counted in 1/256 pixel.
constexpr uint64_t kSteps = 256;

// Where area `i` of `areas` over `pixels` pixels begins.
uint32_t Edge(size_t i, size_t pixels, size_t areas) {
  return static_cast<uint32_t>((2 * kSteps * i * pixels + areas) / (2 * areas));
}

size_t Clamped(ptrdiff_t index, size_t count) {
  return static_cast<size_t>(std::clamp<ptrdiff_t>(index, 0, static_cast<ptrdiff_t>(count) - 1));
}

// The part of [begin, end) that lies left of `position`, in 1/256 of the whole.
uint32_t Share(uint64_t position, uint64_t begin, uint64_t end) {
  return static_cast<uint32_t>(
      (2 * kSteps * (std::clamp(position, begin, end) - begin) + (end - begin)) /
      (2 * (end - begin)));
}

}  // namespace

Plane AllocatePlane(Size size, Arena& arena) {
  return {arena.Allocate<float>(size.Area()), size.width, size.height, size.width};
}

Plane AllocateBorderedPlane(Size size, Arena& arena) {
  return BorderedPlaneIn(arena.Allocate<float>(BorderedSize(size)), size);
}

size_t BorderedSize(Size size) { return (size.width + 3) * (size.height + 3) + 1; }

Plane BorderedPlaneIn(float* memory, Size size) {
  const size_t stride = size.width + 3;
  if (memory == nullptr) return {nullptr, size.width, size.height, stride};
  std::fill_n(memory, BorderedSize(size), 0.0f);
  return {memory + stride + 1, size.width, size.height, stride};
}

Size ScaledSize(Size picture, double side) {
  const double w = static_cast<double>(picture.width), h = static_cast<double>(picture.height);
  const double scale = side / std::sqrt(w * h);
  return {std::max<size_t>(1, static_cast<size_t>(w * scale + 0.5)),
          std::max<size_t>(1, static_cast<size_t>(h * scale + 0.5))};
}

CubicWeights::CubicWeights(double fraction) {
  const double t = fraction, t2 = t * t, t3 = t2 * t;
  weight[0] = static_cast<float>(-0.5 * t3 + t2 - 0.5 * t);
  weight[1] = static_cast<float>(1.5 * t3 - 2.5 * t2 + 1.0);
  weight[2] = static_cast<float>(-1.5 * t3 + 2.0 * t2 + 0.5 * t);
  weight[3] = static_cast<float>(0.5 * t3 - 0.5 * t2);
}

LumaReader::LumaReader(Size picture, Size plane, Arena& arena)
    : size_(plane),
      grows_(plane.Area() > picture.Area()),
      luma_(arena.Allocate<uint8_t>(picture.width)) {
  if (grows_) {
    rows_ = arena.Allocate<float>(picture.Area());
    between_ = arena.Allocate<float>(picture.width);
    across_ = arena.Allocate<CubicTaps>(plane.width);
  } else {
    // An area touches its width in whole pixels and one at either end.
    const size_t touched = picture.width / plane.width + 2;
    taps_ = (touched + kAreaTaps - 1) / kAreaTaps * kAreaTaps;
    sums_ = arena.Allocate<uint16_t>(picture.width + taps_);
    first_ = arena.Allocate<uint32_t>(plane.width);
    widths_ = arena.Allocate<int32_t>(plane.width);
    scales_ = arena.Allocate<float>(plane.width);
    weights_ = arena.Allocate<int16_t>(plane.width * taps_);
  }
}

void LumaReader::ReadRows(const ImageView& image, size_t first, const Plane& rows) {
  if (grows_) {
    Interpolate(image, first, rows);
  } else {
    Average(image, first, rows);
  }
}

const uint8_t* LumaReader::ReadLuma(const ImageView& image, size_t y) {
  if (image.format == PixelFormat::kGray8) return image.Row(y);
  LumaRow(image.Row(y), image.plane_stride_bytes, image.format, image.width, luma_);
  return luma_;
}

void LumaReader::PlaceAreas(size_t pixels, size_t areas) {
  static_assert(kSteps == 256);
  for (size_t i = 0; i < areas; ++i) {
    const uint32_t left = Edge(i, pixels, areas), right = Edge(i + 1, pixels, areas);
    first_[i] = static_cast<uint32_t>(left / kSteps);
    widths_[i] = static_cast<int32_t>(right - left);
    scales_[i] = 1.0f / (256.0f * static_cast<float>(widths_[i]));
    for (size_t t = 0; t < taps_; ++t) {
      const uint64_t begin = (first_[i] + t) * kSteps;
      const uint64_t covered = std::clamp<uint64_t>(right, begin, begin + kSteps) -
                               std::clamp<uint64_t>(left, begin, begin + kSteps);
      weights_[i * taps_ + t] = static_cast<int16_t>(covered);
    }
  }
}

void LumaReader::Average(const ImageView& image, size_t first, const Plane& rows) {
  PlaceAreas(image.width, size_.width);
  // The sums hold 256 times the luma, the areas count 256 steps a pixel.
  static_assert(kSteps == 256);
  const AreaTaps areas{size_.width, taps_, first_, widths_, scales_, weights_};
  std::fill_n(sums_ + image.width, taps_, kAreaSumsBegin);
  size_t read = image.height;  // the row whose luma this is
  const uint8_t* luma = nullptr;
  for (size_t y = first; y < first + rows.height; ++y) {
    const uint64_t top = Edge(y, image.height, size_.height);
    const uint64_t bottom = Edge(y + 1, image.height, size_.height);
    std::fill_n(sums_, image.width, kAreaSumsBegin);
    for (size_t row = top / kSteps; row * kSteps < bottom; ++row) {
      if (row != read) luma = ReadLuma(image, row);
      read = row;
      const uint32_t weight =
          Share((row + 1) * kSteps, top, bottom) - Share(row * kSteps, top, bottom);
      AddWeightedRow(luma, static_cast<uint16_t>(weight), image.width, sums_);
    }
    AverageAreas(sums_, areas, rows.Row(y - first));
  }
}

void LumaReader::Interpolate(const ImageView& image, size_t first, const Plane& rows) {
  const double step_x = static_cast<double>(image.width) / static_cast<double>(size_.width);
  for (size_t x = 0; x < size_.width; ++x) {
    const double at = (static_cast<double>(x) + 0.5) * step_x - 0.5;
    const double left = std::floor(at);
    const CubicWeights horizontal(at - left);
    for (int t = 0; t < 4; ++t) {
      const size_t sample = Clamped(static_cast<ptrdiff_t>(left) + t - 1, image.width);
      across_[x].sample[t] = static_cast<uint32_t>(sample);
      across_[x].weight[t] = horizontal.weight[t];
    }
  }
  const double step_y = static_cast<double>(image.height) / static_cast<double>(size_.height);
  size_t next = 0;  // row of the picture that has not been read
  for (size_t y = first; y < first + rows.height; ++y) {
    const double at = (static_cast<double>(y) + 0.5) * step_y - 0.5;
    const double whole = std::floor(at);
    const CubicWeights vertical(at - whole);
    const float* taps[4];
    for (int t = 0; t < 4; ++t) {
      const size_t row = Clamped(static_cast<ptrdiff_t>(whole) + t - 1, image.height);
      if (y == first && t == 0) next = row;
      for (; next <= row; ++next) {
        std::copy_n(ReadLuma(image, next), image.width, rows_ + next * image.width);
      }
      taps[t] = rows_ + row * image.width;
    }
    WeightedSum(taps, vertical.weight, 4, image.width, between_);
    for (size_t x = 0; x < size_.width; ++x) {
      const CubicTaps& at_x = across_[x];
      float sum = 0;
      for (int t = 0; t < 4; ++t) sum += at_x.weight[t] * between_[at_x.sample[t]];
      rows.Row(y - first)[x] = sum;
    }
  }
}

AreaShrinker::AreaShrinker(Size from, Size to, Arena& arena)
    : from_(from),
      to_(to),
      sums_(arena.Allocate<float>(from.width + 1)),
      covers_(arena.Allocate<Cover>(to.width)) {
  if (covers_ == nullptr) return;
  for (size_t x = 0; x < to.width; ++x) {
    const uint32_t left = Edge(x, from.width, to.width);
    const uint32_t right = Edge(x + 1, from.width, to.width);
    covers_[x] = {static_cast<uint32_t>(left / kSteps), static_cast<uint32_t>(right / kSteps),
                  static_cast<float>(left % kSteps), static_cast<float>(right % kSteps),
                  static_cast<float>(right - left)};
  }
}

size_t AreaShrinker::FirstRow(size_t y) const { return Edge(y, from_.height, to_.height) / kSteps; }

size_t AreaShrinker::EndRow(size_t y) const {
  return (Edge(y + 1, from_.height, to_.height) + kSteps - 1) / kSteps;
}

void AreaShrinker::MakeRow(const Plane& strip, size_t first, size_t y, float* out) {
  const float steps = static_cast<float>(kSteps);
  const uint64_t top = Edge(y, from_.height, to_.height);
  const uint64_t bottom = Edge(y + 1, from_.height, to_.height);
  std::fill_n(sums_, from_.width + 1, 0.0f);
  for (size_t row = FirstRow(y); row < EndRow(y); ++row) {
    const uint64_t inside = std::min((row + 1) * kSteps, bottom) - std::max(row * kSteps, top);
    const float* taps[2] = {sums_, strip.Row(row - first)};
    const float weights[2] = {1.0f, static_cast<float>(inside) / static_cast<float>(bottom - top)};
    WeightedSum(taps, weights, 2, from_.width, sums_);
  }
  for (size_t x = 0; x < to_.width; ++x) {
    const Cover& cover = covers_[x];
    float sum = -sums_[cover.first] * cover.left + sums_[cover.last] * cover.right;
    for (uint32_t i = cover.first; i < cover.last; ++i) sum += sums_[i] * steps;
    out[x] = sum / cover.width;
  }
}

}  // namespace countermark
