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

// Rows of a plane, from row `begin` on, that is smaller than one of the size `from` by `scale`.
// read(first, rows) fills rows of the larger plane, from row `first` on.
template <typename ReadRows>
void Shrink(Size from, double scale, size_t begin, const Plane& rows, Arena& arena, ReadRows read) {
  const Arena::Scope scope(arena);
  // Averaging over areas alone would let fine texture alias into the mark's band.
  const Gaussian gaussian(kAliasFilter * scale);
  const size_t reach = gaussian.taps / 2;
  const Size to = Smaller(from, scale);
  AreaShrinker shrinker(from, to, arena);
  const size_t most = (kStrip * from.height + to.height - 1) / to.height + 2 + 2 * reach;
  Plane strip = AllocatePlane({from.width, std::min(most, from.height)}, arena);
  Plane blurred = AllocatePlane(strip.size(), arena);
  if (rows.data == nullptr) return Blur(strip, gaussian, blurred, arena);
  const size_t end = begin + rows.height;
  for (size_t y = begin; y < end;) {
    const size_t last = std::min(y + kStrip, end) - 1, top = shrinker.FirstRow(y);
    const size_t first = top - std::min(top, reach);
    strip.height = blurred.height = std::min(from.height, shrinker.EndRow(last) + reach) - first;
    read(first, strip);
    Blur(strip, gaussian, blurred, arena);
    for (; y <= last; ++y) shrinker.MakeRow(blurred, first, y, rows.Row(y - begin));
  }
}

void WhitenAt(const Plane& luma, double scale, float floor, const Plane& out, Arena& arena) {
  if (scale == 1) return Whiten(luma, floor, out, arena);
  Shrink(luma.size(), scale, 0, out, arena, [&](size_t first, const Plane& rows) {
    std::copy_n(luma.Row(first), rows.size().Area(), rows.data);
  });
  Whiten(out, floor, out, arena);
}

}  // namespace

Part WholeOf(Size picture) {
  return {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)};
}

Part MiddleOf(Size picture) {
  const size_t left = picture.width / 5, top = picture.height / 5;
  return {static_cast<double>(left), static_cast<double>(top),
          static_cast<double>(picture.width - 2 * left),
          static_cast<double>(picture.height - 2 * top)};
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
  WhitenAt(luma, scale, floor, whitened, arena);
  return whitened;
}

bool Pyramid::HasPixels(size_t level) const {
  return levels[level].data != nullptr || levels[level].width == 0 || picture.width == 0;
}

void Pyramid::Fill(size_t level, size_t begin, const Plane& rows, Arena& arena) const {
  const Arena::Scope scope(arena);
  LumaReader reader({picture.width, picture.height}, first, arena);
  const auto read = [&](size_t row, const Plane& luma) { reader.ReadRows(picture, row, luma); };
  if (level > 0) {
    Shrink(first, ScaleOf(level), begin, rows, arena, read);
  } else if (rows.data != nullptr) {
    read(begin, rows);
  }
  Whiten(rows, kFineFloor, rows, arena);
}

Plane Pyramid::Level(size_t level, Arena& arena) const {
  if (HasPixels(level)) return levels[level];
  const Plane whitened = AllocateBorderedPlane(levels[level].size(), arena);
  Fill(level, 0, whitened, arena);
  return whitened;
}

Plane Pyramid::Rows(size_t level, size_t begin, size_t end, Arena& arena) const {
  const Plane& whole = levels[level];
  const auto cut = [&](const Plane& plane, size_t row) -> Plane {
    return {plane.data == nullptr ? nullptr : plane.Row(row), plane.width, end - begin,
            plane.stride};
  };
  if (HasPixels(level)) return cut(whole, begin);
  // Rows above and below, by which they are whitened; a part begins where a step does.
  constexpr size_t kAround =
      (kWhiteningReach + kWhiteningStep - 1) / kWhiteningStep * kWhiteningStep;
  const size_t top = begin - std::min(begin, kAround);
  const size_t bottom = std::min(end + kAround, whole.height);
  const Plane rows = AllocatePlane({whole.width, bottom - top}, arena);
  Fill(level, top, rows, arena);
  return cut(rows, begin - top);
}

Pyramid MakePyramid(const Part& part, const Plane& luma, ScaleRange range, Arena& arena) {
  Pyramid pyramid{part, {}};
  for (size_t i = 0; i < kLevels; ++i) {
    if (IsEmpty(RangeIn(i, range))) continue;
    pyramid.levels[i] = WhitenedAt(luma, ScaleOf(i), kFineFloor, arena);
  }
  return pyramid;
}

PictureViews::PictureViews(const ImageView& image, Effort effort, Arena& arena)
    : image_(image), arena_(arena), whole_{WholeOf({image.width, image.height}), {}} {
  whole_.first = ScaledSize({image.width, image.height}, kCanonicalSide);
  const size_t levels = effort == Effort::kFull ? kLevels : 1;
  for (size_t i = 0; i < levels; ++i) {
    if (IsEmpty(RangeIn(i, kOfWhole.range))) continue;
    memory_[i] = arena.Allocate<float>(BorderedSize(Smaller(whole_.first, ScaleOf(i))));
  }
  below_luma_ = arena.used();
  luma_ = LumaOf(image, kCanonicalSide);
  whole_.levels[0] = BorderedPlaneIn(memory_[0], luma_.size());
  Whiten(luma_, kFineFloor, whole_.levels[0], arena);
}

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
  if (floor == 0) return whole_.levels[0];
  if (floor == 1) {
    for (Plane& plane : coarse_) plane = AllocateBorderedPlane(luma_.size(), arena_);
    Whiten(luma_, kFloors + 1, std::size(coarse_), coarse_, arena_);
  }
  return coarse_[floor - 1];
}

Pyramid PictureViews::WholePyramid() {
  for (size_t i = 1; i < kLevels && !is_whole_; ++i) {
    if (IsEmpty(RangeIn(i, kOfWhole.range))) continue;
    whole_.levels[i] = BorderedPlaneIn(memory_[i], Smaller(luma_.size(), ScaleOf(i)));
    WhitenAt(luma_, ScaleOf(i), kFineFloor, whole_.levels[i], arena_);
  }
  if (!is_whole_) arena_.ReleaseTo(below_luma_);
  is_whole_ = true;
  return whole_;
}

Pyramid PictureViews::MiddlePyramid() {
  const Part part = MiddleOf({image_.width, image_.height});
  const ImageView middle =
      image_.Part(static_cast<size_t>(part.left), static_cast<size_t>(part.top),
                  static_cast<size_t>(part.width), static_cast<size_t>(part.height));
  return MakePyramid(part, LumaOf(middle, kCanonicalSide), kOfMiddle.range, arena_);
}

Pyramid PictureViews::GrownPyramid() {
  const Size picture{image_.width, image_.height};
  const double side = GrownSide(picture);
  if (side == kCanonicalSide) return WholePyramid();
  Pyramid grown{whole_.part, {}, image_, ScaledSize(picture, side)};
  for (size_t i = 0; i < kLevels; ++i) {
    if (IsEmpty(RangeIn(i, PlanOfGrown(picture).range))) continue;
    const Size size = Smaller(grown.first, ScaleOf(i));
    grown.levels[i] = {nullptr, size.width, size.height, 0};
  }
  return grown;
}

}  // namespace countermark
