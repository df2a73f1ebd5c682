#include "watermark/spread.h"

#include "code/crc32.h"

namespace countermark {

uint8_t VariantFor(const Plane& luma) {
  constexpr size_t kEvery = 16;
  uint32_t check = 0;
  for (size_t y = 0; y < luma.height; y += kEvery) {
    for (size_t x = 0; x < luma.width; x += kEvery) {
      const uint32_t level = static_cast<uint32_t>(std::clamp(luma.Row(y)[x], 0.0f, 255.0f));
      const uint8_t bytes[] = {static_cast<uint8_t>(level), static_cast<uint8_t>(check),
                               static_cast<uint8_t>(check >> 8), static_cast<uint8_t>(check >> 16),
                               static_cast<uint8_t>(check >> 24)};
      check = Crc32(bytes, sizeof(bytes));
    }
  }
  return check & ((1u << kVariantBits) - 1);
}

void MakePatternFor(const Layout& layout, const Word& word, Size picture, Spectrum* pattern) {
  const Size canonical = ScaledSize(picture, kCanonicalSide);
  // Half the sampling rate of the picture, in cycles per tile.
  const float limit_x =
      0.5f * kTile * static_cast<float>(picture.width) / static_cast<float>(canonical.width);
  const float limit_y =
      0.5f * kTile * static_cast<float>(picture.height) / static_cast<float>(canonical.height);
  MakePattern(layout, word, limit_x, limit_y, pattern);
}

void Tiling::Fill(const Spectrum& pattern, TileTransform& transform) const {
  Spectrum shifted = pattern;
  HalfShift(HalfOffset(plane.width), HalfOffset(plane.height)).Apply(&shifted);
  transform.Synthesise(shifted, tile);
}

void Tiling::Spread(const Plane& mask, size_t begin, size_t end, const Plane& residual) const {
  for (size_t y = begin; y < end; ++y) {
    const float* amplitude = mask.Row(y);
    float* out = residual.Row(y);
    ForEachPart(y, [&](size_t x, const float* part, size_t count) {
      for (size_t i = 0; i < count; ++i) out[x + i] = amplitude[x + i] * part[i];
    });
  }
}

}  // namespace countermark
