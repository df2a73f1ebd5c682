#include "audio/fold.h"

#include <algorithm>
#include <array>

namespace countermark::audio {

static_assert(kMostParts <= TileBatch::kTiles);

size_t FoldParts(const Sound& whitened, TileBatch& batch, Spectrum* parts) {
  const size_t samples = std::min(whitened.count, kWindow);
  const size_t count = (samples + kPartSamples - 1) / kPartSamples;
  std::fill_n(batch.tiles(), kTile * TileBatch::kTiles, 0.0f);
  for (size_t part = 0; part < count; ++part) {
    const size_t end = std::min(samples, (part + 1) * kPartSamples);
    std::array<float, kTile> sum{};
    for (size_t begin = part * kPartSamples; begin < end; begin += kTile) {
      const size_t length = std::min(kTile, end - begin);
      for (size_t n = 0; n < length; ++n) sum[n] += whitened.samples[begin + n];
    }
    for (size_t n = 0; n < kTile; ++n) batch.tiles()[n * TileBatch::kTiles + part] = sum[n];
  }
  batch.Analyse(count, parts);
  return count;
}

}  // namespace countermark::audio
