#include "watermark/inspect.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "watermark/pilot.h"
#include "watermark/plane.h"
#include "watermark/reading.h"
#include "watermark/whitening.h"

namespace countermark {
namespace {

using Complex = std::complex<float>;
using Matrix = std::array<double, 9>;

// Planes that are folded have at most this side: as large as those that detection searches.
constexpr double kLargestSide = 2.0 * kCanonicalSide;

double MeanSide(const ImageView& image) {
  return std::sqrt(static_cast<double>(image.width) * static_cast<double>(image.height));
}

// Of a picture that is as it was marked.
Matrix AlignedGeometry(const ImageView& image) {
  const Size size = ScaledSize({image.width, image.height}, kCanonicalSide);
  const double width = static_cast<double>(size.width), height = static_cast<double>(size.height);
  const double x = width / static_cast<double>(image.width);
  const double y = height / static_cast<double>(image.height);
  return {x, 0, -width / 2, 0, y, -height / 2, 0, 0, 1};
}

Matrix Inverse(const Matrix& m) {
  const auto minor = [&](int a, int b, int c, int d) { return m[a] * m[d] - m[b] * m[c]; };
  const double det = m[0] * minor(4, 5, 7, 8) - m[1] * minor(3, 5, 6, 8) + m[2] * minor(3, 4, 6, 7);
  return {minor(4, 5, 7, 8) / det, minor(2, 1, 8, 7) / det, minor(1, 2, 4, 5) / det,
          minor(5, 3, 8, 6) / det, minor(0, 2, 6, 8) / det, minor(2, 0, 5, 3) / det,
          minor(3, 4, 6, 7) / det, minor(1, 0, 7, 6) / det, minor(0, 1, 3, 4) / det};
}

// The picture, whitened, in a plane where the mark has about its canonical size; and where the
// mark's tile has its origin there.
struct Fold {
  Plane plane;
  Placement placement;
};

// A homography as a placement: offset and linear part at the origin.
Placement PlacementOf(const Matrix& to_picture, double scale_x, double scale_y) {
  const Matrix& m = to_picture;
  return {scale_x * (m[0] - m[2] * m[6]),
          scale_x * (m[1] - m[2] * m[7]),
          scale_y * (m[3] - m[5] * m[6]),
          scale_y * (m[4] - m[5] * m[7]),
          scale_x * m[2] - 0.5,
          scale_y * m[5] - 0.5,
          m[6],
          m[7]};
}

Fold MakeFold(const ImageView& image, double side, Arena& arena) {
  const Size picture{image.width, image.height}, size = ScaledSize(picture, side);
  Fold fold{AllocateBorderedPlane(size, arena), {}};
  const Arena::Scope scope(arena);
  const Plane luma = AllocatePlane(size, arena);
  LumaReader reader(picture, size, arena);
  if (luma.data != nullptr) reader.Read(image, luma);
  Whiten(luma, kFineFloor, fold.plane, arena);
  return fold;
}

Fold FoldUnder(const ImageView& image, const Matrix& to_picture, double largest_side,
               Arena& arena) {
  const Placement in_picture = PlacementOf(to_picture, 1, 1);
  const double side = MeanSide(image) / std::sqrt(std::fabs(in_picture.Determinant()));
  Fold fold = MakeFold(image, std::min(side, largest_side), arena);
  fold.placement = PlacementOf(
      to_picture, static_cast<double>(fold.plane.width) / static_cast<double>(image.width),
      static_cast<double>(fold.plane.height) / static_cast<double>(image.height));
  return fold;
}

// Whether a sample there lies about half-way between two pixels: moved by half a pixel it is
// interpolated less, which blurs less.
int IsHalf(double x) { return std::fabs(x - std::floor(x) - 0.5) < 0.25; }

// The pilot's height at this peak's symmetry and shift, by the measure of PilotFinder, but signed.
float PilotScore(const Spectrum& spectrum, const float* weight, const Layout& layout,
                 const PilotPeak& peak) {
  constexpr float kStep = 6.283185307179586f / kTile;
  const auto& moved = MovedCoefficients()[static_cast<size_t>(peak.symmetry)];
  float height = 0, squares = 0;
  for (size_t i = 0; i < kPilotSize; ++i) {
    const MovedCoefficient to = moved[layout.pilot[i]];
    const Frequency k = kBand[to.index];
    const Complex pilot(layout.pilot_re[i],
                        to.conjugated ? -layout.pilot_im[i] : layout.pilot_im[i]);
    const Complex product = weight[to.index] * weight[to.index] *
                            Complex(spectrum.re[to.index], spectrum.im[to.index]) *
                            std::conj(pilot);
    const float phase =
        kStep * (static_cast<float>(k.kx) * peak.x + static_cast<float>(k.ky) * peak.y);
    height += product.real() * std::cos(phase) - product.imag() * std::sin(phase);
    squares += std::norm(product);
  }
  return peak.sign * 2 * height / (std::sqrt(2 * squares) + 1e-20f);
}

class Inspector {
 public:
  Inspector(const Layout& layout, Arena& arena)
      : layout_(layout), tiles_(kMostTiles, arena), finder_(layout, arena) {}

  // Looks where `inspection->geometry` says; `found` is null when nothing was read there.
  void Look(const Fold& fold, const Matrix& to_picture, const Detection* found,
            Inspection* inspection);

 private:
  const Layout& layout_;
  TileFold tiles_;
  PilotFinder finder_;
};

void Inspector::Look(const Fold& fold, const Matrix& to_picture, const Detection* found,
                     Inspection* inspection) {
  inspection->bit_margins = {};
  tiles_.Cut(fold.plane, fold.placement, IsHalf(fold.placement.x), IsHalf(fold.placement.y));
  Spectrum sum;
  float power[kBandSize], weight[kBandSize];
  tiles_.Sum(&sum, power);
  WeightsFromPower(power, weight);
  PilotPeak peak{0, 0, 1, 0, 0};
  if (found == nullptr) {
    peak = finder_.Find(sum, weight);
  } else {
    // The geometry holds symmetry and shift; it cannot hold the sign.
    const Origin origin = layout_.OriginOf(found->word);
    peak.x = static_cast<float>(origin.x);
    peak.y = static_cast<float>(origin.y);
    if (PilotScore(sum, weight, layout_, peak) < 0) peak.sign = -1;
    MeasureMargins(sum, weight, peak, layout_, found->word, inspection->bit_margins.data());
  }
  inspection->tile_count = tiles_.count();
  for (size_t t = 0; t < tiles_.count(); ++t) {
    const Matrix& m = to_picture;
    const double u = tiles_.centre_x(t), v = tiles_.centre_y(t);
    const double depth = m[6] * u + m[7] * v + m[8];
    inspection->tiles[t] = {(m[0] * u + m[1] * v + m[2]) / depth,
                            (m[3] * u + m[4] * v + m[5]) / depth,
                            PilotScore(tiles_.tile(t), weight, layout_, peak)};
  }
}

}  // namespace

size_t InspectScratchSize(size_t width, size_t height, Effort effort) {
  Arena arena;
  const Layout layout(kDefaultKey);
  const ImageView image{nullptr, width, height, 0, PixelFormat::kRgba16};
  // A plane's workspace grows with its size, so that the largest one's is enough for all.
  const Inspector inspector(layout, arena);
  MakeFold(image, effort == Effort::kFull ? kLargestSide : kCanonicalSide, arena);
  return std::max(arena.SizeNeeded(), DetectScratchSize(width, height, effort));
}

bool Inspect(const ImageView& image, const Key& key, Effort effort, Arena& arena,
             Detection* detection, Inspection* inspection) {
  const bool found = Detect(image, key, effort, arena, detection);
  const Arena::Scope scope(arena);
  const Layout layout(key);
  Inspector inspector(layout, arena);
  inspection->geometry = found ? detection->geometry : AlignedGeometry(image);
  const Matrix to_picture = Inverse(inspection->geometry);
  const double largest_side = effort == Effort::kFull ? kLargestSide : kCanonicalSide;
  const Fold fold = FoldUnder(image, to_picture, largest_side, arena);
  inspector.Look(fold, to_picture, found ? detection : nullptr, inspection);
  return found;
}

}  // namespace countermark
