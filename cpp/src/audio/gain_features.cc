#include "audio/gain_features.h"

#include <algorithm>
#include <cmath>

#include "kernels/cells.h"

namespace countermark::audio {
namespace {

// Frames and bands to each side over which the level is a mean that is taken off.
constexpr size_t kLevelFrames = 9, kLevelBands = 3;
// Over which features become alike in power; of the mean power of all, what is less stays less.
constexpr size_t kPowerFrames = 18, kPowerBands = 2;
constexpr float kPowerShare = 0.1f;
constexpr float kMostFeature = 2;
// Of a band's mean magnitude: what is softer counts as being so loud.
constexpr float kLevelFloor = 1e-3f;
// The embedder's depth, of the deepest: 0.4 of 2 dB where a band is as loud as the whole of a
// second, and how it grows where it is softer.
constexpr float kDepth = 0.2f, kDepthExponent = -0.3f;
constexpr size_t kDepthFrames = 32;
constexpr float kTiny = 1e-20f;

// out = the mean over so many frames to each side, as far as there are.
void MeanOverFrames(const float* in, size_t frames, size_t reach, float* out) {
  float sum[kGainRow] = {};
  size_t first = 0, end = 0;
  for (size_t f = 0; f < frames; ++f) {
    for (; end < std::min(f + reach + 1, frames); ++end) {
      for (size_t b = 0; b < kGainRow; ++b) sum[b] += in[end * kGainRow + b];
    }
    for (; first + reach < f; ++first) {
      for (size_t b = 0; b < kGainRow; ++b) sum[b] -= in[first * kGainRow + b];
    }
    const float share = 1.0f / static_cast<float>(end - first);
    for (size_t b = 0; b < kGainRow; ++b) out[f * kGainRow + b] = share * sum[b];
  }
}

// The same over bands. `out` may be `in`.
template <size_t kReach>
void MeanOverBands(const float* in, size_t frames, float* out) {
  float share[kGainRow] = {};
  for (size_t b = 0; b < kGainRow; ++b) {
    const size_t first = b - std::min(b, kReach), end = std::min(b + kReach + 1, kGainRow);
    share[b] = 1.0f / static_cast<float>(end - first);
  }
  float padded[kReach + kGainRow + kReach] = {};
  for (size_t f = 0; f < frames; ++f) {
    std::copy_n(in + f * kGainRow, kGainRow, padded + kReach);
    float sum[kGainRow] = {};
    for (size_t k = 0; k <= 2 * kReach; ++k) {
      for (size_t b = 0; b < kGainRow; ++b) sum[b] += padded[b + k];
    }
    for (size_t b = 0; b < kGainRow; ++b) out[f * kGainRow + b] = share[b] * sum[b];
  }
}

}  // namespace

GainFeatures::GainFeatures(Arena& arena)
    : bands_(arena.Allocate<GainBand>(kGainRow)),
      magnitudes_(arena.Allocate<float>((kEnd - kFirst) * kMostGainFrames)),
      levels_(arena.Allocate<float>(kMostGainFrames * kGainRow)),
      depths_(arena.Allocate<float>(kMostGainFrames * kGainRow)),
      features_(arena.Allocate<float>(kMostGainFrames * kGainRow)),
      work_(arena.Allocate<float>(kMostGainFrames * kGainRow)) {}

void GainFeatures::Measure(const Sound& sound, Whitener& whitener) {
  const size_t blocks = Whitener::Blocks(sound);
  frames_ = blocks * kFrames;
  for (size_t block = 0; block < blocks; ++block) {
    const float* cells = whitener.Cells(sound, block);
    for (size_t k = kFirst; k < kEnd; ++k) {
      const float* re = cells + k * kBinStep;
      const float* im = re + kFrames;
      float* out = magnitudes_ + (block * (kEnd - kFirst) + k - kFirst) * kFrames;
      for (size_t f = 0; f < kFrames; ++f) out[f] = std::sqrt(re[f] * re[f] + im[f] * im[f]);
    }
  }
}

const float* GainFeatures::At(double shift) {
  MeasureLevels(shift);
  MeasureDepths();
  TakeLogarithms();
  Flatten();
  Equalise();
  return features_;
}

void GainFeatures::MeasureLevels(double shift) {
  FillGainBands(shift - static_cast<double>(kGainMargin), kGainRow, bands_);
  for (size_t begin = 0; begin < frames_; begin += kFrames) {
    const float* block = magnitudes_ + begin * (kEnd - kFirst);
    for (size_t b = 0; b < kGainRow; ++b) {
      float sums[kFrames] = {};
      const GainBand& band = bands_[b];
      for (size_t i = 0; i < band.count; ++i) {
        const float* in = block + (band.first + i - kFirst) * kFrames;
        for (size_t f = 0; f < kFrames; ++f) sums[f] += band.share[i] * in[f];
      }
      for (size_t f = 0; f < kFrames; ++f) levels_[(begin + f) * kGainRow + b] = sums[f];
    }
  }
}

// How deep the embedder may have gone, of the deepest.
void GainFeatures::MeasureDepths() {
  float width[kGainRow] = {}, whole = 0;
  for (size_t b = 0; b < kGainRow; ++b) {
    width[b] = bands_[b].width;
    whole += width[b];
  }
  float power[kMostGainFrames];
  for (size_t f = 0; f < frames_; ++f) {
    float sum = 0;
    for (size_t b = 0; b < kGainRow; ++b) {
      const float level = levels_[f * kGainRow + b] / width[b];
      work_[f * kGainRow + b] = level * level;
      sum += level * level * width[b];
    }
    power[f] = sum / whole;
  }
  MeanOverFrames(work_, frames_, 1, depths_);
  for (size_t f = 0; f < frames_; ++f) {
    const size_t first = f - std::min(f, kDepthFrames),
                 end = std::min(f + kDepthFrames + 1, frames_);
    float mean = 0;
    for (size_t k = first; k < end; ++k) mean += power[k];
    const float scale = static_cast<float>(end - first) / (mean + kTiny);
    for (size_t b = 0; b < kGainRow; ++b) {
      float& depth = depths_[f * kGainRow + b];
      depth = std::max(depth, 0.0f) * scale + 1e-6f;
    }
  }
  RaiseToPower(depths_, kDepthExponent, frames_ * kGainRow, depths_);
  for (size_t i = 0; i < frames_ * kGainRow; ++i) depths_[i] = std::min(kDepth * depths_[i], 1.0f);
}

void GainFeatures::TakeLogarithms() {
  float floor[kGainRow] = {};
  for (size_t f = 0; f < frames_; ++f) {
    for (size_t b = 0; b < kGainRow; ++b) floor[b] += levels_[f * kGainRow + b];
  }
  const float share = kLevelFloor / static_cast<float>(frames_);
  for (float& f : floor) f = share * f + kTiny;
  for (size_t f = 0; f < frames_; ++f) {
    for (size_t b = 0; b < kGainRow; ++b)
      features_[f * kGainRow + b] = levels_[f * kGainRow + b] + floor[b];
  }
  Logarithms(features_, frames_ * kGainRow, features_);
}

// Takes off what is there longer, and what is around in frequency.
void GainFeatures::Flatten() {
  MeanOverFrames(features_, frames_, kLevelFrames, work_);
  for (size_t i = 0; i < frames_ * kGainRow; ++i) features_[i] -= work_[i];
  MeanOverBands<kLevelBands>(features_, frames_, work_);
  for (size_t i = 0; i < frames_ * kGainRow; ++i) features_[i] -= work_[i];
}

void GainFeatures::Equalise() {
  float* squares = levels_;
  double all = 0;
  for (size_t f = 0; f < frames_; ++f) {
    for (size_t b = 0; b < kGainRow; ++b) {
      const size_t i = f * kGainRow + b;
      squares[i] = features_[i] * features_[i];
      all += static_cast<double>(squares[i]);
    }
  }
  const float least =
      kPowerShare * static_cast<float>(all / static_cast<double>(frames_ * kGainRow)) + 1e-9f;
  MeanOverFrames(squares, frames_, kPowerFrames, work_);
  MeanOverBands<kPowerBands>(work_, frames_, squares);
  for (size_t i = 0; i < frames_ * kGainRow; ++i) {
    const float feature = features_[i] / std::sqrt(std::max(squares[i], 0.0f) + least);
    features_[i] = depths_[i] * std::clamp(feature, -kMostFeature, kMostFeature);
  }
}

}  // namespace countermark::audio
