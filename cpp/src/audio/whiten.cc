#include "audio/whiten.h"

#include <algorithm>
#include <cmath>

namespace countermark::audio {
namespace {

// Of the mean power of all cells: what is 40 dB below counts less.
constexpr double kFloorShare = 1e-4;
constexpr double kLeastFloor = 1e-14;

}  // namespace

Whitener::Whitener(Arena& arena)
    : transform_(arena),
      span_(arena.Allocate<float>(kBlockSpan)),
      cells_(arena.Allocate<float>(kBlockCells)),
      sums_(arena.Allocate<float>(kBlockSpan)) {}

// White noise of variance 1 has cells of mean square 1, and any sound the mean square of its
// samples.
float Whitener::Floor(const Sound& sound) {
  double sum = 0;
  for (size_t i = 0; i < sound.count; ++i) {
    const double s = static_cast<double>(sound.samples[i]);
    sum += s * s;
  }
  const double mean = sum / static_cast<double>(std::max<size_t>(sound.count, 1));
  return static_cast<float>(kFloorShare * mean + kLeastFloor);
}

float* Whitener::Cells(const Sound& sound, size_t block) {
  // Sample i of the span is sample begin + i of the sound.
  const ptrdiff_t begin =
      static_cast<ptrdiff_t>(block * kBlockHop) - static_cast<ptrdiff_t>(kBlockOverlap);
  const ptrdiff_t end = static_cast<ptrdiff_t>(sound.count);
  const ptrdiff_t first = std::clamp<ptrdiff_t>(-begin, 0, kBlockSpan);
  const ptrdiff_t last = std::clamp<ptrdiff_t>(end - begin, first, kBlockSpan);
  std::fill_n(span_, first, 0.0f);
  std::copy_n(sound.samples + begin + first, last - first, span_ + first);
  std::fill(span_ + last, span_ + kBlockSpan, 0.0f);
  transform_.Forward(span_, cells_);
  return cells_;
}

float Whitener::Whiten(const Sound& sound, float* out) {
  const float floor = Floor(sound);
  std::fill_n(sums_, kBlockSpan, 0.0f);
  // A block is written after the next one's samples were read: `out` may be the sound.
  const size_t blocks = Blocks(sound);
  for (size_t block = 0; block < blocks; ++block) {
    float* cells = Cells(sound, block);
    for (size_t k = 0; k < kBins; ++k) {
      float* bin = cells + k * kBinStep;
      if (k < kFirstBin || k >= kEndBin) {
        std::fill_n(bin, kBinStep, 0.0f);
      } else {
        WhitenBin(floor, bin);
      }
    }
    transform_.Inverse(cells, sums_);
    const size_t skipped = block == 0 ? kBlockOverlap : 0;
    const size_t begin = block * kBlockHop + skipped - kBlockOverlap;
    const size_t whole = std::min(kBlockHop - skipped, sound.count - begin);
    std::copy_n(sums_ + skipped, whole, out + begin);
    std::copy_n(sums_ + kBlockHop, kBlockOverlap, sums_);
    std::fill_n(sums_ + kBlockOverlap, kBlockHop, 0.0f);
  }
  return floor;
}

void WhitenBin(float floor, float* bin) {
  float* im = bin + kFrames;
  for (size_t f = 0; f < kFrames; ++f) {
    const float gain = 1.0f / std::sqrt(bin[f] * bin[f] + im[f] * im[f] + floor);
    bin[f] *= gain;
    im[f] *= gain;
  }
}

}  // namespace countermark::audio
