// The planes of a picture in which its mark is looked for.
#ifndef COUNTERMARK_WATERMARK_VIEWS_H_
#define COUNTERMARK_WATERMARK_VIEWS_H_

#include <iterator>

#include "base/arena.h"
#include "base/image.h"
#include "watermark/detect.h"
#include "watermark/geometry.h"
#include "watermark/lattice.h"
#include "watermark/plane.h"
#include "watermark/whitening.h"

namespace countermark {

// The levels of a pyramid are half an octave apart.
inline constexpr size_t kLevels = 5;

// By how much a level is smaller than the first.
double ScaleOf(size_t level);

// Part of a picture at several sizes, whitened, so that marks of any magnification appear about
// canonical. A level has no size where no mark is looked for.
struct Pyramid {
  Part part;
  Plane levels[kLevels];
  // Where levels have no pixels yet: what they are made from, and the size of the first.
  ImageView picture{};
  Size first{};

  // With its pixels, which are made in the arena if they are not there.
  Plane Level(size_t level, Arena& arena) const;
  // Rows of a level; likewise, without a border. `begin` is a multiple of kWhiteningStep.
  Plane Rows(size_t level, size_t begin, size_t end, Arena& arena) const;

  // The level in which a mark of this magnification in the first appears about canonical.
  static size_t LevelFor(double magnification);

 private:
  bool HasPixels(size_t level) const;
  // Whitened.
  void Fill(size_t level, size_t begin, const Plane& rows, Arena& arena) const;
};

// Views of the same part that show a mark each in its own way, as a movie's mark that moves from
// time to time does: what they show of its lattice adds up, pixel by pixel they do not.
struct Layers {
  static constexpr size_t kMost = 3;

  Layers() = default;
  explicit Layers(const Pyramid& only) : pyramids{only} {}

  Pyramid pyramids[kMost];
  size_t count = 1;
};

// How a lattice is searched for.
struct Plan {
  ScaleRange range;    // in the first level
  double longest_lag;  // of the plane's sides
};

// The magnifications within the range that are looked for in this level, in its own pixels; the
// first level also takes those that are smaller.
ScaleRange RangeIn(size_t level, ScaleRange range);
bool IsEmpty(ScaleRange range);

// The whole picture; its middle, where perspective is nearly affine and what surrounds a picture is
// cut off; and the whole in a plane as fine as the picture, where a grown canvas makes the mark
// look smaller.
inline constexpr Plan kOfWhole{{0.9, 3.6}, 0.9}, kOfMiddle{{0.7, 2.6}, 0.9};
Plan PlanOfGrown(Size picture);
// Sides of the planes: the whole's, and the grown canvas's.
double GrownSide(Size picture);

class Views {
 public:
  // With the levels of kOfWhole, kOfMiddle and PlanOfGrown. Those of the last are large, and may be
  // without pixels.
  virtual Layers Whole() = 0;
  virtual Layers Middle() = 0;
  virtual Layers Grown() = 0;

 protected:
  ~Views() = default;
};

// In which a mark may also be where it was embedded.
class PlacedViews : public Views {
 public:
  // The whole picture at canonical size, whitened at one of kFloors; one is asked for after the
  // other. The first level of the whole is InPlace(0).
  virtual Plane InPlace(size_t floor) = 0;

 protected:
  ~PlacedViews() = default;
};

Part WholeOf(Size picture);
Part MiddleOf(Size picture);

// `luma` made smaller by `scale` and whitened.
Plane WhitenedAt(const Plane& luma, double scale, float floor, Arena& arena);

// With the levels in which marks of these magnifications are looked for.
Pyramid MakePyramid(const Part& part, const Plane& luma, ScaleRange range, Arena& arena);

// Of one picture, made when they are asked for; they stay in the arena.
class PictureViews final : public PlacedViews {
 public:
  // `image` must outlive it.
  PictureViews(const ImageView& image, Effort effort, Arena& arena);

  // Not after Whole. From InPlace(1) on, the planes take memory that stays in use.
  Plane InPlace(size_t floor) override;
  Layers Whole() override { return Layers(WholePyramid()); }
  Layers Middle() override { return Layers(MiddlePyramid()); }
  Layers Grown() override { return Layers(GrownPyramid()); }
  // Gives the luma back, and with it what was taken from the arena since this was made.
  Pyramid WholePyramid();
  Pyramid MiddlePyramid();
  Pyramid GrownPyramid();

  // Of the whole picture at canonical size. Not after Whole.
  const Plane& luma() const { return luma_; }

 private:
  Plane LumaOf(const ImageView& part, double side);

  const ImageView& image_;
  Arena& arena_;
  Pyramid whole_;
  float* memory_[kLevels] = {};  // of its levels
  bool is_whole_ = false;
  size_t below_luma_;  // what was in use
  Plane luma_;
  Plane coarse_[std::size(kFloors) - 1];  // InPlace(1) and on, made together
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_VIEWS_H_
