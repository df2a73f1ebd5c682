#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "audio/sounds.h"
#include "countermark/countermark.h"

namespace countermark {
namespace {

constexpr uint32_t kRate = 16000;
constexpr size_t kFrames = 5 * kRate;

class AudioDetectorTest : public ::testing::Test {
 protected:
  AudioDetectorTest() : samples_(audio::NoiseAndTone(kRate, 1, kFrames)) {
    EXPECT_EQ(cmk_audio_detector_size(&sound_, CMK_EFFORT_ALIGNED, &size_), CMK_STATUS_OK);
    memory_.resize(size_ / sizeof(uint64_t) + 2);
    for (size_t i = 0; i < found_.size(); ++i) {
      found_[i].struct_size = sizeof(found_[i]);
      found_[i].stretch_capacity = 1;
      found_[i].stretches = &stretches_[i];
    }
  }

  cmk_audio_detector* detector() { return reinterpret_cast<cmk_audio_detector*>(memory_.data()); }
  cmk_status Init() {
    return cmk_audio_detector_init(detector(), size_, &sound_, cmk_default_key(),
                                   CMK_EFFORT_ALIGNED);
  }
  cmk_status Push(size_t frames) {
    return cmk_audio_detector_push(detector(), samples_.data(), frames);
  }
  cmk_status Detect(size_t capacity = 2) {
    return cmk_audio_detector_detect(detector(), found_.data(), capacity, &count_);
  }

  void Mark() {
    size_t size = 0, given = 0, rest = 0;
    ASSERT_EQ(cmk_audio_embedder_size(&sound_, CMK_AUDIO_LATENCY_BLOCK, &size), CMK_STATUS_OK);
    std::vector<uint64_t> memory(size / sizeof(uint64_t) + 1);
    auto* const embedder = reinterpret_cast<cmk_audio_embedder*>(memory.data());
    ASSERT_EQ(cmk_audio_embedder_init(embedder, size, &sound_, CMK_AUDIO_LATENCY_BLOCK, 5,
                                      cmk_default_key(), 1),
              CMK_STATUS_OK);
    ASSERT_EQ(cmk_audio_embedder_push(embedder, samples_.data(), kFrames, samples_.data(), &given),
              CMK_STATUS_OK);
    ASSERT_EQ(cmk_audio_embedder_finish(embedder, samples_.data() + given, kFrames - given, &rest),
              CMK_STATUS_OK);
    ASSERT_EQ(given + rest, kFrames);
  }

  cmk_sound sound_ = {sizeof(cmk_sound), kRate, 1, CMK_SAMPLE_FORMAT_FLOAT32};
  std::vector<float> samples_;
  size_t size_ = 0, count_ = 99;
  std::vector<uint64_t> memory_;
  std::array<cmk_audio_detection, 2> found_ = {};
  std::array<cmk_audio_stretch, 2> stretches_ = {};
};

TEST_F(AudioDetectorTest, ReadsWhatAnEmbedderMarked) {
  Mark();
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  EXPECT_EQ(Detect(), CMK_STATUS_NOT_FOUND);
  EXPECT_EQ(count_, 0u);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Push(kFrames), CMK_STATUS_OK);
    ASSERT_EQ(Detect(), CMK_STATUS_OK);
    ASSERT_EQ(count_, 1u);
    EXPECT_EQ(found_[0].payload, 5u);
    EXPECT_LT(found_[0].false_positive_rate, 1e-8);
    EXPECT_GT(found_[0].score, 5);
    EXPECT_NEAR(found_[0].speed, 1, 1e-4);
    EXPECT_EQ(found_[0].polarity, 1);
    EXPECT_LT(found_[0].variant, 16u);
    EXPECT_GE(found_[0].offset_seconds, 0);
    EXPECT_LT(found_[0].offset_seconds, 0.513);
    ASSERT_EQ(found_[0].stretch_count, 1u);
    EXPECT_NEAR(stretches_[0].begin, 0, 0.3);
    EXPECT_NEAR(stretches_[0].end, 5 * (i + 1), 0.4);
  }
  ASSERT_EQ(Detect(0), CMK_STATUS_OK);
  EXPECT_EQ(count_, 1u);
  ASSERT_EQ(cmk_audio_detector_reset(detector()), CMK_STATUS_OK);
  EXPECT_EQ(Detect(), CMK_STATUS_NOT_FOUND);
}

TEST_F(AudioDetectorTest, TellsTheHighestScoreWhereNothingIsRead) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  ASSERT_EQ(Push(kFrames), CMK_STATUS_OK);
  ASSERT_EQ(Detect(), CMK_STATUS_NOT_FOUND);
  EXPECT_GT(found_[0].score, 1);
  EXPECT_EQ(found_[0].payload, 0u);
}

TEST_F(AudioDetectorTest, RefusesWhatIsNoSound) {
  const auto size = [&](cmk_sound sound) {
    return cmk_audio_detector_size(&sound, CMK_EFFORT_FULL, &size_);
  };
  EXPECT_EQ(size({1, kRate, 1, CMK_SAMPLE_FORMAT_INT16}), CMK_STATUS_STRUCT_SIZE);
  EXPECT_EQ(size({sizeof(cmk_sound), 7999, 1, 0}), CMK_STATUS_BAD_RATE);
  EXPECT_EQ(size({sizeof(cmk_sound), 192001, 1, 0}), CMK_STATUS_BAD_RATE);
  EXPECT_EQ(size({sizeof(cmk_sound), kRate, 0, 0}), CMK_STATUS_BAD_CHANNELS);
  EXPECT_EQ(size({sizeof(cmk_sound), kRate, 9, 0}), CMK_STATUS_BAD_CHANNELS);
  EXPECT_EQ(size({sizeof(cmk_sound), kRate, 1, 4}), CMK_STATUS_UNKNOWN_FORMAT);
  EXPECT_EQ(cmk_audio_detector_size(&sound_, 2, &size_), CMK_STATUS_UNKNOWN_EFFORT);
  EXPECT_EQ(cmk_audio_detector_size(nullptr, 1, &size_), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_audio_detector_size(&sound_, 1, nullptr), CMK_STATUS_NULL_POINTER);
}

TEST_F(AudioDetectorTest, RefusesMemoryThatHoldsNoDetector) {
  EXPECT_EQ(Push(1), CMK_STATUS_NOT_INITIALISED);
  EXPECT_EQ(Detect(), CMK_STATUS_NOT_INITIALISED);
  EXPECT_EQ(cmk_audio_detector_reset(detector()), CMK_STATUS_NOT_INITIALISED);
  EXPECT_EQ(cmk_audio_detector_reset(nullptr), CMK_STATUS_NULL_POINTER);
  auto* const odd = reinterpret_cast<cmk_audio_detector*>(reinterpret_cast<char*>(detector()) + 4);
  EXPECT_EQ(cmk_audio_detector_init(odd, size_, &sound_, cmk_default_key(), 0),
            CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_audio_detector_init(detector(), size_ - 1, &sound_, cmk_default_key(), 0),
            CMK_STATUS_SCRATCH_TOO_SMALL);
  EXPECT_EQ(cmk_audio_detector_init(detector(), size_, &sound_, nullptr, 0),
            CMK_STATUS_NULL_POINTER);
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  std::vector<uint64_t> moved = memory_;
  auto* const elsewhere = reinterpret_cast<cmk_audio_detector*>(moved.data());
  EXPECT_EQ(cmk_audio_detector_reset(elsewhere), CMK_STATUS_NOT_INITIALISED);
}

TEST_F(AudioDetectorTest, RefusesBadFramesWhole) {
  Mark();
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  samples_.push_back(std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(Push(kFrames + 1), CMK_STATUS_BAD_SAMPLE);
  samples_.back() = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(Push(kFrames + 1), CMK_STATUS_BAD_SAMPLE);
  EXPECT_EQ(cmk_audio_detector_push(detector(), nullptr, 1), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_audio_detector_push(detector(), nullptr, 0), CMK_STATUS_OK);
  EXPECT_EQ(cmk_audio_detector_push(detector(), samples_.data(), SIZE_MAX / 4),
            CMK_STATUS_BAD_INTERVAL);
  EXPECT_EQ(cmk_audio_detector_push(detector(), memory_.data(), 4), CMK_STATUS_OVERLAP);
  EXPECT_EQ(Detect(), CMK_STATUS_NOT_FOUND);
  ASSERT_EQ(Push(kFrames), CMK_STATUS_OK);
  EXPECT_EQ(Detect(), CMK_STATUS_OK);
}

TEST_F(AudioDetectorTest, RefusesResultsThatItCannotWrite) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  EXPECT_EQ(cmk_audio_detector_detect(detector(), found_.data(), 1, nullptr),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_audio_detector_detect(detector(), nullptr, 1, &count_), CMK_STATUS_NULL_POINTER);
  found_[1].struct_size = 3;
  EXPECT_EQ(Detect(), CMK_STATUS_STRUCT_SIZE);
  found_[1].struct_size = sizeof(found_[1]);
  found_[0].stretches = nullptr;
  EXPECT_EQ(Detect(), CMK_STATUS_NULL_POINTER);
}

TEST(AudioLimitsTest, FunctionsSayWhatTheMacrosSay) {
  EXPECT_EQ(cmk_audio_detections_max(), uint32_t{CMK_AUDIO_DETECTIONS_MAX});
  EXPECT_EQ(cmk_audio_stretches_max(), uint32_t{CMK_AUDIO_STRETCHES_MAX});
}

}  // namespace
}  // namespace countermark
