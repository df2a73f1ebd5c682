#include "audio/gain_layer.h"

#include <algorithm>

#include "kernels/cells.h"

namespace countermark::audio {
namespace {

// The depth is 0.4 dB where a band is as loud as the whole of the last half second, deeper where it
// is softer, up to 2 dB. Logarithms of amplitudes.
constexpr float kDepth = 0.046051702f, kMostDepth = 0.23025851f;
constexpr float kDepthExponent = -0.3f;
// Frames over which the loudness of the whole is taken.
constexpr float kMemory = 32;
// Below the least that 24 bits can say.
constexpr float kFloor = 7e-14f;
// Of a row of levels: frames of which the last two are carried over.
constexpr size_t kLevelRow = kFrames + 2;

}  // namespace

GainLayer::GainLayer(Arena& arena)
    : bands_(arena.Allocate<GainBand>(kGainBands)),
      values_(arena.Allocate<int8_t>(kGainCells)),
      power_(arena.Allocate<float>(kGainBins * kFrames)),
      logarithm_(arena.Allocate<float>(kGainBins * kFrames)),
      level_(arena.Allocate<float>(kGainBands * kLevelRow)),
      depth_(arena.Allocate<float>(kGainBands * kFrames)) {
  if (depth_ == nullptr) return;
  FillGainBands(0, kGainBands, bands_);
  std::fill_n(level_, kGainBands * kLevelRow, 0.0f);
}

void GainLayer::Begin(const Key& key, const Choice& choice, const float* coded) {
  const GainLayout layout(key);
  for (size_t cell = 0; cell < kGainCells; ++cell) {
    const uint16_t bit = layout.bit_of[cell];
    const int8_t own = bit == GainLayout::kPilot || coded[bit] > 0 ? 1 : -1;
    values_[cell] = static_cast<int8_t>(own * layout.sign[cell]);
  }
  origin_ = choice.gain_origin;
}

void GainLayer::Measure(const float* cells, size_t frame, float* growth) {
  MeasureBands(cells);
  MakeDepths();
  for (size_t f = 0; f < kFrames; ++f) {
    const size_t step = (frame + f + origin_) % kGainPeriod / kGainHops;
    const int8_t* values = values_ + step * kGainBands;
    for (size_t b = 0; b < kGainBands; ++b) depth_[b * kFrames + f] *= values[b];
  }
  std::fill_n(growth, kGainBins * kFrames, 0.0f);
  for (size_t b = 0; b < kGainBands; ++b) {
    const GainBand& band = bands_[b];
    const float* depth = depth_ + b * kFrames;
    for (size_t i = 0; i < band.count; ++i) {
      float* row = growth + (band.first + i - kGainFirstBin) * kFrames;
      for (size_t f = 0; f < kFrames; ++f) row[f] += band.share[i] * depth[f];
    }
  }
  ExponentialsLessOne(growth, kGainBins * kFrames, growth);
}

void GainLayer::MeasureBands(const float* cells) {
  LogPowers(cells, kFloor, kGainBins, power_, logarithm_);
  whole_.fill(0);
  float width = 0;
  for (size_t b = 0; b < kGainBands; ++b) {
    const GainBand& band = bands_[b];
    float sum[kFrames] = {};
    for (size_t i = 0; i < band.count; ++i) {
      const float* row = power_ + (band.first + i - kGainFirstBin) * kFrames;
      for (size_t f = 0; f < kFrames; ++f) sum[f] += band.share[i] * row[f];
    }
    float* level = level_ + b * kLevelRow;
    level[0] = level[kFrames];
    level[1] = level[kFrames + 1];
    for (size_t f = 0; f < kFrames; ++f) {
      level[2 + f] = sum[f] / band.width;
      whole_[f] += sum[f];
    }
    width += band.width;
  }
  for (float& w : whole_) w /= width;
}

// At a sudden sound the band is as loud as it is now, and not yet shallow for what comes after.
void GainLayer::MakeDepths() {
  for (size_t f = 0; f < kFrames; ++f) {
    mean_ += (whole_[f] - mean_) / kMemory;
    for (size_t b = 0; b < kGainBands; ++b) {
      const float* level = level_ + b * kLevelRow + f;
      const float mean = (level[0] + level[1] + level[2]) * (1.0f / 3);
      depth_[b * kFrames + f] = std::max(mean, level[2]) / mean_ + 1e-6f;
    }
  }
  RaiseToPower(depth_, kDepthExponent, kGainBands * kFrames, depth_);
  for (size_t i = 0; i < kGainBands * kFrames; ++i) {
    depth_[i] = std::min(kDepth * depth_[i], kMostDepth);
  }
}

}  // namespace countermark::audio
