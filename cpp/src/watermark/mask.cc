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

// Mean absolute detail, as far as it counts.
float MeanActivity(const Plane& activity, Arena& arena) {
  const Arena::Scope scope(arena);
  float* sums = arena.Allocate<float>(activity.width);
  if (sums == nullptr || activity.data == nullptr) return 0;
  std::fill_n(sums, activity.width, 0.0f);
  for (size_t y = 0; y < activity.height; ++y) {
    const float* row = activity.Row(y);
    for (size_t x = 0; x < activity.width; ++x) {
      sums[x] += std::min(row[x], kRichActivity);
    }
  }
  float sum = 0;
  for (size_t x = 0; x < activity.width; ++x) sum += sums[x];
  return sum / static_cast<float>(activity.size().Area());
}

// A smooth picture loses more of the mark to a codec, a textured one less: they get more or less
// than their places would by themselves.
float ShareForActivity(float mean) {
  return std::min(kMostForSmooth, std::sqrt(kUsualActivity / (mean + 1e-6f)));
}

// A codec spends its bits by pixels: the fewer there are to a canonical pixel, the less is left.
float ShareForSize(Size picture) {
  const double scale =
      std::sqrt(static_cast<double>(picture.Area())) / static_cast<double>(kCanonicalSide);
  return static_cast<float>(
      std::pow(kLargeScale / std::clamp(scale, 1.0, kLargeScale), kShareExponent));
}

float Amplitude(float mean, Size picture, float strength) {
  return strength * kAmplitude * ShareForActivity(mean) * ShareForSize(picture);
}

}  // namespace

static_assert(kTextureReach == kDetail.taps / 2 + kTexture.taps / 2 + kErosion + kSmooth.taps / 2);

float MeasureTexture(const Plane& luma, const Plane& texture, Arena& arena) {
  const Arena::Scope scope(arena);
  const Plane work = AllocatePlane(luma.size(), arena);
  Detail(luma, kDetail, work, arena);
  Blur(work, kTexture, texture, arena);
  const float mean = MeanActivity(texture, arena);
  // Texture, not edges: erosion keeps a lone edge from spilling noise into the flat area beside it.
  Erode(texture, kErosion, work, arena);
  Blur(work, kSmooth, texture, arena);
  return mean;
}

void MaskTexture(const float* texture, size_t count, float mean, Size picture, float strength,
                 float* mask) {
  RootsOfLimited(texture, kFloor, kCeiling, Amplitude(mean, picture, strength), count, mask);
}

float LeastAmplitude(float mean, Size picture, float strength) {
  return Amplitude(mean, picture, strength) * std::sqrt(kFloor);
}

void MakeMask(const Plane& luma, Size picture, float strength, const Plane& mask, Arena& arena) {
  const float mean = MeasureTexture(luma, mask, arena);
  if (mask.data == nullptr) return;
  MaskTexture(mask.data, luma.size().Area(), mean, picture, strength, mask.data);
}

}  // namespace countermark
