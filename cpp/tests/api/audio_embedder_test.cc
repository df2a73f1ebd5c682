#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "audio/sounds.h"
#include "countermark/countermark.h"
#include "slow_machine.h"

namespace countermark {
namespace {

constexpr size_t kFrames = 20000;

class AudioEmbedderTest : public ::testing::Test {
 protected:
  AudioEmbedderTest()
      : sound_{sizeof(cmk_sound), 16000, 2, CMK_SAMPLE_FORMAT_FLOAT32},
        in_(audio::NoiseAndTone(16000, 2, kFrames)),
        out_(in_.size()) {
    EXPECT_EQ(cmk_audio_embedder_size(&sound_, CMK_AUDIO_LATENCY_LOW, &size_), CMK_STATUS_OK);
    memory_.resize(size_ / sizeof(uint64_t) + 2);
  }

  cmk_audio_embedder* embedder() { return reinterpret_cast<cmk_audio_embedder*>(memory_.data()); }
  cmk_status Init(float strength = 1) {
    return cmk_audio_embedder_init(embedder(), size_, &sound_, CMK_AUDIO_LATENCY_LOW, 5,
                                   cmk_default_key(), strength);
  }
  cmk_status Push(size_t count = kFrames) {
    return cmk_audio_embedder_push(embedder(), in_.data(), count, out_.data(), &written_);
  }

  cmk_sound sound_;
  std::vector<float> in_, out_;
  size_t size_ = 0, written_ = 0;
  std::vector<uint64_t> memory_;
};

TEST_F(AudioEmbedderTest, MarksAndGivesEveryFrame) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  size_t latency = 0;
  ASSERT_EQ(cmk_audio_embedder_latency(embedder(), &latency), CMK_STATUS_OK);
  EXPECT_LE(latency, 8000u);
  ASSERT_EQ(Push(), CMK_STATUS_OK);
  EXPECT_EQ(written_, kFrames - latency);
  // In parts that do not fit.
  for (size_t given = written_; given < kFrames; given += written_) {
    ASSERT_EQ(cmk_audio_embedder_finish(embedder(), out_.data() + 2 * given,
                                        std::min<size_t>(kFrames - given, 1000), &written_),
              CMK_STATUS_OK);
    ASSERT_GT(written_, 0u);
  }
  ASSERT_EQ(cmk_audio_embedder_finish(embedder(), nullptr, 0, &written_), CMK_STATUS_OK);
  EXPECT_EQ(written_, 0u);
  EXPECT_NE(out_, in_);
  for (size_t i = 0; i < in_.size(); ++i) ASSERT_NEAR(out_[i], in_[i], 0.1);
}

TEST_F(AudioEmbedderTest, MemoryOfExactSizeIsEnoughAtEveryMultipleOfEight) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  ASSERT_EQ(Push(), CMK_STATUS_OK);
  const std::vector<float> expected = out_;
  for (size_t offset = 8; offset < 64; offset += kSlowMachine ? 24 : 8) {
    memory_.assign((size_ + offset) / sizeof(uint64_t) + 2, 0x5555555555555555);
    auto* const bytes = reinterpret_cast<uint8_t*>(memory_.data());
    const std::vector<uint8_t> behind(bytes + offset + size_,
                                      bytes + memory_.size() * sizeof(uint64_t));
    auto* const moved = reinterpret_cast<cmk_audio_embedder*>(bytes + offset);
    ASSERT_EQ(cmk_audio_embedder_init(moved, size_, &sound_, CMK_AUDIO_LATENCY_LOW, 5,
                                      cmk_default_key(), 1),
              CMK_STATUS_OK);
    ASSERT_EQ(cmk_audio_embedder_push(moved, in_.data(), kFrames, out_.data(), &written_),
              CMK_STATUS_OK);
    EXPECT_EQ(out_, expected);
    EXPECT_TRUE(std::equal(behind.begin(), behind.end(), bytes + offset + size_));
  }
}

TEST_F(AudioEmbedderTest, RefusesSoundsOutOfBounds) {
  size_t size = 0;
  const auto asked = [&](cmk_sound sound, uint32_t latency = CMK_AUDIO_LATENCY_BLOCK) {
    return cmk_audio_embedder_size(&sound, latency, &size);
  };
  const uint32_t whole = sizeof(cmk_sound);
  EXPECT_EQ(asked({whole, CMK_RATE_MIN, 1, 0}), CMK_STATUS_OK);
  EXPECT_EQ(asked({whole, CMK_RATE_MAX, CMK_CHANNELS_MAX, 3}), CMK_STATUS_OK);
  EXPECT_EQ(asked({whole - 1, 16000, 1, 0}), CMK_STATUS_STRUCT_SIZE);
  EXPECT_EQ(asked({whole, CMK_RATE_MIN - 1, 1, 0}), CMK_STATUS_BAD_RATE);
  EXPECT_EQ(asked({whole, CMK_RATE_MAX + 1, 1, 0}), CMK_STATUS_BAD_RATE);
  EXPECT_EQ(asked({whole, 16000, 0, 0}), CMK_STATUS_BAD_CHANNELS);
  EXPECT_EQ(asked({whole, 16000, CMK_CHANNELS_MAX + 1, 0}), CMK_STATUS_BAD_CHANNELS);
  EXPECT_EQ(asked({whole, 16000, 1, 4}), CMK_STATUS_UNKNOWN_FORMAT);
  EXPECT_EQ(asked({whole, 16000, 1, 0}, 2), CMK_STATUS_BAD_INTERVAL);
  EXPECT_EQ(cmk_audio_embedder_size(nullptr, 0, &size), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_audio_embedder_size(&sound_, 0, nullptr), CMK_STATUS_NULL_POINTER);
}

TEST_F(AudioEmbedderTest, RefusesWrongMemoryAndStrength) {
  const auto init = [&](void* memory, size_t size, const uint8_t* key, float strength) {
    return cmk_audio_embedder_init(static_cast<cmk_audio_embedder*>(memory), size, &sound_,
                                   CMK_AUDIO_LATENCY_LOW, 5, key, strength);
  };
  const uint8_t* const key = cmk_default_key();
  auto* const bytes = reinterpret_cast<uint8_t*>(memory_.data());
  EXPECT_EQ(init(nullptr, size_, key, 1), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(init(bytes, size_, nullptr, 1), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(init(bytes + 4, size_, key, 1), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(init(bytes, size_ - 1, key, 1), CMK_STATUS_SCRATCH_TOO_SMALL);
  for (float strength : {0.0f, -1.0f, CMK_STRENGTH_MAX + 0.01f, NAN}) {
    EXPECT_EQ(init(bytes, size_, key, strength), CMK_STATUS_BAD_STRENGTH);
  }
}

TEST_F(AudioEmbedderTest, RefusesFramesThatItCannotTake) {
  std::fill(memory_.begin(), memory_.end(), 0);
  EXPECT_EQ(Push(), CMK_STATUS_NOT_INITIALISED);
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  const auto push = [&](const void* in, size_t count, void* out) {
    return cmk_audio_embedder_push(embedder(), in, count, out, &written_);
  };
  EXPECT_EQ(push(nullptr, 1, out_.data()), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(push(in_.data(), 1, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(push(nullptr, 0, nullptr), CMK_STATUS_OK);
  EXPECT_EQ(cmk_audio_embedder_push(embedder(), in_.data(), 1, out_.data(), nullptr),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(push(in_.data(), std::numeric_limits<size_t>::max() / 4, out_.data()),
            CMK_STATUS_BAD_INTERVAL);
  EXPECT_EQ(push(in_.data(), 100, in_.data() + 1), CMK_STATUS_OVERLAP);
  EXPECT_EQ(push(in_.data(), 100, memory_.data() + 3), CMK_STATUS_OVERLAP);
  EXPECT_EQ(push(memory_.data(), 100, out_.data()), CMK_STATUS_OVERLAP);
  in_[77] = NAN;
  EXPECT_EQ(Push(), CMK_STATUS_BAD_SAMPLE);
  EXPECT_EQ(Push(38), CMK_STATUS_OK);
  ASSERT_EQ(cmk_audio_embedder_finish(embedder(), out_.data(), kFrames, &written_), CMK_STATUS_OK);
  EXPECT_EQ(written_, 38u);
  EXPECT_EQ(Push(1), CMK_STATUS_ENDED);
}

TEST_F(AudioEmbedderTest, MovedEmbedderIsRefused) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  std::vector<uint64_t> elsewhere = memory_;
  memory_.swap(elsewhere);
  EXPECT_EQ(Push(), CMK_STATUS_NOT_INITIALISED);
}

TEST_F(AudioEmbedderTest, SecondThreadIsRefusedAndHarmsNothing) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  std::atomic<bool> is_done = false;
  size_t refused = 0;
  std::thread other([&] {
    std::vector<float> in = in_, out(in_.size());
    while (!is_done) {
      size_t written = 0;
      refused += cmk_audio_embedder_push(embedder(), in.data(), 100, out.data(), &written) ==
                 CMK_STATUS_BUSY;
    }
  });
  for (int i = 0; i < (kSlowMachine ? 10 : 30); ++i) {
    const cmk_status status = Push();
    EXPECT_TRUE(status == CMK_STATUS_OK || status == CMK_STATUS_BUSY);
  }
  is_done = true;
  other.join();
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  EXPECT_EQ(Push(), CMK_STATUS_OK);
}

}  // namespace
}  // namespace countermark
