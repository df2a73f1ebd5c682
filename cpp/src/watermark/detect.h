// Finds the mark in a picture and reads its payload.
#ifndef COUNTERMARK_WATERMARK_DETECT_H_
#define COUNTERMARK_WATERMARK_DETECT_H_

#include <array>

#include "base/arena.h"
#include "base/image.h"
#include "base/key.h"
#include "code/message.h"

namespace countermark {

enum class Effort {
  kAligned,  // plain resizes, recompression, colour changes
  kFull,     // also crops, rotations, changed aspect, grown canvas, mild perspective
};

// Height of the pilot below which nothing is decoded; unmarked pictures reach 5.6.
inline constexpr float kLeastScore = 5.0f;

struct Detection {
  Word word;
  // Height of the pilot's correlation peak, in standard deviations of the correlation surface.
  float score;
  // Upper bound of the probability that a picture without this key's mark gives any message; see
  // watermark/reading.h.
  double false_positive_rate;
  // How well the pattern fits, in deviations of chance: what the bound is derived from.
  double likeness;
  // A homography, row by row: the picture's point (x, y), pixel centres at halves, lies at
  // (u / w, v / w) of the canonical plane, (u, v, w) being the matrix times (x, y, 1), whose origin
  // is the centre of the picture that was marked and whose area is kCanonicalSide squared; modulo
  // the tile. w is 1 where u and v are 0, and everywhere without perspective.
  std::array<double, 9> geometry;
};

// Bytes of scratch memory that Detect takes for a picture of this size.
size_t DetectScratchSize(size_t width, size_t height, Effort effort);

// When nothing is read, only the score is written: the highest of all placements looked at.
bool Detect(const ImageView& image, const Key& key, Effort effort, Arena& arena,
            Detection* detection);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_DETECT_H_
