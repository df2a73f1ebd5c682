// The mark that is added to a sound, block by block, at kRate.
#ifndef COUNTERMARK_AUDIO_RESIDUAL_H_
#define COUNTERMARK_AUDIO_RESIDUAL_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "audio/balance.h"
#include "audio/channel_mask.h"
#include "audio/format.h"
#include "audio/gain_layer.h"
#include "audio/mask.h"
#include "audio/rejection.h"
#include "audio/short_time.h"
#include "audio/tile.h"
#include "audio/tile_transform.h"
#include "base/arena.h"
#include "base/key.h"

namespace countermark::audio {

inline constexpr size_t kMostChannels = 8;

// Blocks are those of audio/short_time.h. Analysed block j ends with sample kBlockHop (j + 1) of
// the sound; of what it hides, block j of the residual, the last frame is left to the next block,
// whose first frame it precedes: it must know its neighbours. So the residual's block begins kLead
// samples before kBlockHop j.
class Residual {
 public:
  static constexpr size_t kLead = kFrame;

  struct Setting {
    size_t channels;
    uint64_t payload;
    Key key;
    float strength;
    bool rejects_host;
  };

  Residual(const Setting& setting, Arena& arena);

  // Blocks that must have been analysed beyond one before its residual can be made.
  size_t delay() const { return delay_; }

  // Takes kBlockSpan samples of each channel: those of the last block that overlap, then new ones.
  void Analyse(const float* const* samples);

  // Blocks that were.
  size_t analysed() const { return analysed_; }

  // Whether there is a block to be made: with `is_last` also of what is not yet complete.
  bool HasBlock(bool is_last) const;

  // Adds the next block of the residual to kBlockSpan samples of each channel; the first kBlockHop
  // of them are whole then.
  void AddBlock(float* const* samples);

 private:
  static constexpr size_t kBlocks = kBlockTiles * kBlocksPerTile;

  // Cosine and sine, or a multiple of both, of an angle by which the mark's phase goes ahead in
  // every other channel, and stays behind in the rest.
  struct Turn {
    float cosine, sine;
  };

  void Choose(const float* const* samples);
  void MakeWave(const float* amplitudes, float* wave);
  void AnalyseChannel(size_t channel, const float* samples);
  float AddGains();
  float SoundEnergy(const float* const* samples) const;
  float MarkEnergy() const;
  void BeginBlock();
  Turn MeasureWidth() const;
  const float* Turned(const float* wave, const Turn& turn);
  float* Amplitude(size_t block, size_t channel) const;
  float* Gained(size_t block, size_t channel) const;

  Setting setting_;
  size_t delay_;
  ShortTime short_time_;
  TileTransform transform_;
  Mask mask_;
  HostRejection rejection_;
  GainLayer gain_layer_;
  Layout* layout_;
  float* cells_;                     // of each channel's block, whole
  float *mark_cells_, *gain_cells_;  // whole, but 0 where neither layer is
  ChannelMask* masks_;               // of each channel
  float* amplitudes_;                // [slot][channel][bin][frame]
  float* mix_;                       // mean of all channels' cells, up to kGainEndBin
  float* late_mix_;                  // and that a frame later, of the mark's bins
  float* side_;                      // mean of their cells, those of every other one negated
  Turn* turns_;                      // [slot]
  float* turned_;                    // half a wave
  float* mix_amplitude_;             // mean of what the channels' masks allow
  float *plain_wave_, *wave_;        // cells of the tile: [half][bin][re, im][frame]
  float* tile_;
  float* growth_;    // of the cells by the second layer: [bin][frame]
  float* gain_sum_;  // its part of the residual, not yet whole: [channel][kBlockSpan]
  float* gained_;    // and what is: [slot][channel][kBlockHop]
  Balance balance_;
  float mark_gain_ = 1, sum_gain_ = 1, last_gain_ = 1;
  bool has_chosen_ = false;
  Choice choice_{};
  std::array<float, kCodedBits> coded_{};
  size_t analysed_ = 0, made_ = 0;  // blocks
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_RESIDUAL_H_
