#include "audio/embedder.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "audio/format.h"
#include "audio/short_time.h"

namespace countermark::audio {
namespace {

// The residual's gain changes over half a millisecond.
constexpr uint32_t kChunksPerSecond = 2000;

}  // namespace

Embedder::Embedder(const Setting& setting, Arena& arena)
    : setting_(setting),
      frame_bytes_(setting.channels * BytesPerSample(setting.format)),
      chunk_(setting.rate / kChunksPerSecond),
      residual_({setting.channels, setting.payload, setting.key, setting.strength,
                 !setting.has_low_latency},
                arena),
      down_(setting.rate, kRate, arena),
      up_(kRate, setting.rate, arena),
      to_skip_(Residual::kLead) {
  // At worst a block is one sample short of complete.
  const size_t samples =
      kBlockHop * (residual_.delay() + 1) - 1 + Residual::kLead + up_.reach() + 2;
  latency_ = static_cast<size_t>(uint64_t{samples} * setting.rate / kRate) + down_.reach() +
             2 * chunk_ + 2;
  line_ = ((latency_ + kPiece) / chunk_ + 3) * chunk_;
  frames_ = arena.Allocate<uint8_t>(line_ * frame_bytes_);
  piece_ = arena.Allocate<float>(kPiece);
  channels_ = arena.Allocate<Channel>(setting.channels);
  for (size_t c = 0; c < setting.channels; ++c) {
    const Channel channel{
        Resampler(down_, arena),
        Resampler(up_, arena),
        arena.Allocate<float>(kBlockSpan + down_.MostOutputs(kPiece)),
        arena.Allocate<float>(kBlockSpan),
        arena.Allocate<float>(2 * chunk_ + up_.MostOutputs(kBlockHop)),
    };
    if (channel.residual == nullptr) continue;
    new (channels_ + c) Channel(channel);
    std::fill_n(channel.incoming, kBlockOverlap, 0.0f);
    std::fill_n(channel.outgoing, kBlockSpan, 0.0f);
  }
  incoming_ = kBlockOverlap;
}

size_t Embedder::Push(const uint8_t* in, size_t count, uint8_t* out) {
  size_t written = 0;
  while (count > 0) {
    const size_t piece = std::min(count, kPiece);
    Take(in, piece);
    in += piece * frame_bytes_;
    count -= piece;
    if (taken_ <= given_ + latency_) continue;
    written += Give(out + written * frame_bytes_, static_cast<size_t>(taken_ - given_) - latency_);
  }
  return written;
}

size_t Embedder::Finish(uint8_t* out, size_t capacity) {
  if (!has_ended_) {
    has_ended_ = true;
    if (taken_ > 0) End();
  }
  return Give(out, static_cast<size_t>(std::min<uint64_t>(capacity, taken_ - given_)));
}

bool Embedder::AreFinite(const uint8_t* samples, size_t count) const {
  return audio::AreFinite(samples, setting_.format, count * setting_.channels);
}

void Embedder::Take(const uint8_t* in, size_t count) {
  for (size_t done = 0; done < count;) {
    const size_t at = static_cast<size_t>((taken_ + done) % line_);
    const size_t part = std::min(count - done, line_ - at);
    std::memcpy(frames_ + at * frame_bytes_, in + done * frame_bytes_, part * frame_bytes_);
    done += part;
  }
  taken_ += count;
  for (size_t c = 0; c < setting_.channels; ++c) {
    ReadChannel(in + c * BytesPerSample(setting_.format), setting_.format, frame_bytes_, count,
                piece_);
    Bring(c, count);
  }
  AnalyseWhatCame();
}

// Gives the piece to the channel's resampler. All channels get equally many samples of it.
void Embedder::Bring(size_t channel, size_t count) {
  Channel& c = channels_[channel];
  const size_t brought = c.down.Push(piece_, count, c.incoming + incoming_);
  if (channel + 1 == setting_.channels) incoming_ += brought;
}

void Embedder::AnalyseWhatCame() {
  while (incoming_ >= kBlockSpan) {
    const float* samples[kMostChannels];
    for (size_t c = 0; c < setting_.channels; ++c) samples[c] = channels_[c].incoming;
    residual_.Analyse(samples);
    incoming_ -= kBlockHop;
    for (size_t c = 0; c < setting_.channels; ++c) {
      float* incoming = channels_[c].incoming;
      std::copy_n(incoming + kBlockHop, incoming_, incoming);
    }
    while (residual_.HasBlock(false)) MakeBlock();
  }
}

// Silence follows, as much as the last frames' residual depends on.
void Embedder::End() {
  for (uint64_t n = taken_; n < taken_ + 2 * chunk_; ++n) {
    std::memset(FrameAt(n), 0, frame_bytes_);
  }
  const uint64_t samples =
      (taken_ + 2 * chunk_) * kRate / setting_.rate + Residual::kLead + up_.reach() + 2;
  std::fill_n(piece_, kPiece, 0.0f);
  while (residual_.analysed() * uint64_t{kBlockHop} < samples) {
    for (size_t c = 0; c < setting_.channels; ++c) Bring(c, kPiece);
    AnalyseWhatCame();
  }
  while (residual_.HasBlock(true)) MakeBlock();
}

void Embedder::MakeBlock() {
  float* outgoing[kMostChannels];
  for (size_t c = 0; c < setting_.channels; ++c) outgoing[c] = channels_[c].outgoing;
  residual_.AddBlock(outgoing);
  size_t made = 0;
  for (size_t c = 0; c < setting_.channels; ++c) {
    Channel& channel = channels_[c];
    made = channel.up.Push(channel.outgoing + to_skip_, kBlockHop - to_skip_,
                           channel.residual + residuals_);
    std::copy_n(channel.outgoing + kBlockHop, kBlockOverlap, channel.outgoing);
    std::fill_n(channel.outgoing + kBlockOverlap, kBlockHop, 0.0f);
  }
  to_skip_ = 0;
  residuals_ += made;
  Mark();
}

// Adds the residual to the frames in the delay line, chunk by chunk, as far as it is known for the
// chunk that follows as well.
void Embedder::Mark() {
  if (residuals_ < 2 * chunk_) return;
  const size_t left = static_cast<size_t>((taken_ - marked_ + chunk_ - 1) / chunk_);
  const size_t chunks = std::min(residuals_ / chunk_ - 1, left);
  const size_t sample_bytes = BytesPerSample(setting_.format);
  for (size_t c = 0; c < setting_.channels; ++c) {
    Channel& channel = channels_[c];
    const auto gain_for = [&](size_t chunk) {
      return GainFor(FrameAt(marked_ + chunk * chunk_) + c * sample_bytes, setting_.format,
                     frame_bytes_, channel.residual + chunk * chunk_, chunk_);
    };
    if (marked_ == 0) channel.gain = channel.gain_at_start = gain_for(0);
    for (size_t i = 0; i < chunks; ++i) {
      const float next = gain_for(i + 1), at_end = std::min(channel.gain, next);
      AddResidual(FrameAt(marked_ + i * chunk_) + c * sample_bytes, setting_.format, frame_bytes_,
                  channel.residual + i * chunk_, chunk_, channel.gain_at_start, at_end);
      channel.gain = next;
      channel.gain_at_start = at_end;
    }
    std::copy(channel.residual + chunks * chunk_, channel.residual + residuals_, channel.residual);
  }
  marked_ += chunks * chunk_;
  residuals_ = marked_ < taken_ ? residuals_ - chunks * chunk_ : 0;
}

size_t Embedder::Give(uint8_t* out, size_t count) {
  for (size_t done = 0; done < count;) {
    const size_t at = static_cast<size_t>(given_ % line_);
    const size_t part = std::min(count - done, line_ - at);
    std::memcpy(out + done * frame_bytes_, frames_ + at * frame_bytes_, part * frame_bytes_);
    done += part;
    given_ += part;
  }
  return count;
}

uint8_t* Embedder::FrameAt(uint64_t number) const {
  return frames_ + static_cast<size_t>(number % line_) * frame_bytes_;
}

size_t EmbedderSize(const Embedder::Setting& setting) {
  Arena arena;
  arena.Allocate<Embedder>(1);
  const Embedder counted(setting, arena);
  return arena.SizeNeeded();
}

}  // namespace countermark::audio
