#include "audio/residual.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <new>

#include "audio/power.h"
#include "code/crc32.h"
#include "kernels/cells.h"

namespace countermark::audio {
namespace {

// Without a block of tiles to look ahead at, loudness is that of about as much that is past.
constexpr float kFading = 1 - 1.0f / 24;
// Of a sum of squared cells in the energy of the samples that they stand for.
constexpr float kEnergyOfCells = 2.0f * kHop / kFrame;

// Tangent of the largest angle by which the mark is turned from channel to channel, 20 degrees:
// their sum keeps 0.94 of it, and their difference 0.34.
constexpr float kMostTurn = 0.36397023f;

// The residual's blocks begin so much earlier than those that are analysed.
constexpr size_t kEarlier = Residual::kLead - kBlockOverlap;
// Cells of all layers.
constexpr size_t kMixCells = (kGainEndBin - kFirstBin) * kBinStep;
static_assert(kEndBin <= kGainEndBin && kFirstBin <= kGainFirstBin);

// A checksum of samples, whatever the order of bytes of the machine.
uint32_t ChecksumOf(const float* samples, size_t count, uint32_t check) {
  for (size_t i = 0; i < count; ++i) {
    const uint32_t bits = std::bit_cast<uint32_t>(samples[i]);
    uint8_t bytes[8];
    for (int b = 0; b < 4; ++b) {
      bytes[b] = static_cast<uint8_t>(check >> 8 * b);
      bytes[4 + b] = static_cast<uint8_t>(bits >> 8 * b);
    }
    check = Crc32(bytes, sizeof(bytes));
  }
  return check;
}

}  // namespace

Residual::Residual(const Setting& setting, Arena& arena)
    : setting_(setting),
      delay_(setting.rejects_host ? kBlocks - 1 : 0),
      short_time_(arena),
      transform_(arena),
      mask_(arena),
      rejection_(arena),
      gain_layer_(arena),
      layout_(arena.Allocate<Layout>(1)),
      cells_(arena.Allocate<float>(setting.channels * kBlockCells)),
      mark_cells_(arena.Allocate<float>(kBlockCells)),
      gain_cells_(arena.Allocate<float>(kBlockCells)),
      masks_(arena.Allocate<ChannelMask>(setting.channels)),
      amplitudes_(arena.Allocate<float>((delay_ + 1) * setting.channels * kMarkBins * kFrames)),
      mix_(arena.Allocate<float>(kMixCells)),
      late_mix_(arena.Allocate<float>(kMarkCells)),
      side_(arena.Allocate<float>(kMarkCells)),
      turns_(arena.Allocate<Turn>(delay_ + 1)),
      turned_(arena.Allocate<float>(kMarkCells)),
      mix_amplitude_(arena.Allocate<float>(kMarkBins * kFrames)),
      plain_wave_(arena.Allocate<float>(kBlocksPerTile * kMarkCells)),
      wave_(arena.Allocate<float>(kBlocksPerTile * kMarkCells)),
      tile_(arena.Allocate<float>(kTile + kBlockOverlap)),
      growth_(arena.Allocate<float>(kGainBins * kFrames)),
      gain_sum_(arena.Allocate<float>(setting.channels * kBlockSpan)),
      gained_(arena.Allocate<float>((delay_ + 2) * setting.channels * kBlockHop)) {
  for (size_t c = 0; c < setting.channels; ++c) {
    const ChannelMask mask(arena);
    if (masks_ != nullptr) new (masks_ + c) ChannelMask(mask);
  }
  if (gained_ == nullptr) return;
  std::fill_n(mark_cells_, kBlockCells, 0.0f);
  std::fill_n(gain_cells_, kBlockCells, 0.0f);
  std::fill_n(mix_, kMixCells, 0.0f);
  std::fill_n(gain_sum_, setting.channels * kBlockSpan, 0.0f);
  std::fill_n(gained_, (delay_ + 2) * setting.channels * kBlockHop, 0.0f);
}

void Residual::Analyse(const float* const* samples) {
  if (!has_chosen_) Choose(samples);
  // The last frame of each row is the first of the next one.
  for (size_t i = 0; i < kMarkCells; i += kFrames) late_mix_[i] = mix_[i + kFrames - 1];
  std::fill_n(mix_, kMixCells, 0.0f);
  std::fill_n(side_, kMarkCells, 0.0f);
  std::fill_n(mix_amplitude_, kMarkBins * kFrames, 0.0f);
  for (size_t c = 0; c < setting_.channels; ++c) AnalyseChannel(c, samples[c]);
  turns_[analysed_ % (delay_ + 1)] = MeasureWidth();
  for (size_t i = 0; i < kMarkCells; i += kFrames) {
    std::copy_n(mix_ + i, kFrames - 1, late_mix_ + i + 1);
  }
  if (has_chosen_ && setting_.rejects_host) {
    const size_t half = analysed_ % kBlocksPerTile;
    rejection_.Add(half, late_mix_, plain_wave_ + half * kMarkCells, mix_amplitude_);
  }
  if (!setting_.rejects_host) balance_.Fade(kFading);
  const float gains = AddGains();
  balance_.Add(SoundEnergy(samples), MarkEnergy(), gains);
  ++analysed_;
}

bool Residual::HasBlock(bool is_last) const { return made_ + (is_last ? 0 : delay_) < analysed_; }

void Residual::AddBlock(float* const* samples) {
  if (!setting_.rejects_host || made_ % kBlocks == 0) BeginBlock();
  const float* wave =
      (setting_.rejects_host ? wave_ : plain_wave_) + made_ % kBlocksPerTile * kMarkCells;
  Turn turn = turns_[made_ % (delay_ + 1)];
  turn = {mark_gain_ * turn.cosine, mark_gain_ * turn.sine};
  const float slope = (sum_gain_ - last_gain_) / kBlockHop;
  for (size_t c = 0; has_chosen_ && c < setting_.channels; ++c) {
    ShapeCells(Turned(wave, turn), Amplitude(made_, c), kMarkBins,
               mark_cells_ + kFirstBin * kBinStep);
    short_time_.Inverse(mark_cells_, samples[c]);
    turn.sine = -turn.sine;
    const float* before = Gained(made_ + delay_ + 1, c) + kBlockHop - kEarlier;
    const float* now = Gained(made_, c);
    for (size_t n = 0; n < kEarlier; ++n) samples[c][n] += before[n];
    for (size_t n = kEarlier; n < kBlockHop; ++n) samples[c][n] += now[n - kEarlier];
    for (size_t n = 0; n < kBlockHop; ++n) {
      samples[c][n] *= setting_.strength * (last_gain_ + slope * static_cast<float>(n));
    }
  }
  last_gain_ = sum_gain_;
  ++made_;
}

// The mark's wave and loudness for the block of tiles that follows, all of which has been analysed.
void Residual::BeginBlock() {
  if (!has_chosen_) return;
  mark_gain_ = balance_.MarkGain();
  sum_gain_ = balance_.SumGain();
  if (!setting_.rejects_host) return;
  balance_.Fade(0);
  auto amplitudes = coded_;
  rejection_.Solve(*layout_, choice_.origin, short_time_, transform_, amplitudes.data());
  MakeWave(amplitudes.data(), wave_);
}

// By the payload and the first new samples that are not all silent; before them there is nothing to
// mark.
void Residual::Choose(const float* const* samples) {
  uint32_t check = static_cast<uint32_t>(setting_.payload ^ setting_.payload >> 32);
  for (size_t c = 0; c < setting_.channels; ++c) {
    const float* fresh = samples[c] + kBlockOverlap;
    if (std::all_of(fresh, fresh + kBlockHop, [](float v) { return v == 0; })) continue;
    check = ChecksumOf(fresh, kBlockHop, check);
    has_chosen_ = true;
  }
  if (!has_chosen_) return;
  choice_ = ChooseTile(setting_.key, check);
  (new (layout_) Layout(setting_.key))->Turn(choice_.word);
  coded_ = Amplitudes({setting_.payload, VariantOf(choice_.word)});
  MakeWave(coded_.data(), plain_wave_);
  gain_layer_.Begin(setting_.key, choice_, coded_.data());
}

// The cells of the repeated tile.
void Residual::MakeWave(const float* amplitudes, float* wave) {
  Spectrum spectrum;
  MakeSpectrum(*layout_, amplitudes, &spectrum);
  transform_.Synthesise(spectrum, tile_);
  // As it lies under the residual's first block.
  const size_t first = 2 * kTile - kLead - choice_.origin;
  std::rotate(tile_, tile_ + first % kTile, tile_ + kTile);
  std::copy_n(tile_, kBlockOverlap, tile_ + kTile);
  for (size_t half = 0; half < kBlocksPerTile; ++half) {
    short_time_.Forward(tile_ + half * kBlockHop, cells_);
    std::copy_n(cells_ + kFirstBin * kBinStep, kMarkCells, wave + half * kMarkCells);
  }
}

void Residual::AnalyseChannel(size_t channel, const float* samples) {
  float* cells = cells_ + channel * kBlockCells;
  short_time_.Forward(samples, cells);
  float* amplitude = Amplitude(analysed_, channel);
  masks_[channel].Measure(mask_, cells, amplitude);
  const float share = 1 / static_cast<float>(setting_.channels);
  const float side_share = channel % 2 == 0 ? share : -share;
  const float* marked = cells + kFirstBin * kBinStep;
  for (size_t i = 0; i < kMixCells; ++i) mix_[i] += share * marked[i];
  for (size_t i = 0; i < kMarkCells; ++i) side_[i] += side_share * marked[i];
  for (size_t i = 0; i < kMarkBins * kFrames; ++i) {
    mix_amplitude_[i] += share * setting_.strength * amplitude[i];
  }
}

// The second layer is made at once and kept until the first one follows. Returns its energy.
float Residual::AddGains() {
  if (!has_chosen_) return 0;
  float energy = 0;
  gain_layer_.Measure(mix_ + (kGainFirstBin - kFirstBin) * kBinStep, analysed_ * kFrames, growth_);
  for (size_t c = 0; c < setting_.channels; ++c) {
    const size_t first = kGainFirstBin * kBinStep;
    ShapeCells(cells_ + c * kBlockCells + first, growth_, kGainBins, gain_cells_ + first);
    energy += SumOfSquares(gain_cells_ + first, kGainBins * kBinStep);
    float* sum = gain_sum_ + c * kBlockSpan;
    short_time_.Inverse(gain_cells_, sum);
    std::copy_n(sum, kBlockHop, Gained(analysed_, c));
    std::copy_n(sum + kBlockHop, kBlockOverlap, sum);
    std::fill_n(sum + kBlockOverlap, kBlockHop, 0.0f);
  }
  return kEnergyOfCells * energy;
}

float Residual::SoundEnergy(const float* const* samples) const {
  float energy = 0;
  for (size_t c = 0; c < setting_.channels; ++c) {
    energy += SumOfSquares(samples[c] + kBlockOverlap, kBlockHop);
  }
  return energy;
}

float Residual::MarkEnergy() const {
  return kEnergyOfCells *
         SumOfSquares(Amplitude(analysed_, 0), setting_.channels * kMarkBins * kFrames);
}

// A turned mark is left where channels are subtracted from each other, and any reader finds it: its
// tile has the same phase everywhere. No more of it than the sound has itself: channels that are
// the same stay so.
Residual::Turn Residual::MeasureWidth() const {
  const float side = MeanPower(side_, kMarkCells), mix = MeanPower(mix_, kMarkCells);
  if (setting_.channels == 1 || side == 0) return {1, 0};
  const float tangent = side >= kMostTurn * kMostTurn * mix ? kMostTurn : std::sqrt(side / mix);
  const float cosine = 1 / std::sqrt(1 + tangent * tangent);
  return {cosine, tangent * cosine};
}

// Half a wave, turned and stretched; in turned_ if that is another one.
const float* Residual::Turned(const float* wave, const Turn& turn) {
  if (turn.sine == 0 && turn.cosine == 1) return wave;
  for (size_t i = 0; i < kMarkCells; i += kBinStep) {
    const float *re = wave + i, *im = re + kFrames;
    for (size_t f = 0; f < kFrames; ++f) {
      turned_[i + f] = re[f] * turn.cosine - im[f] * turn.sine;
      turned_[i + kFrames + f] = re[f] * turn.sine + im[f] * turn.cosine;
    }
  }
  return turned_;
}

float* Residual::Gained(size_t block, size_t channel) const {
  return gained_ + (block % (delay_ + 2) * setting_.channels + channel) * kBlockHop;
}

float* Residual::Amplitude(size_t block, size_t channel) const {
  return amplitudes_ + (block % (delay_ + 1) * setting_.channels + channel) * kMarkBins * kFrames;
}

}  // namespace countermark::audio
