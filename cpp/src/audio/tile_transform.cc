#include "audio/tile_transform.h"

#include <algorithm>

#include "base/trigonometry.h"

namespace countermark::audio {
namespace {

// 2 / sqrt(kTile)
constexpr float kScale = 0.022097086912079608f;

}  // namespace

TileTransform::TileTransform(Arena& arena)
    : fft_(kLength, arena),
      turn_re_(arena.Allocate<float>(kTile)),
      turn_im_(arena.Allocate<float>(kTile)),
      work_(arena.Allocate<float>(kLength * kFourierElement)),
      scratch_(arena.Allocate<float>(kLength * kFourierElement)) {
  if (scratch_ == nullptr) return;
  for (size_t n = 0; n < kTile; ++n) {
    turn_re_[n] = static_cast<float>(CosineOfTurn(static_cast<int>(n), kTile));
    turn_im_[n] = static_cast<float>(-SineOfTurn(static_cast<int>(n), kTile));
  }
}

void TileTransform::Analyse(const float* tile, Spectrum* spectrum) const {
  for (size_t m = 0; m < kLength; ++m) {
    float* element = work_ + m * kFourierElement;
    std::copy_n(tile + m * kFourierLanes, kFourierLanes, element);
    std::fill_n(element + kFourierLanes, kFourierLanes, 0.0f);
  }
  const float* lanes = fft_.Transform(work_, scratch_);
  for (size_t i = 0; i < kLines; ++i) {
    const size_t k = kFirstLine + i;
    const float* re = lanes + k % kLength * kFourierElement;
    const float* im = re + kFourierLanes;
    float sum_re = 0, sum_im = 0;
    for (size_t lane = 0; lane < kFourierLanes; ++lane) {
      const float c = turn_re_[k * lane % kTile], s = turn_im_[k * lane % kTile];
      sum_re += re[lane] * c - im[lane] * s;
      sum_im += re[lane] * s + im[lane] * c;
    }
    spectrum->re[i] = sum_re;
    spectrum->im[i] = sum_im;
  }
}

// The transform of the conjugate is the conjugate of the inverse, and the real part is the same.
void TileTransform::Synthesise(const Spectrum& spectrum, float* tile) const {
  std::fill_n(work_, kLength * kFourierElement, 0.0f);
  for (size_t i = 0; i < kLines; ++i) {
    const size_t k = kFirstLine + i;
    const float re = kScale * spectrum.re[i], im = -kScale * spectrum.im[i];
    float* to_re = work_ + k % kLength * kFourierElement;
    float* to_im = to_re + kFourierLanes;
    for (size_t lane = 0; lane < kFourierLanes; ++lane) {
      const float c = turn_re_[k * lane % kTile], s = turn_im_[k * lane % kTile];
      to_re[lane] += re * c - im * s;
      to_im[lane] += re * s + im * c;
    }
  }
  const float* lanes = fft_.Transform(work_, scratch_);
  for (size_t m = 0; m < kLength; ++m) {
    std::copy_n(lanes + m * kFourierElement, kFourierLanes, tile + m * kFourierLanes);
  }
}

}  // namespace countermark::audio
