#include "audio/tile_batch.h"

#include <algorithm>

namespace countermark::audio {
namespace {

constexpr size_t kLanes = kFourierLanes;

}  // namespace

TileBatch::TileBatch(Arena& arena)
    : fft_(kTile, arena),
      tiles_(arena.Allocate<float>(kTile * kTiles)),
      scratch_(arena.Allocate<float>(kTile * kTiles)),
      spectra_(arena.Allocate<Spectrum>(kTiles)) {}

// Lane l is tile l + i times tile l + kLanes, Z = A + i B, so that
// A(k) = (Z(k) + Z*(-k)) / 2 and B(k) = (Z(k) - Z*(-k)) / 2i.
void TileBatch::Analyse(size_t count, Spectrum* spectra) {
  const float* z = fft_.Transform(tiles_, scratch_);
  for (size_t i = 0; i < kLines; ++i) {
    const float* there = z + (kFirstLine + i) * kTiles;
    const float* back = z + (kTile - kFirstLine - i) * kTiles;
    for (size_t t = 0; t < count; ++t) {
      const size_t l = t % kLanes;
      const float sum_re = there[l] + back[l], sum_im = there[kLanes + l] - back[kLanes + l];
      const float lag_re = there[l] - back[l], lag_im = there[kLanes + l] + back[kLanes + l];
      spectra[t].re[i] = 0.5f * (t < kLanes ? sum_re : lag_im);
      spectra[t].im[i] = 0.5f * (t < kLanes ? sum_im : -lag_re);
    }
  }
}

// With real and imaginary parts exchanged, before and after, the transform goes back.
const float* TileBatch::Synthesise(const Spectrum* spectra) {
  std::fill_n(tiles_, kTile * kTiles, 0.0f);
  for (size_t i = 0; i < kLines; ++i) {
    float* there = tiles_ + (kFirstLine + i) * kTiles;
    float* back = tiles_ + (kTile - kFirstLine - i) * kTiles;
    for (size_t l = 0; l < kLanes; ++l) {
      const float a_re = spectra[l].re[i], a_im = spectra[l].im[i];
      const float b_re = spectra[kLanes + l].re[i], b_im = spectra[kLanes + l].im[i];
      there[kLanes + l] = a_re - b_im;
      there[l] = a_im + b_re;
      back[kLanes + l] = a_re + b_im;
      back[l] = b_re - a_im;
    }
  }
  const float* z = fft_.Transform(tiles_, scratch_);
  // What came out as imaginary are the first tiles.
  float* out = z == tiles_ ? scratch_ : tiles_;
  for (size_t n = 0; n < kTile * kTiles; n += kTiles) {
    for (size_t l = 0; l < kLanes; ++l) {
      out[n + l] = z[n + kLanes + l];
      out[n + kLanes + l] = z[n + l];
    }
  }
  return out;
}

}  // namespace countermark::audio
