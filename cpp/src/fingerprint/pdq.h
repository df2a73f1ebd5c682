// PDQ, the perceptual hash of Meta's ThreatExchange ("PDQ hashing", 2017): 256 bits that say
// which of the 16 x 16 lowest frequencies of the small picture lie above their median.
#ifndef COUNTERMARK_FINGERPRINT_PDQ_H_
#define COUNTERMARK_FINGERPRINT_PDQ_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "base/image.h"

namespace countermark {

// As the reference prints it: the first byte holds the highest frequencies.
using PdqBits = std::array<uint8_t, 32>;

// The picture as it is; turned 90, 180, 270 degrees anticlockwise; upside down; left to right;
// mirrored at the main diagonal; at the other one. The order of the reference.
inline constexpr size_t kDihedralCount = 8;

struct PdqHashes {
  std::array<PdqBits, kDihedralCount> bits;
  int quality;  // 0 .. 100, of gradients in the small picture; under 50 a hash says little
};

// Bytes of scratch memory that ComputePdq takes for a picture of this size.
size_t PdqScratchSize(size_t width, size_t height, PixelFormat format);

// Fills the first `count` of the hashes. Sides of at least 5, as in the reference.
void ComputePdq(const ImageView& image, size_t count, Arena& arena, PdqHashes* hashes);

}  // namespace countermark

#endif  // COUNTERMARK_FINGERPRINT_PDQ_H_
