#include "watermark/whitening.h"

#include <algorithm>
#include <array>

#include "base/trigonometry.h"
#include "kernels/filter.h"
#include "kernels/whiten.h"

namespace countermark {
namespace {

// Blocks of 16 x 16 pixels begin every four pixels, the first one twelve before the plane.
constexpr size_t kBlock = 16;
constexpr size_t kHop = 4;
constexpr size_t kOverlap = kBlock / kHop;
constexpr size_t kLead = kBlock - kHop;
// Cosines of 0 to 3 cycles per block, then sines of 1 to 3: as far as the mark's band goes.
constexpr size_t kCycles = 3;
constexpr size_t kHarmonics = 2 * kCycles + 1;
// The filter kernel likes lines of whole vectors.
constexpr size_t kLineMultiple = 8;

constexpr size_t Sine(size_t cycles) { return kCycles + cycles; }

// [harmonic][sample], under Hann's window with squares that add up to 1.
constexpr std::array<std::array<float, kBlock>, kHarmonics> kBasis = [] {
  constexpr double kScale = 0.40824829046386301637;  // 16 * 3 / 8 = 6, and 1 / sqrt(6)
  constexpr int kTurns = 2 * kBlock;                 // places are counted in halves of a pixel
  std::array<std::array<float, kBlock>, kHarmonics> basis{};
  for (size_t j = 0; j < kBlock; ++j) {
    const int place = 2 * static_cast<int>(j) + 1;
    const double window = kScale * (0.5 - 0.5 * CosineOfTurn(place, kTurns));
    for (size_t k = 0; k <= kCycles; ++k) {
      const int turn = static_cast<int>(k) * (place - static_cast<int>(kBlock));
      basis[k][j] = static_cast<float>(window * CosineOfTurn(turn, kTurns));
      if (k > 0) basis[Sine(k)][j] = static_cast<float>(window * SineOfTurn(turn, kTurns));
    }
  }
  return basis;
}();

// Hann's window lets the mean through to one cycle per block; the analysis takes it out.
constexpr std::array<std::array<float, kBlock>, kHarmonics> kAnalysis = [] {
  auto basis = kBasis;
  float mean_of_window = 0, mean = 0;
  for (size_t j = 0; j < kBlock; ++j) {
    mean_of_window += kBasis[0][j];
    mean += kBasis[1][j];
  }
  for (size_t j = 0; j < kBlock; ++j) basis[1][j] -= mean / mean_of_window * kBasis[0][j];
  return basis;
}();

constexpr size_t BlocksOver(size_t length) { return (length + kLead + kHop - 1) / kHop; }

// One value for each block of a row, harmonic by harmonic.
struct Lines {
  float* data;
  size_t length;

  float* At(size_t line) const { return data + line * length; }
};

class BlockWhitening {
 public:
  BlockWhitening(Size size, float floor, Arena& arena)
      : size_(size),
        floor_(floor),
        length_((BlocksOver(size.width) + kLineMultiple - 1) / kLineMultiple * kLineMultiple),
        phases_(AllocateLines(kHop, length_ + kOverlap, arena)),
        rows_(AllocateLines(kBlock * kHarmonics, length_, arena)),
        cells_(AllocateLines(kOverlap * kHarmonics * kHarmonics, length_, arena)),
        joined_(AllocateLines(kHarmonics, length_ + kOverlap, arena)) {}

  void Run(const Plane& plane, const Plane& out) {
    for (size_t y = 0; y < kLead; ++y) AnalyseRow(plane, y);
    for (size_t block = 0; block < BlocksOver(size_.height); ++block) {
      for (size_t i = 0; i < kHop; ++i) AnalyseRow(plane, kLead + block * kHop + i);
      AnalyseBlocks(block);
      WhitenBlocks(block);
      for (size_t i = 0; i < kHop; ++i) {
        const size_t y = block * kHop + i;  // counted from twelve before the plane
        if (y >= kLead && y - kLead < size_.height) SynthesiseRow(y, out.Row(y - kLead));
      }
    }
  }

 private:
  static Lines AllocateLines(size_t count, size_t length, Arena& arena) {
    float* data = arena.Allocate<float>(count * length);
    if (data != nullptr) std::fill_n(data, count * length, 0.0f);
    return {data, length};
  }

  float* Row(size_t y, size_t across) const { return rows_.At(y % kBlock * kHarmonics + across); }
  float* Cell(size_t block, size_t down, size_t across) const {
    return cells_.At((block % kOverlap * kHarmonics + down) * kHarmonics + across);
  }

  // Row y, counted from twelve before the plane: the harmonics of its part of every block.
  void AnalyseRow(const Plane& plane, size_t y) {
    const size_t inside = std::clamp(y, kLead, kLead + size_.height - 1) - kLead;
    const float* row = plane.Row(inside);
    for (size_t p = 0; p < kHop; ++p) {
      float* line = phases_.At(p);
      const size_t first = kLead / kHop, end = first + (size_.width + kHop - 1 - p) / kHop;
      std::fill_n(line, first, row[0]);
      for (size_t i = first; i < end; ++i) line[i] = row[(i - first) * kHop + p];
      std::fill(line + end, line + phases_.length, row[size_.width - 1]);
    }
    const float* samples[kBlock];
    for (size_t j = 0; j < kBlock; ++j) samples[j] = phases_.At(j % kHop) + j / kHop;
    for (size_t h = 0; h < kHarmonics; ++h) {
      WeightedSum(samples, kAnalysis[h].data(), kBlock, length_, Row(y, h));
    }
  }

  void AnalyseBlocks(size_t block) {
    for (size_t across = 0; across < kHarmonics; ++across) {
      const float* samples[kBlock];
      for (size_t j = 0; j < kBlock; ++j) samples[j] = Row(block * kHop + j, across);
      for (size_t down = 0; down < kHarmonics; ++down) {
        WeightedSum(samples, kAnalysis[down].data(), kBlock, length_, Cell(block, down, across));
      }
    }
  }

  // Every frequency of every block; the mean goes.
  void WhitenBlocks(size_t block) {
    std::fill_n(Cell(block, 0, 0), length_, 0.0f);
    for (size_t k = 1; k <= kCycles; ++k) {
      WhitenCoefficients(Cell(block, 0, k), Cell(block, 0, Sine(k)), floor_, length_);
      WhitenCoefficients(Cell(block, k, 0), Cell(block, Sine(k), 0), floor_, length_);
      for (size_t m = 1; m <= kCycles; ++m) {
        WhitenPair(Cell(block, k, m), Cell(block, k, Sine(m)), Cell(block, Sine(k), m),
                   Cell(block, Sine(k), Sine(m)), floor_, length_);
      }
    }
  }

  // Row y, counted from twelve before the plane, from the four blocks above each other there.
  void SynthesiseRow(size_t y, float* out) {
    const size_t last = y / kHop, phase = y % kHop;
    const float* inputs[kOverlap * kHarmonics];
    float weights[kOverlap * kHarmonics];
    for (size_t q = 0; q < kOverlap; ++q) {
      for (size_t h = 0; h < kHarmonics; ++h) {
        weights[q * kHarmonics + h] = kBasis[h][phase + q * kHop];
      }
    }
    for (size_t across = 0; across < kHarmonics; ++across) {
      for (size_t q = 0; q < kOverlap; ++q) {
        for (size_t h = 0; h < kHarmonics; ++h) {
          inputs[q * kHarmonics + h] = Cell(last - q, h, across);
        }
      }
      WeightedSum(inputs, weights, kOverlap * kHarmonics, length_, joined_.At(across));
    }
    for (size_t p = 0; p < kHop; ++p) {
      for (size_t q = 0; q < kOverlap; ++q) {
        for (size_t h = 0; h < kHarmonics; ++h) {
          inputs[q * kHarmonics + h] = joined_.At(h) + (kOverlap - 1 - q);
          weights[q * kHarmonics + h] = kBasis[h][p + q * kHop];
        }
      }
      WeightedSum(inputs, weights, kOverlap * kHarmonics, length_, phases_.At(p));
    }
    for (size_t p = 0; p < kHop; ++p) {
      const float* line = phases_.At(p);
      for (size_t x = p; x < size_.width; x += kHop) out[x] = line[x / kHop];
    }
  }

  Size size_;
  float floor_;
  size_t length_;
  Lines phases_;  // a row of pixels, every fourth of them on a line
  Lines rows_;    // [row, round in circles][harmonic across]
  Lines cells_;   // [row of blocks, round in circles][harmonic down][harmonic across]
  Lines joined_;  // [harmonic across]: one row of pixels
};

}  // namespace

void Whiten(const Plane& plane, float floor, const Plane& out, Arena& arena) {
  const Arena::Scope scope(arena);
  BlockWhitening whitening(plane.size(), floor, arena);
  if (plane.data != nullptr) whitening.Run(plane, out);
}

}  // namespace countermark
