#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "api/images.h"
#include "countermark/countermark.h"

namespace countermark {
namespace {

class WatermarkClipTest : public ::testing::Test {
 protected:
  WatermarkClipTest() : frame_(320, 180, CMK_FORMAT_GRAY8, 1) {
    EXPECT_EQ(cmk_watermark_clip_size(&frame_.image, CMK_EFFORT_ALIGNED, &size_), CMK_STATUS_OK);
    memory_.resize(size_ / sizeof(uint64_t) + 2);
    found_.struct_size = sizeof(found_);
  }

  cmk_watermark_clip* clip() { return reinterpret_cast<cmk_watermark_clip*>(memory_.data()); }
  cmk_status Init(cmk_effort effort = CMK_EFFORT_ALIGNED) {
    return cmk_watermark_clip_init(clip(), size_, &frame_.image, cmk_default_key(), effort);
  }
  cmk_status Add() { return cmk_watermark_clip_add(clip(), time_ += 40000, &frame_.image); }
  cmk_status Detect() { return cmk_watermark_clip_detect(clip(), &found_); }
  cmk_status Reset() { return cmk_watermark_clip_reset(clip()); }

  // Marks the frame as a stream does.
  void Mark() {
    size_t size = 0;
    ASSERT_EQ(cmk_watermark_stream_size(&frame_.image, &size), CMK_STATUS_OK);
    std::vector<uint64_t> memory(size / sizeof(uint64_t) + 1);
    auto* const stream = reinterpret_cast<cmk_watermark_stream*>(memory.data());
    ASSERT_EQ(cmk_watermark_stream_init(stream, size, &frame_.image, 5, cmk_default_key(), 2, 1),
              CMK_STATUS_OK);
    ASSERT_EQ(cmk_watermark_stream_embed_at(stream, 1000000, &frame_.image, &frame_.image),
              CMK_STATUS_OK);
  }

  OwnedImage frame_;
  size_t size_ = 0;
  std::atomic<int64_t> time_ = 0;
  std::vector<uint64_t> memory_;
  cmk_detection found_ = {};
};

TEST_F(WatermarkClipTest, ReadsWhatAStreamMarked) {
  Mark();
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  EXPECT_EQ(Detect(), CMK_STATUS_NOT_FOUND);
  EXPECT_EQ(found_.payload, 0u);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(Add(), CMK_STATUS_OK);
  ASSERT_EQ(Detect(), CMK_STATUS_OK);
  EXPECT_EQ(found_.payload, 5u);
  EXPECT_LT(found_.false_positive_rate, 1e-8);
  ASSERT_EQ(Reset(), CMK_STATUS_OK);
  EXPECT_EQ(Detect(), CMK_STATUS_NOT_FOUND);
}

TEST_F(WatermarkClipTest, MemoryOfExactSizeIsEnoughAtEveryMultipleOfEight) {
  Mark();
  for (size_t offset = 8; offset < 64; offset += 8) {
    memory_.assign((size_ + offset) / sizeof(uint64_t) + 2, 0x5555555555555555);
    auto* const bytes = reinterpret_cast<uint8_t*>(memory_.data());
    const std::vector<uint8_t> behind(bytes + offset + size_,
                                      bytes + memory_.size() * sizeof(uint64_t));
    auto* const moved = reinterpret_cast<cmk_watermark_clip*>(bytes + offset);
    ASSERT_EQ(
        cmk_watermark_clip_init(moved, size_, &frame_.image, cmk_default_key(), CMK_EFFORT_ALIGNED),
        CMK_STATUS_OK);
    ASSERT_EQ(cmk_watermark_clip_add(moved, 0, &frame_.image), CMK_STATUS_OK);
    ASSERT_EQ(cmk_watermark_clip_detect(moved, &found_), CMK_STATUS_OK);
    EXPECT_EQ(found_.payload, 5u);
    EXPECT_TRUE(std::equal(behind.begin(), behind.end(), bytes + offset + size_));
  }
}

TEST_F(WatermarkClipTest, RefusesNullPointers) {
  const cmk_image* const frame = &frame_.image;
  const uint8_t* const key = cmk_default_key();
  const cmk_effort effort = CMK_EFFORT_ALIGNED;
  EXPECT_EQ(cmk_watermark_clip_size(nullptr, effort, &size_), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_clip_size(frame, effort, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_clip_init(nullptr, size_, frame, key, effort), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_clip_init(clip(), size_, nullptr, key, effort), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_clip_init(clip(), size_, frame, nullptr, effort),
            CMK_STATUS_NULL_POINTER);
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  EXPECT_EQ(cmk_watermark_clip_add(nullptr, 0, frame), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_clip_add(clip(), 0, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_clip_detect(nullptr, &found_), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_clip_detect(clip(), nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_clip_reset(nullptr), CMK_STATUS_NULL_POINTER);
  frame_.image.data = nullptr;
  EXPECT_EQ(Add(), CMK_STATUS_NULL_POINTER);
}

TEST_F(WatermarkClipTest, RefusesMemoryThatIsNoClip) {
  std::fill(memory_.begin(), memory_.end(), 0);
  EXPECT_EQ(Add(), CMK_STATUS_NOT_INITIALISED);
  EXPECT_EQ(Detect(), CMK_STATUS_NOT_INITIALISED);
  EXPECT_EQ(Reset(), CMK_STATUS_NOT_INITIALISED);
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  std::vector<uint64_t> moved = memory_;
  memory_.swap(moved);
  EXPECT_EQ(Add(), CMK_STATUS_NOT_INITIALISED);
}

TEST_F(WatermarkClipTest, RefusesMemoryThatIsMisalignedOrTooSmall) {
  auto* const odd =
      reinterpret_cast<cmk_watermark_clip*>(reinterpret_cast<uint8_t*>(memory_.data()) + 4);
  EXPECT_EQ(
      cmk_watermark_clip_init(odd, size_, &frame_.image, cmk_default_key(), CMK_EFFORT_ALIGNED),
      CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_watermark_clip_add(odd, 0, &frame_.image), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_watermark_clip_detect(odd, &found_), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_watermark_clip_reset(odd), CMK_STATUS_MISALIGNED);
  --size_;
  EXPECT_EQ(Init(), CMK_STATUS_SCRATCH_TOO_SMALL);
}

TEST_F(WatermarkClipTest, RefusesFramesOfAnotherShape) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  frame_.image.height -= 2;
  EXPECT_EQ(Add(), CMK_STATUS_SHAPE_MISMATCH);
  frame_.image.height += 2;
  frame_.image.format = CMK_FORMAT_P010;
  frame_.image.width /= 2;
  EXPECT_EQ(Add(), CMK_STATUS_SHAPE_MISMATCH);
  frame_.image.width = CMK_SIDE_MIN - 1;
  EXPECT_EQ(Add(), CMK_STATUS_IMAGE_TOO_SMALL);
  EXPECT_EQ(Init(), CMK_STATUS_IMAGE_TOO_SMALL);
}

TEST_F(WatermarkClipTest, RefusesFramesInItsMemory) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  frame_.image.data = memory_.data() + 1000;
  EXPECT_EQ(Add(), CMK_STATUS_OVERLAP);
}

TEST_F(WatermarkClipTest, RefusesUnknownEffortAndOtherStructSizes) {
  const cmk_effort unknown = static_cast<cmk_effort>(2);
  EXPECT_EQ(cmk_watermark_clip_size(&frame_.image, unknown, &size_), CMK_STATUS_UNKNOWN_EFFORT);
  EXPECT_EQ(Init(unknown), CMK_STATUS_UNKNOWN_EFFORT);
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  found_.struct_size = 4;
  EXPECT_EQ(Detect(), CMK_STATUS_STRUCT_SIZE);
  frame_.image.struct_size = 4;
  EXPECT_EQ(Add(), CMK_STATUS_STRUCT_SIZE);
}

// Every call is either alone or refused; those that were not refused are all there.
TEST_F(WatermarkClipTest, SecondThreadIsTurnedAway) {
  Mark();
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  std::atomic<int> done = 0, refused = 0, other = 0;
  std::atomic<bool> stop = false;
  const auto add_until_refused = [&] {
    while (!stop) {
      const cmk_status status = Add();
      (status == CMK_STATUS_OK ? done : status == CMK_STATUS_BUSY ? refused : other) += 1;
      if (refused > 0 && done > 0) stop = true;
    }
  };
  std::thread first(add_until_refused), second(add_until_refused);
  first.join();
  second.join();
  EXPECT_EQ(other, 0);
  ASSERT_EQ(Detect(), CMK_STATUS_OK);
  EXPECT_EQ(found_.payload, 5u);
}

}  // namespace
}  // namespace countermark
