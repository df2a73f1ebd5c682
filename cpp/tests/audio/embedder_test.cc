#include "audio/embedder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "audio/sounds.h"
#include "code/crc32.h"
#include "kernels/targets.h"
#include "vectors.h"

namespace countermark::audio {
namespace {

Embedder::Setting SettingFor(uint32_t rate, size_t channels, SampleFormat format,
                             bool has_low_latency = false) {
  return {rate, channels, format, 0x0123456789abcdef, kDefaultKey, 1, has_low_latency};
}

struct Marker {
  explicit Marker(const Embedder::Setting& setting)
      : frame_bytes(setting.channels * BytesPerSample(setting.format)),
        memory(EmbedderSize(setting)) {
    Arena arena(memory.data(), memory.size());
    embedder = new (arena.Allocate<Embedder>(1)) Embedder(setting, arena);
  }

  // Pushes `block` frames at a time and looks at the number that comes out.
  std::vector<uint8_t> Mark(const std::vector<uint8_t>& sound, size_t block) {
    const size_t frames = sound.size() / frame_bytes, latency = embedder->latency();
    std::vector<uint8_t> out(sound.size());
    size_t given = 0;
    for (size_t n = 0; n < frames; n += block) {
      const size_t count = std::min(block, frames - n);
      given +=
          embedder->Push(sound.data() + n * frame_bytes, count, out.data() + given * frame_bytes);
      EXPECT_EQ(given, n + count > latency ? n + count - latency : 0);
    }
    given += embedder->Finish(out.data() + given * frame_bytes, frames - given);
    EXPECT_EQ(given, frames);
    EXPECT_EQ(embedder->Finish(out.data(), 0), 0u);
    return out;
  }

  size_t frame_bytes;
  std::vector<uint8_t> memory;
  Embedder* embedder;
};

std::vector<uint8_t> Mark(const Embedder::Setting& setting, const std::vector<uint8_t>& sound,
                          size_t block = 4096) {
  return Marker(setting).Mark(sound, block);
}

std::vector<float> MarkFloats(uint32_t rate, size_t channels, const std::vector<float>& sound,
                              bool has_low_latency = false) {
  const auto bytes =
      Mark(SettingFor(rate, channels, SampleFormat::kFloat32, has_low_latency), BytesOf(sound));
  std::vector<float> marked(sound.size());
  if (!bytes.empty()) std::memcpy(marked.data(), bytes.data(), bytes.size());
  return marked;
}

double PowerOf(const std::vector<float>& sound) {
  double power = 0;
  for (float v : sound) power += double{v} * v;
  return power;
}

std::vector<float> Difference(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> difference(a.size());
  for (size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  return difference;
}

TEST(EmbedderTest, KeepsLatencyWithinItsBounds) {
  for (uint32_t rate : {8000u, 11025u, 16000u, 44100u, 48000u, 192000u}) {
    const Marker block(SettingFor(rate, 1, SampleFormat::kInt16));
    const Marker low(SettingFor(rate, 1, SampleFormat::kInt16, true));
    EXPECT_LE(block.embedder->latency(), 6.5 * rate);
    EXPECT_LE(low.embedder->latency(), 0.5 * rate);
  }
}

TEST(EmbedderTest, LeavesMarkBelowTheSoundAtEveryRate) {
  for (uint32_t rate : {8000u, 11025u, 16000u, 22050u, 44100u, 44101u, 48000u, 192000u}) {
    for (size_t channels : {1, 2}) {
      const auto sound = NoiseAndTone(rate, channels, rate * 5 / 2);
      const auto residual = Difference(MarkFloats(rate, channels, sound), sound);
      const double snr_db = 10 * std::log10(PowerOf(sound) / PowerOf(residual));
      EXPECT_GT(snr_db, 20) << rate;
      EXPECT_LT(snr_db, 40) << rate;
    }
  }
}

TEST(EmbedderTest, SameHoweverItIsCutAndInPlace) {
  for (bool has_low_latency : {false, true}) {
    const auto setting = SettingFor(44100, 2, SampleFormat::kInt16, has_low_latency);
    const auto sound = BytesOf(Int16(NoiseAndTone(44100, 2, 20011)));
    const auto whole = Mark(setting, sound, 20011);
    EXPECT_NE(whole, sound);
    for (size_t block : {size_t{1}, size_t{997}}) EXPECT_EQ(Mark(setting, sound, block), whole);

    Marker marker(setting);
    auto memory = sound;
    const size_t given = marker.embedder->Push(memory.data(), 20011, memory.data());
    const size_t size = given * marker.frame_bytes;
    EXPECT_TRUE(std::equal(memory.begin(), memory.begin() + size, whole.begin()));
  }
}

TEST(EmbedderTest, LongSoundPassesBlocksWithoutSeams) {
  // Three blocks of tiles and part of a fourth.
  const auto sound = NoiseAndTone(8000, 1, 8000 * 20);
  const auto residual = Difference(MarkFloats(8000, 1, sound), sound);
  for (size_t second = 1; second < 19; ++second) {
    const std::vector<float> part(residual.begin() + second * 8000,
                                  residual.begin() + (second + 1) * 8000);
    const double level_db = 10 * std::log10(PowerOf(part) * 20 / PowerOf(residual));
    EXPECT_NEAR(level_db, 0, 1.5) << second;
  }
}

TEST(EmbedderTest, AnyLengthComesOutWhole) {
  for (size_t frames : {0, 1, 2, 3, 4, 7, 100, 4095, 4096, 4097}) {
    for (bool has_low_latency : {false, true}) {
      const auto sound = NoiseAndTone(8000, 1, frames);
      EXPECT_EQ(MarkFloats(8000, 1, sound, has_low_latency).size(), frames);
    }
  }
}

TEST(EmbedderTest, SilenceStaysSilent) {
  auto sound = NoiseAndTone(16000, 2, 32000);
  // One channel is silent all the time, both for a while.
  for (size_t n = 0; n < 32000; ++n) {
    sound[2 * n + 1] = 0;
    if (n >= 12000 && n < 20000) sound[2 * n] = 0;
  }
  const auto marked = MarkFloats(16000, 2, sound);
  EXPECT_NE(marked, sound);
  for (size_t n = 0; n < 32000; ++n) {
    ASSERT_EQ(marked[2 * n + 1], 0) << n;
    // Chunks of half a millisecond that are silent as a whole.
    if (n >= 12008 && n < 19992) ASSERT_EQ(marked[2 * n], 0) << n;
  }
  const std::vector<float> silence(20000, 0.0f);
  EXPECT_EQ(MarkFloats(44100, 1, silence), silence);
}

TEST(EmbedderTest, SameChannelsStayTheSame) {
  const auto mono = NoiseAndTone(16000, 1, 32000);
  std::vector<float> twice(2 * mono.size());
  for (size_t n = 0; n < mono.size(); ++n) twice[2 * n] = twice[2 * n + 1] = mono[n];
  const auto marked = MarkFloats(16000, 2, twice);
  EXPECT_NE(marked, twice);
  for (size_t n = 0; n < mono.size(); ++n) ASSERT_EQ(marked[2 * n], marked[2 * n + 1]);
}

TEST(EmbedderTest, DifferentChannelsDifferInTheirMark) {
  const auto sound = NoiseAndTone(16000, 2, 32000);
  const auto residual = Difference(MarkFloats(16000, 2, sound), sound);
  std::vector<float> sum(32000), difference(32000);
  for (size_t n = 0; n < 32000; ++n) {
    sum[n] = residual[2 * n] + residual[2 * n + 1];
    difference[n] = residual[2 * n] - residual[2 * n + 1];
  }
  // The tangent of 20 degrees: -8.8 dB.
  EXPECT_NEAR(10 * std::log10(PowerOf(difference) / PowerOf(sum)), -8.8, 1.5);
}

TEST(EmbedderTest, LoudSoundIsNeverClipped) {
  auto sound = NoiseAndTone(44100, 1, 44100);
  float peak = 0;
  for (float v : sound) peak = std::max(peak, std::fabs(v));
  // Beyond full scale by a tenth, and cut off there.
  for (float& v : sound) v = std::clamp(v * 1.1f / peak, -1.0f, 1.0f);
  const auto marked = MarkFloats(44100, 1, sound);
  for (size_t n = 0; n < sound.size(); ++n) {
    ASSERT_LE(std::fabs(marked[n]), 1.0f);
    if (std::fabs(sound[n]) == 1) ASSERT_LE(std::fabs(marked[n]), std::fabs(sound[n]));
  }
  const auto residual = Difference(marked, sound);
  EXPECT_LT(10 * std::log10(PowerOf(sound) / PowerOf(residual)), 35);  // most of it is there

  const auto loud = Int16(sound);
  const auto bytes = Mark(SettingFor(44100, 1, SampleFormat::kInt16), BytesOf(loud));
  for (size_t n = 0; n < loud.size(); ++n) {
    int16_t value;
    std::memcpy(&value, bytes.data() + 2 * n, 2);
    // Where the sound is at full scale the mark does not go beyond it and around to the other end.
    ASSERT_LT(std::abs(value - loud[n]), 6000) << n;
  }
}

TEST(EmbedderTest, SamplesBeyondFullScaleStayWhereTheyAre) {
  auto sound = NoiseAndTone(16000, 1, 16000);
  for (size_t n = 0; n < sound.size(); n += 100) sound[n] = n % 200 == 0 ? 1.5f : -2.0f;
  const auto marked = MarkFloats(16000, 1, sound);
  for (size_t n = 0; n < sound.size(); n += 100) {
    EXPECT_LE(std::fabs(marked[n]), std::fabs(sound[n]));
    EXPECT_GT(std::fabs(marked[n]), 0.8f * std::fabs(sound[n]));
  }
}

TEST(EmbedderTest, LargestNumbersStayFinite) {
  auto sound = NoiseAndTone(16000, 1, 16000);
  for (size_t n = 5000; n < sound.size(); n += 3) sound[n] = n % 2 == 0 ? 3e38f : -3e38f;
  for (float v : MarkFloats(16000, 1, sound)) ASSERT_TRUE(std::isfinite(v));
}

// The same sound in every format, within the steps of the coarsest.
TEST(EmbedderTest, FormatsAgree) {
  const auto coarse = Int16(NoiseAndTone(16000, 2, 16000));
  std::vector<float> floats(coarse.size());
  std::vector<int32_t> wide(coarse.size());
  std::vector<uint8_t> packed(3 * coarse.size());
  for (size_t i = 0; i < coarse.size(); ++i) {
    floats[i] = static_cast<float>(coarse[i]) / 32768;
    wide[i] = coarse[i] * 65536;
    packed[3 * i + 1] = static_cast<uint8_t>(coarse[i]);
    packed[3 * i + 2] = static_cast<uint8_t>(static_cast<uint16_t>(coarse[i]) >> 8);
  }
  const auto in_floats = MarkFloats(16000, 2, floats);
  const auto in_16 = Mark(SettingFor(16000, 2, SampleFormat::kInt16), BytesOf(coarse));
  const auto in_24 = Mark(SettingFor(16000, 2, SampleFormat::kInt24), packed);
  const auto in_32 = Mark(SettingFor(16000, 2, SampleFormat::kInt32), BytesOf(wide));
  for (size_t i = 0; i < coarse.size(); ++i) {
    int16_t narrow;
    int32_t full;
    std::memcpy(&narrow, in_16.data() + 2 * i, 2);
    std::memcpy(&full, in_32.data() + 4 * i, 4);
    const uint32_t bits = uint32_t{in_24[3 * i]} << 8 | uint32_t{in_24[3 * i + 1]} << 16 |
                          uint32_t{in_24[3 * i + 2]} << 24;
    const double exact = double{in_floats[i]} * 2147483648.0;
    ASSERT_NEAR(narrow * 65536.0, exact, 32769 + 300) << i;
    ASSERT_NEAR(static_cast<int32_t>(bits), exact, 129 + 300) << i;
    ASSERT_NEAR(full, exact, 300) << i;  // a float has 24 bits
  }
}

TEST(EmbedderTest, EightChannelsOfAnyRate) {
  const auto sound = NoiseAndTone(96000, 8, 48000);
  const auto residual = Difference(MarkFloats(96000, 8, sound, true), sound);
  EXPECT_GT(PowerOf(residual), 0);
  EXPECT_LT(PowerOf(residual), PowerOf(sound) / 100);
}

TEST(EmbedderTest, StrengthScalesTheResidual) {
  const auto sound = NoiseAndTone(16000, 1, 32000);
  auto setting = SettingFor(16000, 1, SampleFormat::kFloat32, true);
  double power[2];
  for (int i = 0; i < 2; ++i) {
    setting.strength = i == 0 ? 0.5f : 1.0f;
    const auto bytes = Mark(setting, BytesOf(sound));
    std::vector<float> marked(sound.size());
    std::memcpy(marked.data(), bytes.data(), bytes.size());
    power[i] = PowerOf(Difference(marked, sound));
  }
  EXPECT_NEAR(power[1] / power[0], 4, 0.1);
}

TEST(EmbedderTest, SameBitsOnEveryTarget) {
  const auto sound = BytesOf(Int16(NoiseAndTone(44100, 2, 30000)));
  const auto setting = SettingFor(44100, 2, SampleFormat::kInt16);
  std::vector<std::vector<uint8_t>> marked;
  ForEachTarget([&] { marked.push_back(Mark(setting, sound)); });
  for (const auto& one : marked) EXPECT_EQ(one, marked[0]);
}

// tests/vectors/audio.txt: rate, channels, format, latency, payload, first byte of the key,
// strength in hundredths, frames; CRC-32 of all marked samples.
TEST(EmbedderVectorTest, SameBitsOnEveryTarget) {
  std::ifstream file = OpenVectors("audio.txt");
  size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    Embedder::Setting setting = SettingFor(0, 0, SampleFormat::kInt16);
    int format = 0, latency = 0, key = 0, strength = 0;
    size_t frames = 0;
    std::string expected;
    fields >> setting.rate >> setting.channels >> format >> latency >> setting.payload >> key >>
        strength >> frames >> expected;
    setting.format = static_cast<SampleFormat>(format);
    setting.has_low_latency = latency == 1;
    setting.key[0] = static_cast<uint8_t>(key);
    setting.strength = static_cast<float>(strength) / 100;
    const auto sound = NoiseAndTone(setting.rate, setting.channels, frames);
    const auto bytes = InFormat(sound, setting.format);
    ForEachTarget([&] {
      const auto marked = Mark(setting, bytes);
      std::ostringstream actual;
      actual << std::hex << Crc32(marked.data(), marked.size());
      EXPECT_EQ(actual.str(), expected) << line;
    });
    ++vectors;
  }
  EXPECT_GE(vectors, 6u);
}

TEST(EmbedderTest, FindsSamplesThatAreNoNumbers) {
  const Marker marker(SettingFor(8000, 1, SampleFormat::kFloat32));
  for (float bad : {NAN, -NAN, INFINITY, -INFINITY}) {
    std::vector<float> sound(100, 0.5f);
    EXPECT_TRUE(marker.embedder->AreFinite(BytesOf(sound).data(), 100));
    sound[99] = bad;
    EXPECT_FALSE(marker.embedder->AreFinite(BytesOf(sound).data(), 100));
    EXPECT_TRUE(marker.embedder->AreFinite(BytesOf(sound).data(), 99));
  }
}

}  // namespace
}  // namespace countermark::audio
