// Sounds to mark, made by arithmetic alone.
#ifndef COUNTERMARK_TESTS_AUDIO_SOUNDS_H_
#define COUNTERMARK_TESTS_AUDIO_SOUNDS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "audio/samples.h"
#include "base/trigonometry.h"

namespace countermark::audio {

// Noise that comes and goes twice a second, and a tone of 440 Hz: half of full scale at most.
// Channels differ in their noise.
inline std::vector<float> NoiseAndTone(uint32_t rate, size_t channels, size_t frames) {
  std::vector<float> sound(frames * channels);
  for (size_t c = 0; c < channels; ++c) {
    uint32_t state = static_cast<uint32_t>(c + 1) * 2654435761u + 1;  // xorshift, Marsaglia 2003
    float low = 0;
    for (size_t n = 0; n < frames; ++n) {
      const int turn = static_cast<int>(n % rate);
      const float swell = static_cast<float>(0.5 - 0.5 * CosineOfTurn(2 * turn, int(rate)));
      const float tone = static_cast<float>(
          CosineOfTurn(static_cast<int>(uint64_t{440} * n % rate), static_cast<int>(rate)));
      state ^= state << 13;
      state ^= state >> 17;
      state ^= state << 5;
      const float fresh =
          static_cast<float>(static_cast<int32_t>(state >> 8 & 0xFFFF) - 0x8000) / 0x8000;
      low += 0.5f * (fresh - low);
      sound[n * channels + c] = 0.3f * swell * low + 0.1f * tone;
    }
  }
  return sound;
}

template <typename Sample>
std::vector<uint8_t> BytesOf(const std::vector<Sample>& samples) {
  std::vector<uint8_t> bytes(samples.size() * sizeof(Sample));
  if (!bytes.empty()) std::memcpy(bytes.data(), samples.data(), bytes.size());
  return bytes;
}

inline std::vector<int16_t> Int16(const std::vector<float>& sound) {
  std::vector<int16_t> samples(sound.size());
  for (size_t i = 0; i < sound.size(); ++i) samples[i] = static_cast<int16_t>(sound[i] * 32767.0f);
  return samples;
}

inline std::vector<uint8_t> InFormat(const std::vector<float>& sound, SampleFormat format) {
  if (format == SampleFormat::kInt16) return BytesOf(Int16(sound));
  if (format == SampleFormat::kFloat32) return BytesOf(sound);
  std::vector<uint8_t> bytes;
  for (float value : sound) {
    const auto bits = static_cast<uint32_t>(static_cast<int32_t>(value * 8388607.0f) * 256);
    for (int i = format == SampleFormat::kInt24 ? 1 : 0; i < 4; ++i) {
      bytes.push_back(static_cast<uint8_t>(bits >> 8 * i));
    }
  }
  return bytes;
}

}  // namespace countermark::audio

#endif  // COUNTERMARK_TESTS_AUDIO_SOUNDS_H_
