#include "audio/classes.h"

#include <algorithm>
#include <bit>

namespace countermark::audio {
namespace {

// Of the floor, from where a level is the next one; of the local mean, from where a cell is of a
// flank or a peak.
constexpr float kLevelEdges[] = {2.0f, 8.0f};
constexpr float kShapeEdges[] = {0.5f, 2.0f};
// A level is the mean of so many bins to each side, and of a frame; a local mean and the floor of
// so many bins.
constexpr size_t kLevelBins = 2, kLocalBins = 7;
// The floor is exceeded by all but one in so many frames.
constexpr size_t kFloorShare = 10;

constexpr size_t kHalves = kHopsPerTile / kFrames;
static_assert(kHalves * kFrames == kHopsPerTile);
constexpr float kTiny = 1e-30f;

size_t StepOf(float level) { return std::bit_cast<uint32_t>(level) >> 21; }
float LevelOf(size_t step) { return std::bit_cast<float>(static_cast<uint32_t>(step) << 21); }

// The mean of `reach` rows of kWidth values to each side, and the row itself, as far as there are.
// Some values at a time, whose sums need no memory.
template <size_t kWidth>
void MeanOfRows(const float* rows, size_t count, size_t reach, float* out) {
  constexpr size_t kAtOnce = std::min<size_t>(kWidth, 4);
  for (size_t k = 0; k < count; ++k) {
    const size_t first = k - std::min(k, reach), last = std::min(k + reach, count - 1);
    const float share = 1.0f / static_cast<float>(last - first + 1);
    for (size_t begin = 0; begin < kWidth; begin += kAtOnce) {
      float mean[kAtOnce] = {};
      for (size_t j = first; j <= last; ++j) {
        for (size_t i = 0; i < kAtOnce; ++i) mean[i] += rows[j * kWidth + begin + i];
      }
      for (size_t i = 0; i < kAtOnce; ++i) out[k * kWidth + begin + i] = share * mean[i];
    }
  }
}

// In place: the mean of a frame and of its neighbours, as far as there are.
void MeanOfFrames(float* row) {
  float mean[kFrames];
  for (size_t f = 1; f + 1 < kFrames; ++f)
    mean[f] = (row[f - 1] + row[f] + row[f + 1]) * (1.0f / 3);
  mean[0] = 0.5f * (row[0] + row[1]);
  mean[kFrames - 1] = 0.5f * (row[kFrames - 2] + row[kFrames - 1]);
  std::copy_n(mean, kFrames, row);
}

}  // namespace

ClassFold::ClassFold(Arena& arena)
    : transform_(arena),
      counts_(arena.Allocate<uint16_t>(kBand * kSteps)),
      floor_(arena.Allocate<float>(kBand)),
      power_(arena.Allocate<float>(kBand * kFrames)),
      level_(arena.Allocate<float>(kBand * kFrames)),
      local_(arena.Allocate<float>(kBand * kFrames)),
      cells_(arena.Allocate<float>(kClasses * kHalves * kBlockCells)),
      span_(arena.Allocate<float>(kBlockSpan)) {}

void ClassFold::Fold(const Sound& sound, Whitener& whitener, TileBatch& batch, Spectrum* classes) {
  MeasureFloor(sound, whitener);
  std::fill_n(cells_, kClasses * kHalves * kBlockCells, 0.0f);
  const float whitening_floor = Whitener::Floor(sound);
  for (size_t block = 0; block < Whitener::Blocks(sound); ++block) {
    AddClasses(whitening_floor, whitener.Cells(sound, block), block * kFrames);
  }
  Synthesise(batch);
  batch.Analyse(kClasses, classes);
}

// The power of each cell, alone and with its neighbours.
void ClassFold::Measure(const float* cells) {
  for (size_t k = 0; k < kBand; ++k) {
    const float* re = cells + (kFirstBin + k) * kBinStep;
    const float* im = re + kFrames;
    float power[kFrames];
    for (size_t f = 0; f < kFrames; ++f) power[f] = re[f] * re[f] + im[f] * im[f] + kTiny;
    std::copy_n(power, kFrames, power_ + k * kFrames);
  }
  MeanOfRows<kFrames>(power_, kBand, kLevelBins, level_);
  for (size_t k = 0; k < kBand; ++k) MeanOfFrames(level_ + k * kFrames);
}

void ClassFold::MeasureFloor(const Sound& sound, Whitener& whitener) {
  std::fill_n(counts_, kBand * kSteps, uint16_t{0});
  const size_t blocks = Whitener::Blocks(sound);
  for (size_t block = 0; block < blocks; ++block) {
    Measure(whitener.Cells(sound, block));
    for (size_t i = 0; i < kBand * kFrames; ++i) {
      ++counts_[i / kFrames * kSteps + StepOf(level_[i])];
    }
  }
  float* quiet = local_;
  for (size_t k = 0; k < kBand; ++k) {
    size_t step = 0;
    for (size_t below = 0; step + 1 < kSteps; ++step) {
      below += counts_[k * kSteps + step];
      if (below * kFloorShare > blocks * kFrames) break;
    }
    quiet[k] = LevelOf(step);
  }
  MeanOfRows<1>(quiet, kBand, kLocalBins, floor_);
}

std::array<int32_t, kFrames> ClassFold::ClassesOf(size_t bin) const {
  const float *level = level_ + bin * kFrames, *power = power_ + bin * kFrames;
  const float *local = local_ + bin * kFrames, floor = floor_[bin];
  std::array<int32_t, kFrames> classes;
  for (size_t f = 0; f < kFrames; ++f) {
    const int32_t levels =
        (level[f] > kLevelEdges[0] * floor) + (level[f] > kLevelEdges[1] * floor);
    const int32_t shapes =
        (power[f] > kShapeEdges[0] * local[f]) + (power[f] > kShapeEdges[1] * local[f]);
    classes[f] = levels * int32_t{kShapes} + shapes;
  }
  return classes;
}

void ClassFold::AddClasses(float whitening_floor, float* cells, size_t first_frame) {
  Measure(cells);
  MeanOfRows<kFrames>(power_, kBand, kLocalBins, local_);
  const size_t half = first_frame / kFrames % kHalves;
  for (size_t k = 0; k < kBand; ++k) {
    const size_t begin = (kFirstBin + k) * kBinStep;
    WhitenBin(whitening_floor, cells + begin);
    const auto classes = ClassesOf(k);
    for (size_t f = 0; f < kFrames; ++f) {
      const size_t c = static_cast<size_t>(classes[f]);
      float* sums = cells_ + (c * kHalves + half) * kBlockCells + begin;
      sums[f] += cells[begin + f];
      sums[kFrames + f] += cells[begin + kFrames + f];
    }
  }
}

// The frames of a tile go round: what one reaches beyond its end is added to its beginning.
void ClassFold::Synthesise(TileBatch& batch) {
  std::fill_n(batch.tiles(), kTile * TileBatch::kTiles, 0.0f);
  for (size_t c = 0; c < kClasses; ++c) {
    for (size_t half = 0; half < kHalves; ++half) {
      std::fill_n(span_, kBlockSpan, 0.0f);
      transform_.Inverse(cells_ + (c * kHalves + half) * kBlockCells, span_);
      for (size_t i = 0; i < kBlockSpan; ++i) {
        const size_t n = (half * kBlockHop + kTile - kBlockOverlap + i) % kTile;
        batch.tiles()[n * TileBatch::kTiles + c] += span_[i];
      }
    }
  }
}

}  // namespace countermark::audio
