#include "watermark/whitening.h"

#include "kernels/whiten.h"
#include "watermark/blur.h"

namespace countermark {
namespace {

constexpr Gaussian kMean(2.5);
constexpr Gaussian kVariance(4.0);
// Noise under one grey level is not lifted. A matched filter weighs each place by the mark's
// amplitude over the noise, which the mask of watermark/mask.cc makes larger where the picture is
// smooth.
constexpr Normalisation kNormalisation = {
    .floor = 1.0f, .limit = 3.0f, .base_weight = 0.5f, .smooth_weight = 1.7f};

}  // namespace

void Whiten(const Plane& plane, const Plane& out, Arena& arena) {
  const Arena::Scope scope(arena);
  const Plane square = AllocatePlane(plane.size(), arena);
  const Plane variance = AllocatePlane(plane.size(), arena);
  Blur(plane, kMean, out, arena);
  if (variance.data != nullptr) {
    for (size_t y = 0; y < plane.height; ++y) {
      DifferenceAndSquare(plane.Row(y), out.Row(y), plane.width, out.Row(y), square.Row(y));
    }
  }
  Blur(square, kVariance, variance, arena);
  if (variance.data == nullptr) return;
  for (size_t y = 0; y < plane.height; ++y) {
    DivideByDeviation(out.Row(y), variance.Row(y), kNormalisation, plane.width, out.Row(y));
  }
}

}  // namespace countermark
