// Reads the second layer of the mark, where the first one was torn apart: when the tempo was
// changed without the pitch, or the pitch without the tempo.
#ifndef COUNTERMARK_AUDIO_GAIN_SEARCH_H_
#define COUNTERMARK_AUDIO_GAIN_SEARCH_H_

#include <array>
#include <cstddef>

#include "audio/gain_features.h"
#include "audio/gain_layout.h"
#include "audio/reading.h"
#include "audio/whiten.h"
#include "base/arena.h"
#include "base/key.h"
#include "code/message.h"

namespace countermark::audio {

// A way in which a sound may have been changed, and where the pilot stands highest then.
struct GainPeak {
  float score;  // in deviations of chance
  double tempo;
  int shift;     // of pitch, in eighths of a band
  size_t frame;  // of the period, with which cells begin

  double Pitch() const;
};

class GainSearch {
 public:
  GainSearch(const Key& key, Arena& arena);

  // At most kWindow samples. `trials`: see ReadEvidence. Whether a message was read, and where.
  bool Run(const Sound& sound, double trials, Whitener& whitener, MessageDecoder& decoder,
           Message* message, GainPeak* where);

 private:
  static constexpr size_t kMostPeaks = 6;

  struct PilotCell {
    uint16_t band, step;
    int8_t sign;
  };

  // What the steps are made of: the features, moved by less than a band, of the sound played so
  // much faster.
  void Measure(int shift);
  void Fold(double tempo);
  void AddSteps();
  void Look(double tempo, int shift);
  void Remember(const GainPeak& peak);
  void Refine(GainPeak* peak);
  bool Read(const GainPeak& peak, double trials, MessageDecoder& decoder, Message* message) const;

  GainLayout* layout_;
  PilotCell* pilot_;
  GainFeatures features_;
  const float* measured_ = nullptr;  // of features_
  float* fold_;                      // [frame of the period][band]
  float* steps_;      // [band][frame]: sums of the frames of a step from there on, twice round
  float* values_;     // [payload cell]
  uint16_t* bit_of_;  // [payload cell]
  int8_t* sign_;      // [payload cell]
  std::array<GainPeak, kMostPeaks> peaks_;
  size_t count_ = 0;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_GAIN_SEARCH_H_
