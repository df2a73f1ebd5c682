#include "watermark/whitening.h"

#include <algorithm>
#include <array>

#include "base/trigonometry.h"
#include "kernels/filter.h"
#include "kernels/interleave.h"
#include "kernels/whiten.h"

namespace countermark {
namespace {

// Blocks of 16 x 16 pixels begin every four pixels, the first one twelve before the plane.
constexpr size_t kBlock = 16;
constexpr size_t kHop = 4;
constexpr size_t kOverlap = kBlock / kHop;
constexpr size_t kLead = kBlock - kHop;
static_assert(kWhiteningReach == kBlock - 1 && kWhiteningStep == kHop);
// Cosines of 0 to 3 cycles per block, then sines of 1 to 3: as far as the mark's band goes.
constexpr size_t kCycles = 3;
constexpr size_t kHarmonics = 2 * kCycles + 1;
constexpr size_t kCells = kHarmonics * kHarmonics;
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

// [place in the hop][block, the last one first, and harmonic]: what a sample is made of.
constexpr size_t kParts = kOverlap * kHarmonics;
constexpr std::array<std::array<float, kParts>, kHop> kSynthesis = [] {
  std::array<std::array<float, kParts>, kHop> weights{};
  for (size_t p = 0; p < kHop; ++p) {
    for (size_t q = 0; q < kOverlap; ++q) {
      for (size_t h = 0; h < kHarmonics; ++h) {
        weights[p][q * kHarmonics + h] = kBasis[h][p + q * kHop];
      }
    }
  }
  return weights;
}();

constexpr size_t WholeLines(size_t length) {
  return (length + kLineMultiple - 1) / kLineMultiple * kLineMultiple;
}

constexpr size_t BlocksOver(size_t length) { return (length + kLead + kHop - 1) / kHop; }

// One value for each block of a row, harmonic by harmonic.
struct Lines {
  float* data;
  size_t length;

  float* At(size_t line) const { return data + line * length; }
};

class BlockWhitening {
 public:
  BlockWhitening(Size size, const float* floors, size_t count, Arena& arena)
      : size_(size),
        floors_(floors),
        count_(count),
        length_(WholeLines(BlocksOver(size.width))),
        phases_(AllocateLines(kHop, length_ + kOverlap, arena)),
        rows_(AllocateLines(kBlock * kHarmonics, length_, arena)),
        cells_(AllocateLines(count * kOverlap * kCells, length_, arena)),
        joined_(AllocateLines(kHop * kHarmonics, length_ + kOverlap, arena)) {}

  // A row is written when no block that reaches it is left to be analysed, so `out` may be `plane`.
  void Run(const Plane& plane, const Plane* out) {
    for (size_t y = 0; y < kLead; ++y) AnalyseRow(plane, y);
    for (size_t block = 0; block < BlocksOver(size_.height); ++block) {
      for (size_t i = 0; i < kHop; ++i) AnalyseRow(plane, kLead + block * kHop + i);
      AnalyseBlocks(block);
      for (size_t i = 1; i < count_; ++i) {
        std::copy_n(Cell(0, block, 0, 0), kCells * length_, Cell(i, block, 0, 0));
      }
      for (size_t i = 0; i < count_; ++i) {
        WhitenBlocks(i, block);
        if (block * kHop >= kLead) Synthesise(i, block, out[i]);
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
  // Those of one floor and one row of blocks lie side by side.
  float* Cell(size_t floor, size_t block, size_t down, size_t across) const {
    return cells_.At((floor * kOverlap + block % kOverlap) * kCells + down * kHarmonics + across);
  }

  // Row y, counted from twelve before the plane: the harmonics of its part of every block.
  void AnalyseRow(const Plane& plane, size_t y) {
    const size_t inside = std::clamp(y, kLead, kLead + size_.height - 1) - kLead;
    const float* row = plane.Row(inside);
    const size_t first = kLead / kHop, whole = size_.width / kHop;
    float* insides[kHop];
    for (size_t p = 0; p < kHop; ++p) insides[p] = phases_.At(p) + first;
    Deinterleave4(row, whole, insides);
    for (size_t p = 0; p < kHop; ++p) {
      float* line = phases_.At(p);
      std::fill_n(line, first, row[0]);
      size_t end = first + whole;
      if (whole * kHop + p < size_.width) line[end++] = row[whole * kHop + p];
      std::fill(line + end, line + phases_.length, row[size_.width - 1]);
    }
    const float* samples[kBlock];
    float* harmonics[kHarmonics];
    for (size_t j = 0; j < kBlock; ++j) samples[j] = phases_.At(j % kHop) + j / kHop;
    for (size_t h = 0; h < kHarmonics; ++h) harmonics[h] = Row(y, h);
    WeightedSums(samples, kAnalysis[0].data(), kBlock, kHarmonics, length_, harmonics);
  }

  void AnalyseBlocks(size_t block) {
    for (size_t across = 0; across < kHarmonics; ++across) {
      const float* samples[kBlock];
      float* harmonics[kHarmonics];
      for (size_t j = 0; j < kBlock; ++j) samples[j] = Row(block * kHop + j, across);
      for (size_t h = 0; h < kHarmonics; ++h) harmonics[h] = Cell(0, block, h, across);
      WeightedSums(samples, kAnalysis[0].data(), kBlock, kHarmonics, length_, harmonics);
    }
  }

  // Every frequency of every block; the mean goes.
  void WhitenBlocks(size_t i, size_t block) {
    const auto cell = [&](size_t down, size_t across) { return Cell(i, block, down, across); };
    const float floor = floors_[i];
    std::fill_n(cell(0, 0), length_, 0.0f);
    for (size_t k = 1; k <= kCycles; ++k) {
      WhitenCoefficients(cell(0, k), cell(0, Sine(k)), floor, length_);
      WhitenCoefficients(cell(k, 0), cell(Sine(k), 0), floor, length_);
      for (size_t m = 1; m <= kCycles; ++m) {
        WhitenPair(cell(k, m), cell(k, Sine(m)), cell(Sine(k), m), cell(Sine(k), Sine(m)), floor,
                   length_);
      }
    }
  }

  // The rows of pixels that `block` is the last to reach.
  void Synthesise(size_t i, size_t block, const Plane& out) {
    JoinBlocks(i, block);
    for (size_t p = 0; p < kHop; ++p) {
      const size_t y = block * kHop - kLead + p;
      if (y < size_.height) SynthesiseRow(p, out.Row(y));
    }
  }

  // Down, from the four blocks above each other there.
  void JoinBlocks(size_t i, size_t block) {
    for (size_t across = 0; across < kHarmonics; ++across) {
      const float* cells[kParts];
      float* rows[kHop];
      for (size_t q = 0; q < kOverlap; ++q) {
        for (size_t h = 0; h < kHarmonics; ++h) {
          cells[q * kHarmonics + h] = Cell(i, block - q, h, across);
        }
      }
      for (size_t p = 0; p < kHop; ++p) rows[p] = joined_.At(p * kHarmonics + across);
      WeightedSums(cells, kSynthesis[0].data(), kParts, kHop, length_, rows);
    }
  }

  void SynthesiseRow(size_t p, float* out) {
    const float* parts[kParts];
    float* lines[kHop];
    for (size_t q = 0; q < kOverlap; ++q) {
      for (size_t h = 0; h < kHarmonics; ++h) {
        parts[q * kHarmonics + h] = joined_.At(p * kHarmonics + h) + (kOverlap - 1 - q);
      }
    }
    for (size_t i = 0; i < kHop; ++i) lines[i] = phases_.At(i);
    const size_t whole = size_.width / kHop;
    const size_t samples = WholeLines((size_.width + kHop - 1) / kHop);
    WeightedSums(parts, kSynthesis[0].data(), kParts, kHop, samples, lines);
    Interleave4(lines, whole, out);
    for (size_t x = whole * kHop; x < size_.width; ++x) out[x] = lines[x % kHop][whole];
  }

  Size size_;
  const float* floors_;
  size_t count_;
  size_t length_;
  Lines phases_;  // a row of pixels, every fourth of them on a line
  Lines rows_;    // [row, round in circles][harmonic across]
  Lines cells_;   // [floor][row of blocks, round in circles][harmonic down][harmonic across]
  Lines joined_;  // [row of pixels][harmonic across]: those of one hop
};

}  // namespace

void Whiten(const Plane& plane, float floor, const Plane& out, Arena& arena) {
  Whiten(plane, &floor, 1, &out, arena);
}

void Whiten(const Plane& plane, const float* floors, size_t count, const Plane* out, Arena& arena) {
  const Arena::Scope scope(arena);
  BlockWhitening whitening(plane.size(), floors, count, arena);
  if (plane.data != nullptr) whitening.Run(plane, out);
}

}  // namespace countermark
