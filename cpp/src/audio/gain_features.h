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

// Floats of the bands of a frame, padded with zeros.
inline constexpr size_t kGainRow = 88;
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

  // frames() rows of kGainRow features, as of a sound whose frequencies are `pitch` times what they
  // were. Valid until the next call.
  const float* At(double pitch);

 private:
  // Bins that the bands have a part of, at every pitch.
  static constexpr size_t kFirst = 34;
  static constexpr size_t kEnd = 474;

  void MeasureLevels(double pitch);
  void MeasureDepths();
  void TakeLogarithms();
  void Flatten();
  void Equalise();

  std::array<GainBand, kGainBands>* bands_;
  float* magnitudes_;                            // [bin][kMostGainFrames]
  float *levels_, *depths_, *features_, *work_;  // [frame][band]
  size_t frames_ = 0;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_GAIN_FEATURES_H_
