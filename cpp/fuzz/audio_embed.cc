// cmk_audio_embedder: a few blocks of any sound through embedders of right and wrong memory.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "arguments.h"

namespace countermark {
namespace {

constexpr size_t kSampleBytes[] = {2, 3, 4, 4};

cmk_sound FuzzedSound(FuzzedDataProvider& bytes) {
  cmk_sound sound{};
  sound.struct_size = static_cast<uint32_t>(sizeof(cmk_sound));
  if (Rarely(bytes, 50)) sound.struct_size = bytes.ConsumeIntegral<uint32_t>();
  sound.rate = bytes.ConsumeIntegralInRange<uint32_t>(CMK_RATE_MIN, 48000);
  if (Rarely(bytes, 20)) sound.rate = bytes.ConsumeIntegral<uint32_t>();
  sound.channels = bytes.ConsumeIntegralInRange<uint32_t>(1, 3);
  if (Rarely(bytes, 20)) sound.channels = bytes.ConsumeIntegral<uint32_t>();
  sound.format = bytes.ConsumeIntegralInRange<uint32_t>(0, CMK_SAMPLE_FORMAT_FLOAT32 + 1);
  return sound;
}

// Frames in memory of their own: noise of any loudness, or whatever bits there are.
class Frames {
 public:
  Frames(FuzzedDataProvider& bytes, const cmk_sound& sound, size_t count)
      : size_(count * sound.channels * kSampleBytes[sound.format]),
        block_(size_, bytes.ConsumeIntegralInRange<size_t>(0, 3)) {
    uint32_t state = bytes.ConsumeIntegral<uint32_t>();
    const bool is_float = sound.format == CMK_SAMPLE_FORMAT_FLOAT32;
    const bool is_any = Rarely(bytes, 10);
    const float scale = std::ldexp(1.0f, -bytes.ConsumeIntegralInRange<int>(0, 40));
    for (size_t i = 0; i + 4 <= size_; i += 4) {
      state = state * 1664525 + 1013904223;
      uint32_t word = state;
      if (is_float && !is_any) {
        const float value = scale * (static_cast<float>(state >> 8) / 8388608.0f - 1);
        std::memcpy(&word, &value, sizeof(word));
      }
      std::memcpy(block_.data() + i, &word, sizeof(word));
    }
  }

  uint8_t* data() const { return block_.data(); }
  std::vector<uint8_t> Copy() const { return {block_.data(), block_.data() + size_}; }

 private:
  size_t size_;
  Block block_;
};

// Whether a sound that was finite is so still.
void RequireFinite(const cmk_sound& sound, const uint8_t* frames, size_t count) {
  if (sound.format != CMK_SAMPLE_FORMAT_FLOAT32) return;
  for (size_t i = 0; i < count * sound.channels; ++i) {
    float value;
    std::memcpy(&value, frames + 4 * i, sizeof(value));
    Require(std::isfinite(value));
  }
}

void Run(FuzzedDataProvider& bytes) {
  const cmk_sound sound = FuzzedSound(bytes);
  const FuzzedKey key(bytes);
  const uint32_t latency = bytes.ConsumeIntegralInRange<uint32_t>(0, 2);
  size_t needed = 0;
  const cmk_status known = cmk_audio_embedder_size(&sound, latency, &needed);
  const FuzzedScratch memory(bytes, needed, known == CMK_STATUS_OK);
  auto* const embedder = static_cast<cmk_audio_embedder*>(memory.data());
  float strength = bytes.ConsumeFloatingPointInRange<float>(0.01f, CMK_STRENGTH_MAX);
  if (Rarely(bytes, 30)) strength = bytes.ConsumeFloatingPoint<float>();
  const cmk_status made =
      cmk_audio_embedder_init(embedder, memory.size(), &sound, latency,
                              bytes.ConsumeIntegral<uint64_t>(), key.data(), strength);
  Require(known == CMK_STATUS_OK || made != CMK_STATUS_OK);  // which of several reasons is open
  if (made != CMK_STATUS_OK) return;

  size_t lag = 0, taken = 0, given = 0;
  Require(cmk_audio_embedder_latency(embedder, &lag) == CMK_STATUS_OK);
  const int blocks = bytes.ConsumeIntegralInRange(0, 5);
  for (int i = 0; i < blocks; ++i) {
    const size_t count = bytes.ConsumeIntegralInRange<size_t>(0, 20000);
    const Frames in(bytes, sound, count), other(bytes, sound, count);
    const Frames& out = Rarely(bytes, 2) ? in : other;
    const std::vector<uint8_t> before = in.Copy();
    size_t written = 0;
    const cmk_status status =
        cmk_audio_embedder_push(embedder, in.data(), count, out.data(), &written);
    Require(status == CMK_STATUS_OK || status == CMK_STATUS_BAD_SAMPLE);
    Require((status == CMK_STATUS_OK && &out == &in) || in.Copy() == before);
    if (status != CMK_STATUS_OK) continue;
    taken += count;
    Require(given + written == (taken > lag ? taken - lag : 0));
    given += written;
    RequireFinite(sound, out.data(), written);
  }
  size_t written = 0;
  const size_t capacity = bytes.ConsumeIntegralInRange<size_t>(0, 40000);
  const Frames rest(bytes, sound, capacity);
  do {
    Require(cmk_audio_embedder_finish(embedder, rest.data(), capacity, &written) == CMK_STATUS_OK);
    given += written;
    RequireFinite(sound, rest.data(), written);
  } while (written > 0);
  Require(given == taken || capacity == 0);
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  countermark::Run(bytes);
  return 0;
}
