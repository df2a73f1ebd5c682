#include "audio/channel_mask.h"

#include <algorithm>
#include <cmath>

#include "audio/format.h"
#include "kernels/cells.h"

namespace countermark::audio {
namespace {

// Amplitude of the mark against that of the masker, from 400 Hz on and below.
constexpr float kAmplitude = 0.105f, kLowAmplitude = 0.063f;
constexpr size_t kLowBins = 400 * kFrame / kRate + 1 - kFirstBin;
// Cells that hide less than the others get more of the mark, and those that hide more get less:
// where a sound is loudest the mark costs most and is no better read. At most twice as much.
constexpr float kFlattening = -0.25f, kMostRaise = 2;
// Frames over which the loudness of the others is taken.
constexpr float kMemory = 32;

}  // namespace

ChannelMask::ChannelMask(Arena& arena)
    : rows_(arena.Allocate<float>(kMarkBins * kRow)),
      measured_(arena.Allocate<float>(kMarkBins * kFrames)) {
  if (measured_ != nullptr) std::fill_n(rows_, kMarkBins * kRow, 0.0f);
}

void ChannelMask::Measure(Mask& mask, const float* cells, float* amplitude) {
  mask.Measure(cells, measured_);
  // What a frame hides it must hide in both neighbours too: no echo ahead of a sudden sound.
  for (size_t bin = 0; bin < kMarkBins; ++bin) {
    float* row = rows_ + bin * kRow;
    row[0] = row[kFrames];
    row[1] = row[kFrames + 1];
    std::copy_n(measured_ + bin * kFrames, kFrames, row + 2);
    for (size_t f = 0; f < kFrames; ++f) {
      amplitude[bin * kFrames + f] = std::min(std::min(row[f], row[f + 1]), row[f + 2]);
    }
  }
  std::array<float, kFrames> level;
  Follow(amplitude, &level);
  float* raise = measured_;
  for (size_t i = 0; i < kMarkBins * kFrames; i += kFrames) {
    for (size_t f = 0; f < kFrames; ++f) raise[i + f] = amplitude[i + f] / level[f] + 1e-6f;
  }
  RaiseToPower(raise, kFlattening, kMarkBins * kFrames, raise);
  for (size_t i = 0; i < kMarkBins * kFrames; ++i) {
    const float own = i < kLowBins * kFrames ? kLowAmplitude : kAmplitude;
    amplitude[i] *= own * std::min(raise[i], kMostRaise);
  }
}

// Root mean square over the bins and the last half second, for each frame.
void ChannelMask::Follow(const float* amplitude, std::array<float, kFrames>* level) {
  std::array<float, kFrames> square{};
  for (size_t i = 0; i < kMarkBins * kFrames; i += kFrames) {
    for (size_t f = 0; f < kFrames; ++f) square[f] += amplitude[i + f] * amplitude[i + f];
  }
  for (size_t f = 0; f < kFrames; ++f) {
    mean_ += (square[f] / kMarkBins - mean_) / kMemory;
    (*level)[f] = std::sqrt(mean_ + 1e-20f);
  }
}

}  // namespace countermark::audio
