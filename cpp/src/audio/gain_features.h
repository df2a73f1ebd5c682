// What the second layer of the mark is read from: by how much each band is louder than what is
// around it.
#ifndef COUNTERMARK_AUDIO_GAIN_FEATURES_H_
#define COUNTERMARK_AUDIO_GAIN_FEATURES_H_

#include <array>
#include <cstddef>

#include "audio/fold.h"
#include "audio/gain_layout.h"
#include "audio/whiten.h"
#include "base/arena.h"

namespace countermark::audio {

// Bands of a frame: so many below the first one, for sounds that are lower than they were, and some
// above the last one.
inline constexpr size_t kGainMargin = 3;
inline constexpr size_t kGainRow = 88;
static_assert(kGainMargin + kGainBands + kGainMargin < kGainRow);
// Frames of a window, in whole blocks.
inline constexpr size_t kMostGainFrames =
    (kWindow + kBlockOverlap + kBlockHop - 1) / kBlockHop * kFrames;

class GainFeatures {
 public:
  // For sounds of at most kWindow samples.
  explicit GainFeatures(Arena& arena);

  // Looks at a sound; frame 0 begins kBlockOverlap samples before it.
  void Measure(const Sound& sound, Whitener& whitener);
  size_t frames() const { return frames_; }

  // frames() rows of kGainRow features; the first band is the one that lies `shift`, 0 to 1, above
  // band -kGainMargin. Valid until the next call.
  const float* At(double shift);

 private:
  // Bins that the bands have a part of.
  static constexpr size_t kFirst = 34;
  static constexpr size_t kEnd = 508;

  void MeasureLevels(double shift);
  void MeasureDepths();
  void TakeLogarithms();
  void Flatten();
  void Equalise();

  GainBand* bands_;
  float* magnitudes_;                            // [block][bin][frame of the block]
  float *levels_, *depths_, *features_, *work_;  // [frame][band]
  size_t frames_ = 0;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_GAIN_FEATURES_H_
