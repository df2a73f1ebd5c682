#include "watermark/mask.h"

#include <algorithm>
#include <cmath>

#include "kernels/whiten.h"
#include "watermark/blur.h"
#include "watermark/format.h"

namespace countermark {
namespace {

constexpr Gaussian kDetail(2.0);
constexpr Gaussian kTexture(1.5);
constexpr Gaussian kSmooth(2.0);
constexpr size_t kErosion = 3;
// At strength 1, amplitude = kAmplitude * sqrt(kFloor + min(texture, kCeiling)), texture being the
// mean absolute detail: what hides in texture grows more slowly than the texture does.
constexpr float kAmplitude = 0.715f;
constexpr float kFloor = 0.4f;
constexpr float kCeiling = 6.0f;
// Mean activity at which a picture gets the strength asked for, and activity beyond which a place
// counts no more.
constexpr float kUsualActivity = 1.6f;
constexpr float kRichActivity = 3.2f;
constexpr float kMostForSmooth = 1.25f;
// Pixels per canonical pixel from which on size does not matter.
constexpr double kLargeScale = 1.6;
constexpr double kShareExponent = 0.62;

// A smooth picture loses more of the mark to a codec, a textured one less: they get more or less
// than their places would by themselves. `activity` is the mean absolute detail around each place.
float ShareForActivity(const Plane& activity, Arena& arena) {
  const Arena::Scope scope(arena);
  float* sums = arena.Allocate<float>(activity.width);
  if (sums == nullptr || activity.data == nullptr) return 1;
  std::fill_n(sums, activity.width, 0.0f);
  for (size_t y = 0; y < activity.height; ++y) {
    const float* row = activity.Row(y);
    for (size_t x = 0; x < activity.width; ++x) {
      sums[x] += std::min(row[x], kRichActivity);
    }
  }
  float sum = 0;
  for (size_t x = 0; x < activity.width; ++x) sum += sums[x];
  const float mean = sum / static_cast<float>(activity.size().Area());
  return std::min(kMostForSmooth, std::sqrt(kUsualActivity / (mean + 1e-6f)));
}

// A codec spends its bits by pixels: the fewer there are to a canonical pixel, the less is left.
float ShareForSize(Size picture) {
  const double scale =
      std::sqrt(static_cast<double>(picture.Area())) / static_cast<double>(kCanonicalSide);
  return static_cast<float>(
      std::pow(kLargeScale / std::clamp(scale, 1.0, kLargeScale), kShareExponent));
}

}  // namespace

void MakeMask(const Plane& luma, Size picture, float strength, const Plane& mask, Arena& arena) {
  const Arena::Scope scope(arena);
  const Plane work = AllocatePlane(luma.size(), arena);
  Blur(luma, kDetail, mask, arena);
  if (work.data != nullptr) {
    for (size_t y = 0; y < luma.height; ++y) {
      AbsoluteDifference(luma.Row(y), mask.Row(y), luma.width, mask.Row(y));
    }
  }
  Blur(mask, kTexture, work, arena);
  const float amplitude =
      strength * kAmplitude * ShareForActivity(work, arena) * ShareForSize(picture);
  // Texture, not edges: erosion keeps a lone edge from spilling noise into the flat area beside it.
  Erode(work, kErosion, mask, arena);
  Blur(mask, kSmooth, work, arena);
  if (work.data == nullptr) return;
  RootsOfLimited(work.data, kFloor, kCeiling, amplitude, luma.size().Area(), mask.data);
}

}  // namespace countermark
