#include "audio/fold.h"

#include <algorithm>

namespace countermark::audio {

static_assert(kMostParts <= TileBatch::kTiles);

namespace {

// Samples of all parts that are added up at a time.
constexpr size_t kRun = 64;

}  // namespace

size_t FoldParts(const Sound& whitened, TileBatch& batch, Spectrum* parts) {
  const size_t samples = std::min(whitened.count, kWindow);
  const size_t count = (samples + kPartSamples - 1) / kPartSamples;
  float* out = batch.tiles();
  for (size_t first = 0; first < kTile; first += kRun) {
    float sums[TileBatch::kTiles][kRun] = {};
    for (size_t tile = 0; tile * kTile + first < samples; ++tile) {
      const float* in = whitened.samples + tile * kTile + first;
      const size_t length = samples - tile * kTile - first;
      float* sum = sums[tile / kPartTiles];
      if (length >= kRun) {
        for (size_t n = 0; n < kRun; ++n) sum[n] += in[n];
      } else {
        for (size_t n = 0; n < length; ++n) sum[n] += in[n];
      }
    }
    for (size_t n = 0; n < kRun; ++n) {
      for (const auto& sum : sums) *out++ = sum[n];
    }
  }
  batch.Analyse(count, parts);
  return count;
}

}  // namespace countermark::audio
