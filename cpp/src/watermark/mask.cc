#include "watermark/mask.h"

#include <algorithm>

#include "kernels/whiten.h"
#include "watermark/blur.h"

namespace countermark {
namespace {

constexpr Gaussian kDetail(2.0);
constexpr Gaussian kTexture(1.5);
constexpr Gaussian kSmooth(2.0);
// Mean absolute value to standard deviation, for Gaussian detail.
constexpr float kDeviation = 1.25f;
constexpr size_t kErosion = 3;
// At strength 1, amplitude = kAmplitude * min(kFloor + kGain * texture, kCeiling).
constexpr float kAmplitude = 0.335f;
constexpr float kFloor = 2.0f;
constexpr float kGain = 0.55f * kDeviation;
constexpr float kCeiling = 12.0f;

}  // namespace

void MakeMask(const Plane& luma, float strength, const Plane& mask, Arena& arena) {
  const Arena::Scope scope(arena);
  const Plane work = AllocatePlane(luma.size(), arena);
  Blur(luma, kDetail, mask, arena);
  if (work.data != nullptr) {
    for (size_t y = 0; y < luma.height; ++y) {
      AbsoluteDifference(luma.Row(y), mask.Row(y), luma.width, mask.Row(y));
    }
  }
  Blur(mask, kTexture, work, arena);
  // Texture, not edges: erosion keeps a lone edge from spilling noise into the flat area beside it.
  Erode(work, kErosion, mask, arena);
  Blur(mask, kSmooth, work, arena);
  if (work.data == nullptr) return;
  for (size_t i = 0; i < luma.size().Area(); ++i) {
    const float hidden = std::min(kFloor + kGain * work.data[i], kCeiling);
    mask.data[i] = strength * kAmplitude * hidden;
  }
}

}  // namespace countermark
