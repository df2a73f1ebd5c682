// The folded sound split by what its cells are like: loud or soft, of a tone or between tones.
#ifndef COUNTERMARK_AUDIO_CLASSES_H_
#define COUNTERMARK_AUDIO_CLASSES_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "audio/tile_batch.h"
#include "audio/whiten.h"

namespace countermark::audio {

// Level over the floor that is always there x valley, flank or peak of the spectrum: codecs and
// noise leave the mark in some of them only.
inline constexpr size_t kLevels = 3;
inline constexpr size_t kShapes = 3;
inline constexpr size_t kClasses = kLevels * kShapes;

class ClassFold {
 public:
  explicit ClassFold(Arena& arena);

  // Tiles begin with the sound. Fills kClasses spectra, level by level: together they are those of
  // the whole whitened sound.
  void Fold(const Sound& sound, Whitener& whitener, TileBatch& batch, Spectrum* classes);

 private:
  static constexpr size_t kBand = kEndBin - kFirstBin;
  // Steps in which levels are counted, four an octave.
  static constexpr size_t kSteps = 1024;

  void MeasureFloor(const Sound& sound, Whitener& whitener);
  void Measure(const float* cells);
  void AddClasses(float whitening_floor, float* cells, size_t first_frame);
  std::array<int32_t, kFrames> ClassesOf(size_t bin) const;
  void Synthesise(TileBatch& batch);

  ShortTime transform_;
  uint16_t* counts_;       // [bin][step] of the level
  float* floor_;           // [bin]
  float *power_, *level_;  // [bin][frame] of a block: as it is; over its neighbours
  float* local_;           // [bin][frame]: over many bins
  float* cells_;           // [class][half of the tile][kBlockCells]
  float* span_;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_CLASSES_H_
