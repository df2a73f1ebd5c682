// What a channel hides, from frame to frame.
#ifndef COUNTERMARK_AUDIO_CHANNEL_MASK_H_
#define COUNTERMARK_AUDIO_CHANNEL_MASK_H_

#include <array>
#include <cstddef>

#include "audio/mask.h"
#include "audio/short_time.h"
#include "base/arena.h"

namespace countermark::audio {

class ChannelMask {
 public:
  explicit ChannelMask(Arena& arena);

  // For the next block of cells the amplitude of the mark at strength 1, kMarkBins rows of kFrames:
  // a frame late, so that a frame's neighbours are known. The first frame is the last one of the
  // block before.
  void Measure(Mask& mask, const float* cells, float* amplitude);

 private:
  // Frames of which the last two are carried over.
  static constexpr size_t kRow = kFrames + 2;

  void Follow(const float* amplitude, std::array<float, kFrames>* level);

  float* rows_;      // [bin][kRow]
  float* measured_;  // [bin][frame]
  float mean_ = 0;   // mean square of what it hides, over the last half second
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_CHANNEL_MASK_H_
