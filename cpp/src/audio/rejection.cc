#include "audio/rejection.h"

#include <algorithm>
#include <cmath>

#include "audio/power.h"
#include "kernels/cells.h"

namespace countermark::audio {
namespace {

// Which part of what the sound says is made up for, and the largest amplitude of a bit.
constexpr float kShare = 0.7f;
constexpr float kMostAmplitude = 2.2f;
// Cells weaker than the mean power times this count less; so do those that are silent.
constexpr float kFloorShare = 4e-5f, kLeastFloor = 7e-12f;
// The level follows the last so many blocks.
constexpr size_t kMemory = 24;
// A zone counts for at least so much of the best one.
constexpr float kLeastGain = 0.05f;

// What a line of each zone is worth to a reader who trusts the pilot: gain by noise.
std::array<float, kZones> ZoneWeights(const Layout& layout, const Spectrum& marked) {
  constexpr float kHalfRoot = 0.70710678118654752f;
  std::array<float, kZones> count{}, gain{}, power{};
  for (size_t i = 0; i < kPilotLines; ++i) {
    const size_t line = layout.pilot[i], zone = ZoneOf(kFirstLine + line);
    const float re = marked.re[line], im = marked.im[line];
    count[zone] += 1;
    gain[zone] += kHalfRoot * (re * layout.pilot_re[i] + im * layout.pilot_im[i]);
    power[zone] += re * re + im * im;
  }
  for (size_t z = 0; z < kZones; ++z) {
    gain[z] /= count[z];
    power[z] = power[z] / count[z] - gain[z] * gain[z];
  }
  std::array<float, kZones> weights;
  for (size_t z = 0; z < kZones; ++z) {
    const float below = gain[z == 0 ? 0 : z - 1], above = gain[std::min(z + 1, kZones - 1)];
    weights[z] = 0.25f * (below + above) + 0.5f * gain[z];
  }
  const float least = kLeastGain * *std::max_element(weights.begin(), weights.end());
  for (size_t z = 0; z < kZones; ++z) {
    weights[z] = std::max(weights[z], least) / (power[z] + 1e-20f);
  }
  return weights;
}

}  // namespace

HostRejection::HostRejection(Arena& arena)
    : host_(arena.Allocate<float>(kBlocksPerTile * kMarkCells)),
      marked_(arena.Allocate<float>(kBlocksPerTile * kMarkCells)),
      cells_(arena.Allocate<float>(kBlockCells)),
      tile_(arena.Allocate<float>(kTile)),
      turned_(arena.Allocate<float>(kTile + kBlockOverlap)) {
  if (turned_ == nullptr) return;
  std::fill_n(host_, kBlocksPerTile * kMarkCells, 0.0f);
  std::fill_n(marked_, kBlocksPerTile * kMarkCells, 0.0f);
}

void HostRejection::Add(size_t half, const float* cells, const float* wave,
                        const float* amplitude) {
  blocks_ = std::min(blocks_ + 1, kMemory);
  level_ += (MeanPower(cells, kMarkCells) - level_) / static_cast<float>(blocks_);
  AddWhitenedPair(cells, wave, amplitude, kFloorShare * level_ + kLeastFloor, kMarkBins,
                  host_ + half * kMarkCells, marked_ + half * kMarkCells);
}

void HostRejection::Solve(const Layout& layout, size_t origin, ShortTime& short_time,
                          const TileTransform& transform, float* amplitudes) {
  Spectrum host, marked;
  Fold(host_, origin, short_time, transform, &host);
  Fold(marked_, origin, short_time, transform, &marked);
  std::fill_n(host_, kBlocksPerTile * kMarkCells, 0.0f);
  std::fill_n(marked_, kBlocksPerTile * kMarkCells, 0.0f);

  const auto weights = ZoneWeights(layout, marked);
  PerBit theirs{}, added{};
  for (size_t i = 0; i < kDimensions; ++i) {
    const size_t line = layout.payload[i / 2], bit = layout.bit_of[i];
    const float weight = weights[ZoneOf(kFirstLine + line)] * layout.sign[i] * amplitudes[bit];
    const float own = i % 2 == 0 ? host.re[line] : host.im[line];
    const float both = i % 2 == 0 ? marked.re[line] : marked.im[line];
    theirs[bit] += weight * own;
    added[bit] += weight * (both - own);
  }
  float mean = 0, square = 0;
  for (float a : added) mean += a / kCodedBits;
  if (!(mean > 0)) return;  // silence says nothing
  for (float& t : theirs) {
    t = std::clamp(1 - kShare * t / mean, 0.0f, kMostAmplitude);
    square += t * t / kCodedBits;
  }
  const float scale = 1 / std::sqrt(square + 1e-20f);
  for (size_t b = 0; b < kCodedBits; ++b) amplitudes[b] *= scale * theirs[b];
}

void HostRejection::Fold(const float* sums, size_t origin, ShortTime& short_time,
                         const TileTransform& transform, Spectrum* spectrum) {
  std::fill_n(turned_, kTile + kBlockOverlap, 0.0f);
  std::fill_n(cells_, kBlockCells, 0.0f);
  for (size_t half = 0; half < kBlocksPerTile; ++half) {
    std::copy_n(sums + half * kMarkCells, kMarkCells, cells_ + kFirstBin * kBinStep);
    short_time.Inverse(cells_, turned_ + half * kBlockHop);
  }
  for (size_t n = 0; n < kBlockOverlap; ++n) turned_[n] += turned_[kTile + n];
  // The first block begins kFrame before the time that the origin counts from.
  for (size_t n = 0; n < kTile; ++n) tile_[n] = turned_[(n + origin + kFrame) % kTile];
  transform.Analyse(tile_, spectrum);
}

}  // namespace countermark::audio
