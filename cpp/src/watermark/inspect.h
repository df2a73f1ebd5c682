// What the detector saw, for people to look at.
#ifndef COUNTERMARK_WATERMARK_INSPECT_H_
#define COUNTERMARK_WATERMARK_INSPECT_H_

#include <array>
#include <cstddef>

#include "code/message.h"
#include "watermark/detect.h"
#include "watermark/fold.h"

namespace countermark {

// A square of kTile canonical pixels whose corners are at multiples of kTile.
struct InspectedTile {
  double x, y;  // of its centre, in the picture's pixels
  // Height of the pilot in this tile alone: about 0 +- 1 where there is no mark, negative where
  // there is one of inverted brightness.
  float score;
};

struct Inspection {
  // As in Detection. Where nothing was read, that of a picture that is as it was marked.
  std::array<double, 9> geometry;
  size_t tile_count;
  std::array<InspectedTile, kMostTiles> tiles;
  // By how much each coded bit speaks for the message, of mean square 1; 0 where nothing was read.
  std::array<float, kCodedBits> bit_margins;
};

// Bytes of scratch memory that Inspect takes for a picture of this size.
size_t InspectScratchSize(size_t width, size_t height, Effort effort);

// Detects, then folds the whole picture anew where the mark was found. Returns whether a message
// was read, and writes `detection` as Detect does.
bool Inspect(const ImageView& image, const Key& key, Effort effort, Arena& arena,
             Detection* detection, Inspection* inspection);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_INSPECT_H_
