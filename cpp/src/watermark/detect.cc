#include "watermark/detect.h"

#include <algorithm>
#include <cmath>

#include "watermark/blur.h"
#include "watermark/lattice.h"
#include "watermark/plane.h"
#include "watermark/reader.h"
#include "watermark/whitening.h"

namespace countermark {
namespace {

// A pilot lower than this is not worth an attempt at decoding: unmarked pictures reach 5.6.
constexpr float kLeastScore = 5.0f;
constexpr float kPromisingScore = 6.5f;
// Attempts at decoding in each search, best scores first.
constexpr size_t kTries = 7;
constexpr size_t kScanTries = 4;
constexpr double kQuarterTurn = 1.5707963267948966;
// Planes that are searched for marks smaller than canonical have at most this side.
constexpr double kLargestSide = 2.0 * kCanonicalSide;
// Planes are made for magnifications a tenth of an octave apart.
constexpr double kScalesPerOctave = 10;
// Deviation of the blur before a plane is made smaller, in pixels of the smaller plane.
constexpr double kAliasFilter = 0.5;

// The part of the picture that is looked at, and a plane of its luma.
struct View {
  double left, top;      // in the picture's pixels
  double width, height;  // of the picture's pixels
  Plane luma;
};

struct Hypothesis {
  Linear linear;  // canonical to pixels of the view's luma
  float score;
};

struct Found {
  PilotPeak peak;
  Placement placement;  // in `plane`
  Size plane;
  View view;
  uint64_t payload;
};

// The magnification to which a hypothesis' plane is made: the mark then appears about canonical.
double PlaneScale(const Linear& linear) {
  const double scale = std::sqrt(std::fabs(linear.Determinant()));
  return std::max(1.0,
                  std::exp2(std::round(std::log2(scale) * kScalesPerOctave) / kScalesPerOctave));
}

class Detector {
 public:
  Detector(const ImageView& image, const Layout& layout, Arena& arena)
      : image_(image), arena_(arena), layout_(layout), reader_(layout, arena) {}

  bool DetectAligned(Found* found);
  bool DetectFully(Found* found);
  int attempts() const { return reader_.attempts(); }

 private:
  View MakeView(const ImageView& part, double left, double top, double side);
  Plane WhitenedAt(const View& view, double scale);
  Placement PlacementIn(const Plane& plane, const View& view, const Linear& linear) const;
  bool Search(const View& view, ScaleRange range, double longest_lag, Found* found);
  bool Scan(const View& view, Found* found);
  void ScoreAll(const View& view, Hypothesis* hypotheses, size_t count);
  bool TryBest(const View& view, Hypothesis* hypotheses, size_t count, size_t tries, Found* found);

  const ImageView& image_;
  Arena& arena_;
  const Layout& layout_;
  MarkReader reader_;
};

View Detector::MakeView(const ImageView& part, double left, double top, double side) {
  const Size picture{part.width, part.height};
  const Size size = ScaledSize(picture, side);
  View view{left, top, static_cast<double>(part.width), static_cast<double>(part.height),
            AllocatePlane(size, arena_)};
  const Arena::Scope scope(arena_);
  LumaReader reader(picture, size, arena_);
  if (view.luma.data != nullptr) reader.Read(part, view.luma);
  return view;
}

Plane Detector::WhitenedAt(const View& view, double scale) {
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
  Whiten(luma, whitened, arena_);
  return whitened;
}

Placement Detector::PlacementIn(const Plane& plane, const View& view, const Linear& m) const {
  const double x = static_cast<double>(plane.width) / static_cast<double>(view.luma.width);
  const double y = static_cast<double>(plane.height) / static_cast<double>(view.luma.height);
  return Centred(plane, x * m.xx, x * m.xy, y * m.yx, y * m.yy);
}

bool Detector::DetectAligned(Found* found) {
  const View view = MakeView(image_, 0, 0, kCanonicalSide);
  const Plane plane = WhitenedAt(view, 1);
  if (plane.data == nullptr) return false;
  const int half_x = plane.width % 2 == 0, half_y = plane.height % 2 == 0;
  *found = {{}, Centred(plane, 1, 0, 0, 1), plane.size(), view, 0};
  found->peak = reader_.Look(plane, found->placement, half_x, half_y);
  if (found->peak.score < kLeastScore) return false;
  if (reader_.Read(found->peak, &found->payload)) return true;
  if (found->peak.score < kPromisingScore) return false;
  found->placement = reader_.Refine(found->placement, found->peak);
  found->peak = reader_.Look(plane, found->placement, half_x, half_y);
  return reader_.Read(found->peak, &found->payload);
}

// Scores the hypotheses, making each plane once for all that need it.
void Detector::ScoreAll(const View& view, Hypothesis* hypotheses, size_t count) {
  std::sort(hypotheses, hypotheses + count, [](const Hypothesis& a, const Hypothesis& b) {
    return PlaneScale(a.linear) < PlaneScale(b.linear);
  });
  for (size_t first = 0; first < count;) {
    const Arena::Scope scope(arena_);
    const double scale = PlaneScale(hypotheses[first].linear);
    const Plane plane = WhitenedAt(view, scale);
    if (plane.data == nullptr) return;
    for (; first < count && PlaneScale(hypotheses[first].linear) == scale; ++first) {
      Hypothesis& h = hypotheses[first];
      h.score = reader_.Score(plane, PlacementIn(plane, view, h.linear));
    }
  }
}

bool Detector::TryBest(const View& view, Hypothesis* hypotheses, size_t count, size_t tries,
                       Found* found) {
  std::sort(hypotheses, hypotheses + count,
            [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
  for (size_t i = 0; i < std::min(tries, count); ++i) {
    const Arena::Scope scope(arena_);
    const Plane plane = WhitenedAt(view, PlaneScale(hypotheses[i].linear));
    if (plane.data == nullptr) return false;
    Placement placement = PlacementIn(plane, view, hypotheses[i].linear);
    PilotPeak peak = reader_.Look(plane, placement, 0, 0);
    placement = reader_.Refine(placement, peak);
    peak = reader_.Look(plane, placement, 0, 0);
    *found = {peak, placement, plane.size(), view, 0};
    if (peak.score >= kLeastScore && reader_.Read(peak, &found->payload)) return true;
  }
  return false;
}

bool Detector::Search(const View& view, ScaleRange range, double longest_lag, Found* found) {
  LatticeSearch::Hypotheses linear;
  size_t count = 0;
  {
    const Arena::Scope scope(arena_);
    const Plane whitened = WhitenedAt(view, 1);
    Autocorrelation correlation(view.luma.size(), longest_lag, arena_);
    LatticeSearch lattice(arena_);
    if (whitened.data == nullptr) return false;
    const LagPlane& lags = correlation.Compute(whitened, range.smallest, range.largest);
    count = lattice.Find(lags, range, &linear);
  }
  std::array<Hypothesis, LatticeSearch::kMostHypotheses> hypotheses;
  for (size_t i = 0; i < count; ++i) hypotheses[i] = {linear[i], 0};
  ScoreAll(view, hypotheses.data(), count);
  return TryBest(view, hypotheses.data(), count, kTries, found);
}

// The common single changes, tried one by one against the pilot, which stands out where the lattice
// is lost in the texture: upright crops, turns on an unchanged canvas, changed aspect.
bool Detector::Scan(const View& view, Found* found) {
  constexpr int kScales = 207, kTurns = 300, kAspects = 59;
  std::array<Hypothesis, kScales + kTurns + 2 * kAspects> hypotheses;
  size_t count = 0;
  for (int i = 0; i < kScales; ++i) {
    const double scale = std::exp(0.006 * i - 0.05);
    hypotheses[count++] = {{scale, 0, 0, scale}, 0};
  }
  for (int i = 1; i < kTurns; ++i) {
    const double angle = kQuarterTurn * i / kTurns;
    const double c = std::cos(angle), s = std::sin(angle);
    hypotheses[count++] = {{c, -s, s, c}, 0};
  }
  for (int i = -kAspects; i <= kAspects; ++i) {
    // The plane's area is always the same.
    const double ratio = std::exp(0.006 * i);
    hypotheses[count++] = {{ratio, 0, 0, 1 / ratio}, 0};
  }
  ScoreAll(view, hypotheses.data(), count);
  return TryBest(view, hypotheses.data(), count, kScanTries, found);
}

bool Detector::DetectFully(Found* found) {
  {
    const Arena::Scope scope(arena_);
    if (DetectAligned(found)) return true;
  }
  constexpr double kLongLags = 0.9, kShortLags = 0.5;
  {  // Cropped: the mark looks larger.
    const Arena::Scope scope(arena_);
    const View view = MakeView(image_, 0, 0, kCanonicalSide);
    if (Search(view, {0.9, 3.6}, kLongLags, found)) return true;
  }
  {  // Grown canvas: the mark looks smaller.
    const Arena::Scope scope(arena_);
    const double native =
        std::sqrt(static_cast<double>(image_.width) * static_cast<double>(image_.height));
    const double side = std::clamp<double>(native, kCanonicalSide, kLargestSide);
    const double k = side / kCanonicalSide;
    const View view = MakeView(image_, 0, 0, side);
    if (Search(view, {std::max(0.7, 0.4 * k), 0.95 * k}, kShortLags, found)) return true;
  }
  {
    const Arena::Scope scope(arena_);
    const View view = MakeView(image_, 0, 0, kCanonicalSide);
    if (Scan(view, found)) return true;
  }
  // Perspective: nearly affine in the middle.
  const Arena::Scope scope(arena_);
  const size_t left = image_.width / 5, top = image_.height / 5;
  const ImageView middle{image_.Row(top) + left * BytesPerPixel(image_.format),
                         image_.width - 2 * left, image_.height - 2 * top, image_.stride_bytes,
                         image_.format};
  const View view =
      MakeView(middle, static_cast<double>(left), static_cast<double>(top), kCanonicalSide);
  return Search(view, {0.9, 2.6}, kLongLags, found);
}

// Picture to canonical plane: through the view and the plane searched, back through the placement,
// the shift and the symmetry.
std::array<double, 6> GeometryOf(const Found& found) {
  const Placement& p = found.placement;
  const double det = p.Determinant();
  const double sx = static_cast<double>(found.plane.width) / found.view.width;
  const double sy = static_cast<double>(found.plane.height) / found.view.height;
  // Pixel (X, Y) of the plane = (sx (x - left) - 1/2, sy (y - top) - 1/2).
  const double ox = -sx * found.view.left - 0.5 - p.x, oy = -sy * found.view.top - 0.5 - p.y;
  const double ixx = p.yy / det, ixy = -p.xy / det, iyx = -p.yx / det, iyy = p.xx / det;
  const double u[3] = {ixx * sx, ixy * sy, ixx * ox + ixy * oy - found.peak.x};
  const double v[3] = {iyx * sx, iyy * sy, iyx * ox + iyy * oy - found.peak.y};
  // The inverse of an orthogonal matrix is its transpose.
  const Symmetry s = SymmetryOf(found.peak.symmetry);
  return {s.xx * u[0] + s.yx * v[0], s.xx * u[1] + s.yx * v[1], s.xx * u[2] + s.yx * v[2],
          s.xy * u[0] + s.yy * v[0], s.xy * u[1] + s.yy * v[1], s.xy * u[2] + s.yy * v[2]};
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
  if (!Run(detector, effort, &found)) return false;
  // Each attempt reads a message from noise with probability 2^-32, the check's length.
  const double bound = std::min(1.0, detector.attempts() / 4294967296.0);
  *detection = {found.payload, found.peak.score, bound, GeometryOf(found)};
  return true;
}

}  // namespace countermark
