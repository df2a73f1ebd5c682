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

Plane WhitenedAt(const Plane& of, double scale, float floor, Arena& arena) {
  const Size size{
      std::max<size_t>(1, static_cast<size_t>(static_cast<double>(of.width) / scale + 0.5)),
      std::max<size_t>(1, static_cast<size_t>(static_cast<double>(of.height) / scale + 0.5))};
  const Plane whitened = AllocateBorderedPlane(size, arena);
  const Arena::Scope scope(arena);
  Plane luma = of;
  if (size.width != luma.width || size.height != luma.height) {
    // Averaging over areas alone would let fine texture alias into the mark's band.
    const Plane blurred = AllocatePlane(of.size(), arena);
    Blur(of, Gaussian(kAliasFilter * scale), blurred, arena);
    luma = AllocatePlane(size, arena);
    ShrinkPlane(blurred, luma, arena);
  }
  Whiten(luma, floor, whitened, arena);
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
  const ImageView middle{image_.Row(top) + left * BytesPerPixel(image_.format),
                         image_.width - 2 * left,
                         image_.height - 2 * top,
                         image_.stride_bytes,
                         image_.format,
                         image_.plane_stride_bytes};
  const Part part{static_cast<double>(left), static_cast<double>(top),
                  static_cast<double>(middle.width), static_cast<double>(middle.height)};
  return MakePyramid(part, LumaOf(middle, kCanonicalSide), kOfMiddle.range, arena_);
}

Pyramid PictureViews::Grown() {
  const Size picture{image_.width, image_.height};
  const double side = GrownSide(picture);
  if (side == kCanonicalSide) return Whole();
  return MakePyramid(whole_, LumaOf(image_, side), PlanOfGrown(picture).range, arena_);
}

}  // namespace countermark
