#include "watermark/views.h"

#include <algorithm>
#include <cmath>

#include "watermark/blur.h"

namespace countermark {
namespace {

// Planes that are searched for marks smaller than canonical have at most this side.
constexpr double kLargestSide = 2.0 * kCanonicalSide;
constexpr double kHalfStep = 1.189207115002721;  // the fourth root of 2: half of a level
constexpr double kLagOfGrown = 0.5;
// Deviation of the blur before a plane is made smaller, in pixels of the smaller plane.
constexpr double kAliasFilter = 0.5;
// Rows of the smaller plane that are made at once.
constexpr size_t kStrip = 32;

Size Smaller(Size size, double scale) {
  const auto side = [scale](size_t length) {
    return std::max<size_t>(1, static_cast<size_t>(static_cast<double>(length) / scale + 0.5));
  };
  return {side(size.width), side(size.height)};
}

// Fills `to`, which is smaller than `from` by `scale`. read(first, rows) fills rows of the larger
// plane, from row `first` on.
template <typename ReadRows>
void Shrink(Size from, double scale, const Plane& to, Arena& arena, ReadRows read) {
  const Arena::Scope scope(arena);
  // Averaging over areas alone would let fine texture alias into the mark's band.
  const Gaussian gaussian(kAliasFilter * scale);
  const size_t reach = gaussian.taps / 2;
  const size_t most = (kStrip * from.height + to.height - 1) / to.height + 2 + 2 * reach;
  AreaShrinker shrinker(from, to.size(), arena);
  Plane strip = AllocatePlane({from.width, std::min(most, from.height)}, arena);
  Plane blurred = AllocatePlane(strip.size(), arena);
  if (to.data == nullptr) return Blur(strip, gaussian, blurred, arena);
  for (size_t y = 0; y < to.height;) {
    const size_t end = std::min(y + kStrip, to.height), top = shrinker.FirstRow(y);
    const size_t first = top - std::min(top, reach);
    strip.height = blurred.height = std::min(from.height, shrinker.EndRow(end - 1) + reach) - first;
    read(first, strip);
    Blur(strip, gaussian, blurred, arena);
    for (; y < end; ++y) shrinker.MakeRow(blurred, first, y, to.Row(y));
  }
}

}  // namespace

Part WholeOf(Size picture) {
  return {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)};
}

double ScaleOf(size_t level) { return std::exp2(0.5 * static_cast<double>(level)); }

size_t Pyramid::LevelFor(double magnification) {
  const double level = std::round(2 * std::log2(std::max(1.0, magnification)));
  return std::min(static_cast<size_t>(level), kLevels - 1);
}

ScaleRange RangeIn(size_t level, ScaleRange range) {
  const double scale = ScaleOf(level);
  return {level == 0 ? range.smallest : std::max(range.smallest / scale, 1 / kHalfStep),
          std::min(range.largest / scale, kHalfStep)};
}

bool IsEmpty(ScaleRange range) { return range.smallest >= range.largest; }

double GrownSide(Size picture) {
  const double native =
      std::sqrt(static_cast<double>(picture.width) * static_cast<double>(picture.height));
  return std::clamp<double>(native, kCanonicalSide, kLargestSide);
}

Plan PlanOfGrown(Size picture) {
  const double k = GrownSide(picture) / kCanonicalSide;
  return {{std::max(0.7, 0.4 * k), 0.95 * k}, kLagOfGrown};
}

Plane WhitenedAt(const Plane& luma, double scale, float floor, Arena& arena) {
  const Plane whitened = AllocateBorderedPlane(Smaller(luma.size(), scale), arena);
  if (scale == 1) {
    Whiten(luma, floor, whitened, arena);
    return whitened;
  }
  Shrink(luma.size(), scale, whitened, arena, [&](size_t first, const Plane& rows) {
    std::copy_n(luma.Row(first), rows.size().Area(), rows.data);
  });
  Whiten(whitened, floor, whitened, arena);
  return whitened;
}

Plane Pyramid::Level(size_t level, Arena& arena) const {
  const Plane& there = levels[level];
  if (there.data != nullptr || there.width == 0 || picture.width == 0) return there;
  const Plane whitened = AllocateBorderedPlane(there.size(), arena);
  const Arena::Scope scope(arena);
  LumaReader reader({picture.width, picture.height}, first, arena);
  if (level > 0) {
    Shrink(first, ScaleOf(level), whitened, arena,
           [&](size_t row, const Plane& rows) { reader.ReadRows(picture, row, rows); });
  } else if (whitened.data != nullptr) {
    reader.Read(picture, whitened);
  }
  Whiten(whitened, kFineFloor, whitened, arena);
  return whitened;
}

Pyramid MakePyramid(const Part& part, const Plane& luma, ScaleRange range, Arena& arena,
                    const Plane* first) {
  Pyramid pyramid{part, {}};
  for (size_t i = 0; i < kLevels; ++i) {
    if (IsEmpty(RangeIn(i, range))) continue;
    pyramid.levels[i] =
        i == 0 && first != nullptr ? *first : WhitenedAt(luma, ScaleOf(i), kFineFloor, arena);
  }
  return pyramid;
}

PictureViews::PictureViews(const ImageView& image, Arena& arena)
    : image_(image),
      arena_(arena),
      whole_(WholeOf({image.width, image.height})),
      luma_(LumaOf(image, kCanonicalSide)),
      fine_(WhitenedAt(luma_, 1, kFineFloor, arena)) {}

Plane PictureViews::LumaOf(const ImageView& part, double side) {
  const Size picture{part.width, part.height};
  const Size size = ScaledSize(picture, side);
  const Plane luma = AllocatePlane(size, arena_);
  const Arena::Scope scope(arena_);
  LumaReader reader(picture, size, arena_);
  if (luma.data != nullptr) reader.Read(part, luma);
  return luma;
}

Plane PictureViews::InPlace(size_t floor) {
  return floor == 0 ? fine_ : WhitenedAt(luma_, 1, kFloors[floor], arena_);
}

Pyramid PictureViews::Whole() {
  if (!has_pyramid_) pyramid_ = MakePyramid(whole_, luma_, kOfWhole.range, arena_, &fine_);
  has_pyramid_ = true;
  return pyramid_;
}

Pyramid PictureViews::Middle() {
  const size_t left = image_.width / 5, top = image_.height / 5;
  const ImageView middle = image_.Part(left, top, image_.width - 2 * left, image_.height - 2 * top);
  const Part part{static_cast<double>(left), static_cast<double>(top),
                  static_cast<double>(middle.width), static_cast<double>(middle.height)};
  return MakePyramid(part, LumaOf(middle, kCanonicalSide), kOfMiddle.range, arena_);
}

Pyramid PictureViews::Grown() {
  const Size picture{image_.width, image_.height};
  const double side = GrownSide(picture);
  if (side == kCanonicalSide) return Whole();
  Pyramid grown{whole_, {}, image_, ScaledSize(picture, side)};
  for (size_t i = 0; i < kLevels; ++i) {
    if (IsEmpty(RangeIn(i, PlanOfGrown(picture).range))) continue;
    const Size size = Smaller(grown.first, ScaleOf(i));
    grown.levels[i] = {nullptr, size.width, size.height, 0};
  }
  return grown;
}

}  // namespace countermark
