#include "watermark/detect.h"

#include <algorithm>
#include <cmath>

#include "watermark/blur.h"
#include "watermark/geometry.h"
#include "watermark/lattice.h"
#include "watermark/plane.h"
#include "watermark/reader.h"
#include "watermark/whitening.h"

namespace countermark {
namespace {

// Heights of the pilot. Not worth refining a placement for; worth refining when an aligned picture
// is not read; worth following in perspective; so high that there is nothing to gain from
// perspective.
constexpr float kWorthALook = 4.6f;
constexpr float kPromisingScore = 6.5f;
// Worth decoding when an upright picture is in its place.
constexpr float kLeastUpright = 4.2f;
constexpr float kPerspectiveScore = 5.8f;
constexpr float kSettledScore = 13.0f;
// Of the lattices that a search finds, so many are scored by the pilot, best lattices first; of
// those, and of the hypotheses of the scan, so many are tried, highest pilots first.
constexpr size_t kMostScored = 48;
constexpr size_t kTries = 8;
// Planes that are searched for marks smaller than canonical have at most this side.
constexpr double kLargestSide = 2.0 * kCanonicalSide;
// The levels of a pyramid are half an octave apart.
constexpr size_t kLevels = 5;
constexpr double kHalfStep = 1.189207115002721;  // the root of that step
// Deviation of the blur before a plane is made smaller, in pixels of the smaller plane.
constexpr double kAliasFilter = 0.5;

// The part of the picture that is looked at, and a plane of its luma.
struct View : Part {
  Plane luma;
};

// A view at several sizes, whitened, so that marks of any magnification appear about canonical.
struct Pyramid {
  View view;
  Plane levels[kLevels];  // each half an octave smaller

  // The level in which a mark of this magnification in the view appears about canonical.
  static size_t LevelFor(double magnification) {
    const double level = std::round(2 * std::log2(std::max(1.0, magnification)));
    return std::min(static_cast<size_t>(level), kLevels - 1);
  }
};

// How the lattice is searched for.
struct Plan {
  ScaleRange range;
  double longest_lag;  // of the plane's sides
};

constexpr Plan kOfWhole{{0.9, 3.6}, 0.9}, kOfMiddle{{0.7, 2.6}, 0.9};
constexpr double kLagOfGrown = 0.5;

double ScaleOf(size_t level) { return std::exp2(0.5 * static_cast<double>(level)); }

// The magnifications within the range, in the view, that are looked for in this level, in its own
// pixels; the first level also takes those that are smaller.
ScaleRange RangeIn(size_t level, ScaleRange range) {
  const double scale = ScaleOf(level);
  return {level == 0 ? range.smallest : std::max(range.smallest / scale, 1 / kHalfStep),
          std::min(range.largest / scale, kHalfStep)};
}

bool IsEmpty(ScaleRange range) { return range.smallest >= range.largest; }

struct Hypothesis {
  Linear linear;  // canonical to pixels of the level
  size_t level;
  float score;
};

struct Found {
  PilotPeak peak;
  Placement placement;  // in `plane`
  Size plane;
  View view;
  Message message;
};

class Detector {
 public:
  Detector(const ImageView& image, const Layout& layout, Arena& arena)
      : image_(image), arena_(arena), reader_(layout, arena) {}

  bool DetectAligned(Found* found);
  bool DetectFully(Found* found);
  float highest_score() const { return reader_.highest_score(); }

 private:
  View MakeView(const ImageView& part, double left, double top, double side);
  Plane WhitenedAt(const View& view, double scale, float floor);
  // `fine`: the view, whitened at the finest floor.
  bool ReadAligned(const View& view, const Plane& fine, Found* found);
  bool ReadAlignedIn(const Plane& plane, const View& view, Found* found);
  // `first`: the first level, where it is known.
  Pyramid MakePyramid(const View& view, ScaleRange range, const Plane* first = nullptr);
  bool Search(const Pyramid& pyramid, const Pyramid& whole, const Plan& plan, Found* found);
  bool Scan(const Pyramid& pyramid, Found* found);
  void GrowOver(const Pyramid& whole, Found* found);
  void Settle(const Pyramid& whole, Found* found);
  bool TryBest(const Pyramid& pyramid, const Pyramid& whole, Hypothesis* hypotheses, size_t count,
               bool upright, Found* found);

  const ImageView& image_;
  Arena& arena_;
  MarkReader reader_;
};

View Detector::MakeView(const ImageView& part, double left, double top, double side) {
  const Size picture{part.width, part.height};
  const Size size = ScaledSize(picture, side);
  View view{{left, top, static_cast<double>(part.width), static_cast<double>(part.height)},
            AllocatePlane(size, arena_)};
  const Arena::Scope scope(arena_);
  LumaReader reader(picture, size, arena_);
  if (view.luma.data != nullptr) reader.Read(part, view.luma);
  return view;
}

Plane Detector::WhitenedAt(const View& view, double scale, float floor) {
  const Size size{
      std::max<size_t>(1, static_cast<size_t>(static_cast<double>(view.luma.width) / scale + 0.5)),
      std::max<size_t>(1,
                       static_cast<size_t>(static_cast<double>(view.luma.height) / scale + 0.5))};
  const Plane whitened = AllocateBorderedPlane(size, arena_);
  const Arena::Scope scope(arena_);
  Plane luma = view.luma;
  if (size.width != luma.width || size.height != luma.height) {
    // Averaging over areas alone would let fine texture alias into the mark's band.
    const Plane blurred = AllocatePlane(view.luma.size(), arena_);
    Blur(view.luma, Gaussian(kAliasFilter * scale), blurred, arena_);
    luma = AllocatePlane(size, arena_);
    ShrinkPlane(blurred, luma, arena_);
  }
  Whiten(luma, floor, whitened, arena_);
  return whitened;
}

// With the levels in which marks of these magnifications are looked for.
Pyramid Detector::MakePyramid(const View& view, ScaleRange range, const Plane* first) {
  Pyramid pyramid{view, {}};
  for (size_t i = 0; i < kLevels; ++i) {
    if (IsEmpty(RangeIn(i, range))) continue;
    pyramid.levels[i] =
        i == 0 && first != nullptr ? *first : WhitenedAt(view, ScaleOf(i), kFineFloor);
  }
  return pyramid;
}

Placement PlacementIn(const Plane& plane, const Linear& m) {
  return Centred(plane, m.xx, m.xy, m.yx, m.yy);
}

bool Detector::DetectAligned(Found* found) {
  const View view = MakeView(image_, 0, 0, kCanonicalSide);
  return ReadAligned(view, WhitenedAt(view, 1, kFineFloor), found);
}

bool Detector::ReadAligned(const View& view, const Plane& fine, Found* found) {
  if (ReadAlignedIn(fine, view, found)) return true;
  return std::any_of(std::begin(kFloors) + 1, std::end(kFloors), [&](float floor) {
    const Arena::Scope scope(arena_);
    return ReadAlignedIn(WhitenedAt(view, 1, floor), view, found);
  });
}

bool Detector::ReadAlignedIn(const Plane& plane, const View& view, Found* found) {
  if (plane.data == nullptr) return false;
  const int half_x = plane.width % 2 == 0, half_y = plane.height % 2 == 0;
  *found = {{}, Centred(plane, 1, 0, 0, 1), plane.size(), view, {}};
  const PilotPeak highest = reader_.Look(plane, found->placement, half_x, half_y);
  // Most pictures are upright, where the pilot must stand out from an eighth of the places only.
  const PilotPeak upright = reader_.FindUpright();
  const bool same = highest.symmetry == upright.symmetry && highest.score >= kLeastScore;
  const auto read = [&](const PilotPeak& peak) {
    found->peak = peak;
    return reader_.Read(peak, Hint::kFixedPlacement, &found->message);
  };
  if (highest.score >= kLeastScore && read(highest)) return true;
  if (!same && upright.score >= kLeastUpright && read(upright)) return true;
  const PilotPeak turned = reader_.FindUprightTurned();
  if (turned.score >= kLeastScore && read(turned)) return true;
  found->peak = highest;
  if (highest.score < kPromisingScore) return false;
  found->placement = reader_.Refine(found->placement, found->peak);
  found->peak = reader_.Look(plane, found->placement, half_x, half_y);
  return reader_.Read(found->peak, Hint::kFoundPlacement, &found->message);
}

// Reads under the hypotheses under which the pilot stands out most.
bool Detector::TryBest(const Pyramid& pyramid, const Pyramid& whole, Hypothesis* hypotheses,
                       size_t count, bool upright, Found* found) {
  std::sort(hypotheses, hypotheses + count,
            [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
  for (size_t i = 0; i < std::min(kTries, count) && hypotheses[i].score > kWorthALook; ++i) {
    const Plane& plane = pyramid.levels[hypotheses[i].level];
    Placement placement = PlacementIn(plane, hypotheses[i].linear);
    PilotPeak peak = reader_.Glance(plane, placement);
    if (peak.score < kWorthALook) continue;
    placement = upright ? reader_.RefineUpright(placement, peak) : reader_.Refine(placement, peak);
    peak = reader_.Look(plane, placement, 0, 0);
    *found = {peak, placement, plane.size(), pyramid.view, {}};
    if (peak.score < kLeastScore) continue;
    if (reader_.Read(peak, Hint::kFoundPlacement, &found->message)) {
      if (peak.score < kSettledScore) Settle(whole, found);
      return true;
    }
    if (peak.score > kPerspectiveScore) {
      GrowOver(whole, found);
      if (found->peak.score >= kLeastScore &&
          reader_.Read(found->peak, Hint::kFoundPlacement, &found->message))
        return true;
    }
  }
  return false;
}

// A message may be read under a placement that holds only about the middle: where it can be made
// to hold for more of the picture, it is.
void Detector::Settle(const Pyramid& whole, Found* found) {
  constexpr int kMostRounds = 3;  // each begins where the one before ended
  for (int round = 0; round < kMostRounds && found->peak.score < kSettledScore; ++round) {
    Found grown = *found;
    GrowOver(whole, &grown);
    if (grown.peak.score <= found->peak.score) return;
    *found = grown;
  }
}

// Lets what was found in a view, which is about the middle of the picture, grow over the whole.
void Detector::GrowOver(const Pyramid& whole, Found* found) {
  const Placement& from = found->placement;
  const double magnification = std::sqrt(std::fabs(from.Determinant())) * found->view.width /
                               static_cast<double>(found->plane.width) *
                               static_cast<double>(whole.levels[0].width) / whole.view.width;
  const Plane& plane = whole.levels[Pyramid::LevelFor(magnification)];
  // Pixel X of the one plane is (X + 1/2) / sx + left of the picture.
  const double sx = static_cast<double>(found->plane.width) / found->view.width;
  const double sy = static_cast<double>(found->plane.height) / found->view.height;
  const double tx = static_cast<double>(plane.width) / whole.view.width;
  const double ty = static_cast<double>(plane.height) / whole.view.height;
  const Placement start{from.xx * tx / sx,
                        from.xy * tx / sx,
                        from.yx * ty / sy,
                        from.yy * ty / sy,
                        ((from.x + 0.5) / sx + found->view.left) * tx - 0.5,
                        ((from.y + 0.5) / sy + found->view.top) * ty - 0.5};
  found->placement = reader_.Grow(plane, start, found->peak);
  found->plane = plane.size();
  found->view = whole.view;
  found->peak = reader_.Look(plane, found->placement, 0, 0);
}

// Finds the lattice of the mark's periods, level by level.
bool Detector::Search(const Pyramid& pyramid, const Pyramid& whole, const Plan& plan,
                      Found* found) {
  constexpr size_t kMost = kLevels * LatticeSearch::kMostHypotheses;
  std::array<Hypothesis, kMost> hypotheses;
  size_t count = 0;
  const Arena::Scope outer(arena_);
  std::array<FourierFold, kLevels> folds;
  for (size_t i = 0; i < kLevels; ++i) {
    const ScaleRange at = RangeIn(i, plan.range);
    if (IsEmpty(at)) continue;
    const Size plane = pyramid.levels[i].size();
    folds[i] =
        FourierFold(PeriodFor(plane, plan.longest_lag), OutermostFrequency(at.smallest), arena_);
    const Arena::Scope scope(arena_);
    Autocorrelation correlation(plane, plan.longest_lag, at.smallest, at.largest, arena_);
    LatticeSearch lattice(arena_);
    if (pyramid.view.luma.data == nullptr) continue;
    const LagPlane& lags = correlation.Compute(pyramid.levels[i], folds[i].bins());
    LatticeSearch::Hypotheses lattices;
    const size_t here = lattice.Find(lags, at, &lattices);
    for (size_t j = 0; j < here; ++j) {
      hypotheses[count++] = {lattices[j].linear, i, lattices[j].score};
    }
  }
  std::sort(hypotheses.begin(), hypotheses.begin() + count,
            [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
  count = std::min(count, kMostScored);
  for (size_t i = 0; i < count; ++i) {
    const size_t level = hypotheses[i].level;
    const Placement placement = PlacementIn(pyramid.levels[level], hypotheses[i].linear);
    hypotheses[i].score = reader_.Score(folds[level], placement);
  }
  return TryBest(pyramid, whole, hypotheses.data(), count, false, found);
}

// Upright crops, tried one by one against the pilot, which stands out where the lattice, of which
// a small crop holds little, does not.
bool Detector::Scan(const Pyramid& pyramid, Found* found) {
  // A step turns into the same shift at the edge of every level.
  constexpr double kFrom = -0.05, kTo = 1.19, kStep = 0.006;  // logarithms of scales
  std::array<Hypothesis, static_cast<size_t>((kTo - kFrom) / kStep) + 1> hypotheses;
  size_t count = 0;
  const Arena::Scope scope(arena_);
  UprightFold fold(pyramid.view.luma.width, arena_);
  if (pyramid.view.luma.data == nullptr) return false;
  for (double log_scale = kFrom; log_scale < kTo;) {
    const double scale = std::exp(log_scale);
    const size_t level = Pyramid::LevelFor(scale);
    const double at = scale / ScaleOf(level);
    hypotheses[count++] = {{at, 0, 0, at}, level, reader_.Score(pyramid.levels[level], at, fold)};
    log_scale += kStep * ScaleOf(level);
  }
  return TryBest(pyramid, pyramid, hypotheses.data(), count, true, found);
}

bool Detector::DetectFully(Found* found) {
  const Arena::Scope scope(arena_);
  const View view = MakeView(image_, 0, 0, kCanonicalSide);
  const Plane fine = WhitenedAt(view, 1, kFineFloor);
  if (ReadAligned(view, fine, found)) return true;
  const Pyramid whole = MakePyramid(view, kOfWhole.range, &fine);
  if (Search(whole, whole, kOfWhole, found)) return true;
  {  // Perspective is nearly affine in the middle, and what surrounds a picture is cut off.
    const Arena::Scope inner(arena_);
    const size_t left = image_.width / 5, top = image_.height / 5;
    const ImageView middle{image_.Row(top) + left * BytesPerPixel(image_.format),
                           image_.width - 2 * left, image_.height - 2 * top, image_.stride_bytes,
                           image_.format};
    const Pyramid pyramid = MakePyramid(
        MakeView(middle, static_cast<double>(left), static_cast<double>(top), kCanonicalSide),
        kOfMiddle.range);
    if (Search(pyramid, whole, kOfMiddle, found)) return true;
  }
  {  // Grown canvas: the mark looks smaller.
    const Arena::Scope inner(arena_);
    const double native =
        std::sqrt(static_cast<double>(image_.width) * static_cast<double>(image_.height));
    const double side = std::clamp<double>(native, kCanonicalSide, kLargestSide);
    const double k = side / kCanonicalSide;
    const Plan plan{{std::max(0.7, 0.4 * k), 0.95 * k}, kLagOfGrown};
    const Pyramid pyramid =
        side == kCanonicalSide ? whole : MakePyramid(MakeView(image_, 0, 0, side), plan.range);
    if (Search(pyramid, whole, plan, found)) return true;
  }
  if (Scan(whole, found)) return true;
  return false;
}

bool Run(Detector& detector, Effort effort, Found* found) {
  return effort == Effort::kAligned ? detector.DetectAligned(found) : detector.DetectFully(found);
}

}  // namespace

size_t DetectScratchSize(size_t width, size_t height, Effort effort) {
  Arena arena;
  const Layout layout(kDefaultKey);
  const ImageView image{nullptr, width, height, 0, PixelFormat::kRgba16};
  Detector detector(image, layout, arena);
  Found found{};
  Run(detector, effort, &found);
  return arena.SizeNeeded();
}

bool Detect(const ImageView& image, const Key& key, Effort effort, Arena& arena,
            Detection* detection) {
  const Arena::Scope scope(arena);
  const Layout layout(key);
  Detector detector(image, layout, arena);
  Found found{};
  if (!Run(detector, effort, &found)) {
    detection->score = detector.highest_score();
    return false;
  }
  const Message& message = found.message;
  *detection = {message.word, found.peak.score, message.false_positive_rate, message.likeness,
                GeometryOf(found.view, found.plane, found.placement, found.peak,
                           layout.OriginOf(message.word))};
  return true;
}

}  // namespace countermark
