// Adds the mark to a sound as it comes in, at its own rate.
#ifndef COUNTERMARK_AUDIO_EMBEDDER_H_
#define COUNTERMARK_AUDIO_EMBEDDER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "audio/resample.h"
#include "audio/residual.h"
#include "audio/samples.h"
#include "base/arena.h"
#include "base/key.h"

namespace countermark::audio {

class Embedder {
 public:
  struct Setting {
    uint32_t rate;    // samples a second of each channel, 8000 to 192000
    size_t channels;  // interleaved, 1 to kMostChannels
    SampleFormat format;
    uint64_t payload;
    Key key;
    float strength;
    bool has_low_latency;  // gives up rejecting the host
  };

  // Built over an Arena without memory it only counts.
  Embedder(const Setting& setting, Arena& arena);

  // Frames, a sample of each channel, that come out so much later than they come in.
  size_t latency() const { return latency_; }

  // Takes the next frames and writes those that are due, at most as many. `out` may be `in`.
  // Returns how many it wrote: all but the last latency() of those taken so far have been.
  size_t Push(const uint8_t* in, size_t count, uint8_t* out);

  // There are no more frames to come: writes up to `capacity` of those that are left and returns
  // how many. Until it has written fewer, there may be more.
  size_t Finish(uint8_t* out, size_t capacity);

  bool has_ended() const { return has_ended_; }

  // Whether Push takes these frames: none is infinite or not a number.
  bool AreFinite(const uint8_t* samples, size_t count) const;

 private:
  // Frames that are taken at once.
  static constexpr size_t kPiece = 1024;

  struct Channel {
    Resampler down, up;
    float* incoming;  // at kRate, from the block's first sample on
    float* outgoing;  // of the residual at kRate, kBlockSpan
    float* residual;  // at the sound's rate, from frame marked_ on
    float gain = 0;   // of the residual in the chunk from marked_ on, at most
    float gain_at_start = 0;
  };

  void Take(const uint8_t* in, size_t count);
  void Bring(size_t channel, size_t count);
  void AnalyseWhatCame();
  void End();
  void MakeBlock();
  void Mark();
  size_t Give(uint8_t* out, size_t count);
  // Frames in the delay line lie where their number, modulo its size, says.
  uint8_t* FrameAt(uint64_t number) const;

  Setting setting_;
  size_t frame_bytes_;
  size_t chunk_;  // frames over which the residual's gain changes
  Residual residual_;
  ResampleFilter down_, up_;
  size_t latency_;
  size_t line_;  // frames of the delay line, a multiple of chunk_
  uint8_t* frames_;
  float* piece_;
  Channel* channels_;
  size_t incoming_ = 0;   // samples at kRate that each channel has
  size_t residuals_ = 0;  // samples of the residual that each channel has
  size_t to_skip_;        // samples of the residual, at kRate, from before the sound
  uint64_t taken_ = 0, marked_ = 0, given_ = 0;  // frames
  bool has_ended_ = false;
};

// Bytes of memory that an Embedder takes, itself included.
size_t EmbedderSize(const Embedder::Setting& setting);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_EMBEDDER_H_
