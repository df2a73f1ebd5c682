// What a key decides of the second layer: which cells are pilot, and where each coded bit lies.
#ifndef COUNTERMARK_AUDIO_GAIN_LAYOUT_H_
#define COUNTERMARK_AUDIO_GAIN_LAYOUT_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "audio/format.h"
#include "base/key.h"

namespace countermark::audio {

struct GainLayout {
  explicit GainLayout(const Key& key);

  static constexpr uint16_t kPilot = 0xffff;
  // The coded bit of each cell, or kPilot. Of kCodedBits payload cells in a row each has another.
  std::array<uint16_t, kGainCells> bit_of;
  // Pilot cells are louder, and cells of a bit that is 0, or softer where the sign is -1.
  std::array<int8_t, kGainCells> sign;
};

// A band has `share` of each of the bins from `first` on, in the order of the bands.
struct GainBand {
  static constexpr size_t kMostBins = 18;

  size_t first, count;
  std::array<float, kMostBins> share;
  float width;  // the sum of the shares
};
// The bands from one on, which need not be a whole one: `first` from -3 to kGainBands + 5.
void FillGainBands(double first, size_t count, GainBand* bands);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_GAIN_LAYOUT_H_
