// The tile spread over the canonical plane.
#ifndef COUNTERMARK_WATERMARK_SPREAD_H_
#define COUNTERMARK_WATERMARK_SPREAD_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "watermark/layout.h"
#include "watermark/plane.h"
#include "watermark/spectrum.h"

namespace countermark {

// 1 where the plane's centre lies between pixels.
inline int HalfOffset(size_t length) { return length % 2 == 0 ? 1 : 0; }

// The variant of a picture: a few bits that other pictures most likely do not share.
uint8_t VariantFor(const Plane& luma);

// The pattern that a picture of this size can hold.
void MakePatternFor(const Layout& layout, const Word& word, Size picture, Spectrum* pattern);

// Where the tile lies on the plane.
struct Tiling {
  Size plane;
  Origin origin;
  float* tile;  // kTile x kTile

  // As the pattern has it, moved by half a pixel where the plane's centre lies between pixels.
  void Fill(const Spectrum& pattern, TileTransform& transform) const;

  // Calls use(x, part, count) for the parts of the tile that row y of the plane is covered with.
  template <typename Use>
  void ForEachPart(size_t y, Use use) const {
    // Of the plane's first pixel in the tile.
    const auto first = [](size_t length, int origin_at) {
      return 2 * size_t{kTile} - (length / 2) % kTile - static_cast<size_t>(origin_at);
    };
    const size_t row = (first(plane.height, origin.y) + y) % kTile;
    size_t column = first(plane.width, origin.x) % kTile;
    for (size_t x = 0; x < plane.width; column = 0) {
      const size_t count = std::min(kTile - column, plane.width - x);
      use(x, tile + row * kTile + column, count);
      x += count;
    }
  }

  // residual = mask * tile, in rows `begin` to `end` of both.
  void Spread(const Plane& mask, size_t begin, size_t end, const Plane& residual) const;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_SPREAD_H_
