#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "api/images.h"
#include "countermark/countermark.h"
#include "slow_machine.h"

namespace countermark {
namespace {

// The C functions of one of the objects that read a mark from many frames.
struct Accumulator {
  using Object = cmk_watermark_accumulator;
  static constexpr auto Size = cmk_watermark_accumulator_size;
  static constexpr auto Init = cmk_watermark_accumulator_init;
  static constexpr auto Detect = cmk_watermark_accumulator_detect;
  static constexpr auto Reset = cmk_watermark_accumulator_reset;

  static cmk_status Add(Object* object, const cmk_image* frame) {
    return cmk_watermark_accumulator_add(object, frame);
  }
  static cmk_status Mark(cmk_watermark_stream* stream, const cmk_image* frame) {
    return cmk_watermark_stream_embed(stream, frame, frame);
  }
};

struct Clip {
  using Object = cmk_watermark_clip;
  static constexpr auto Size = cmk_watermark_clip_size;
  static constexpr auto Init = cmk_watermark_clip_init;
  static constexpr auto Detect = cmk_watermark_clip_detect;
  static constexpr auto Reset = cmk_watermark_clip_reset;

  static cmk_status Add(Object* object, const cmk_image* frame) {
    static std::atomic<int64_t> time = 0;
    return cmk_watermark_clip_add(object, time += 40000, frame);
  }
  static cmk_status Mark(cmk_watermark_stream* stream, const cmk_image* frame) {
    return cmk_watermark_stream_embed_at(stream, 1000000, frame, frame);
  }
};

template <typename Reader>
class FrameReaderTest : public ::testing::Test {
 protected:
  using Object = typename Reader::Object;

  FrameReaderTest() : frame_(320, 180, CMK_FORMAT_GRAY8, 1) {
    EXPECT_EQ(Reader::Size(&frame_.image, CMK_EFFORT_ALIGNED, &size_), CMK_STATUS_OK);
    memory_.resize(size_ / sizeof(uint64_t) + 2);
    found_.struct_size = sizeof(found_);
  }

  Object* object() { return reinterpret_cast<Object*>(memory_.data()); }
  cmk_status Init(uint32_t effort = CMK_EFFORT_ALIGNED) {
    return Reader::Init(object(), size_, &frame_.image, cmk_default_key(), effort);
  }
  cmk_status Add() { return Reader::Add(object(), &frame_.image); }
  cmk_status Detect() { return Reader::Detect(object(), &found_); }
  cmk_status Reset() { return Reader::Reset(object()); }

  // Marks the frame as a stream does.
  void Mark() {
    size_t size = 0;
    ASSERT_EQ(cmk_watermark_stream_size(&frame_.image, &size), CMK_STATUS_OK);
    std::vector<uint64_t> memory(size / sizeof(uint64_t) + 1);
    auto* const stream = reinterpret_cast<cmk_watermark_stream*>(memory.data());
    ASSERT_EQ(cmk_watermark_stream_init(stream, size, &frame_.image, 5, cmk_default_key(), 2, 1),
              CMK_STATUS_OK);
    ASSERT_EQ(Reader::Mark(stream, &frame_.image), CMK_STATUS_OK);
  }

  OwnedImage frame_;
  size_t size_ = 0;
  std::vector<uint64_t> memory_;
  cmk_detection found_ = {};
};

using Readers = ::testing::Types<Accumulator, Clip>;

struct Names {
  template <typename Reader>
  static std::string GetName(int) {
    return std::is_same_v<Reader, Clip> ? "Clip" : "Accumulator";
  }
};

TYPED_TEST_SUITE(FrameReaderTest, Readers, Names);

TYPED_TEST(FrameReaderTest, ReadsWhatAStreamMarked) {
  this->Mark();
  ASSERT_EQ(this->Init(), CMK_STATUS_OK);
  EXPECT_EQ(this->Detect(), CMK_STATUS_NOT_FOUND);
  EXPECT_EQ(this->found_.payload, 0u);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(this->Add(), CMK_STATUS_OK);
  ASSERT_EQ(this->Detect(), CMK_STATUS_OK);
  EXPECT_EQ(this->found_.payload, 5u);
  EXPECT_LT(this->found_.false_positive_rate, 1e-8);
  ASSERT_EQ(this->Reset(), CMK_STATUS_OK);
  EXPECT_EQ(this->Detect(), CMK_STATUS_NOT_FOUND);
}

TYPED_TEST(FrameReaderTest, MemoryOfExactSizeIsEnoughAtEveryMultipleOfEight) {
  this->Mark();
  for (size_t offset = 8; offset < 64; offset += kSlowMachine ? 24 : 8) {
    this->memory_.assign((this->size_ + offset) / sizeof(uint64_t) + 2, 0x5555555555555555);
    auto* const bytes = reinterpret_cast<uint8_t*>(this->memory_.data());
    const std::vector<uint8_t> behind(bytes + offset + this->size_,
                                      bytes + this->memory_.size() * sizeof(uint64_t));
    auto* const moved = reinterpret_cast<typename TypeParam::Object*>(bytes + offset);
    ASSERT_EQ(TypeParam::Init(moved, this->size_, &this->frame_.image, cmk_default_key(),
                              CMK_EFFORT_ALIGNED),
              CMK_STATUS_OK);
    ASSERT_EQ(TypeParam::Add(moved, &this->frame_.image), CMK_STATUS_OK);
    ASSERT_EQ(TypeParam::Detect(moved, &this->found_), CMK_STATUS_OK);
    EXPECT_EQ(this->found_.payload, 5u);
    EXPECT_TRUE(std::equal(behind.begin(), behind.end(), bytes + offset + this->size_));
  }
}

TYPED_TEST(FrameReaderTest, RefusesNullPointers) {
  const cmk_image* const frame = &this->frame_.image;
  const uint8_t* const key = cmk_default_key();
  const uint32_t effort = CMK_EFFORT_ALIGNED;
  EXPECT_EQ(TypeParam::Size(nullptr, effort, &this->size_), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(TypeParam::Size(frame, effort, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(TypeParam::Init(nullptr, this->size_, frame, key, effort), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(TypeParam::Init(this->object(), this->size_, nullptr, key, effort),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(TypeParam::Init(this->object(), this->size_, frame, nullptr, effort),
            CMK_STATUS_NULL_POINTER);
  ASSERT_EQ(this->Init(), CMK_STATUS_OK);
  EXPECT_EQ(TypeParam::Add(nullptr, frame), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(TypeParam::Add(this->object(), nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(TypeParam::Detect(nullptr, &this->found_), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(TypeParam::Detect(this->object(), nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(TypeParam::Reset(nullptr), CMK_STATUS_NULL_POINTER);
  this->frame_.image.data = nullptr;
  EXPECT_EQ(this->Add(), CMK_STATUS_NULL_POINTER);
}

TYPED_TEST(FrameReaderTest, RefusesMemoryThatHoldsNone) {
  std::fill(this->memory_.begin(), this->memory_.end(), 0);
  EXPECT_EQ(this->Add(), CMK_STATUS_NOT_INITIALISED);
  EXPECT_EQ(this->Detect(), CMK_STATUS_NOT_INITIALISED);
  EXPECT_EQ(this->Reset(), CMK_STATUS_NOT_INITIALISED);
  ASSERT_EQ(this->Init(), CMK_STATUS_OK);
  std::vector<uint64_t> moved = this->memory_;
  this->memory_.swap(moved);
  EXPECT_EQ(this->Add(), CMK_STATUS_NOT_INITIALISED);
}

TYPED_TEST(FrameReaderTest, RefusesMemoryThatIsMisalignedOrTooSmall) {
  auto* const odd = reinterpret_cast<typename TypeParam::Object*>(
      reinterpret_cast<uint8_t*>(this->memory_.data()) + 4);
  EXPECT_EQ(
      TypeParam::Init(odd, this->size_, &this->frame_.image, cmk_default_key(), CMK_EFFORT_ALIGNED),
      CMK_STATUS_MISALIGNED);
  EXPECT_EQ(TypeParam::Add(odd, &this->frame_.image), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(TypeParam::Detect(odd, &this->found_), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(TypeParam::Reset(odd), CMK_STATUS_MISALIGNED);
  --this->size_;
  EXPECT_EQ(this->Init(), CMK_STATUS_SCRATCH_TOO_SMALL);
}

TYPED_TEST(FrameReaderTest, RefusesFramesOfAnotherShape) {
  ASSERT_EQ(this->Init(), CMK_STATUS_OK);
  this->frame_.image.height -= 2;
  EXPECT_EQ(this->Add(), CMK_STATUS_SHAPE_MISMATCH);
  this->frame_.image.height += 2;
  this->frame_.image.format = CMK_FORMAT_P010;
  this->frame_.image.width /= 2;
  EXPECT_EQ(this->Add(), CMK_STATUS_SHAPE_MISMATCH);
  this->frame_.image.width = CMK_SIDE_MIN - 1;
  EXPECT_EQ(this->Add(), CMK_STATUS_IMAGE_TOO_SMALL);
  EXPECT_EQ(this->Init(), CMK_STATUS_IMAGE_TOO_SMALL);
}

TYPED_TEST(FrameReaderTest, RefusesFramesInItsMemory) {
  ASSERT_EQ(this->Init(), CMK_STATUS_OK);
  this->frame_.image.data = this->memory_.data() + 1000;
  EXPECT_EQ(this->Add(), CMK_STATUS_OVERLAP);
}

TYPED_TEST(FrameReaderTest, RefusesUnknownEffortAndOtherStructSizes) {
  const uint32_t unknown = 2;
  EXPECT_EQ(TypeParam::Size(&this->frame_.image, unknown, &this->size_), CMK_STATUS_UNKNOWN_EFFORT);
  EXPECT_EQ(this->Init(unknown), CMK_STATUS_UNKNOWN_EFFORT);
  ASSERT_EQ(this->Init(), CMK_STATUS_OK);
  this->found_.struct_size = 4;
  EXPECT_EQ(this->Detect(), CMK_STATUS_STRUCT_SIZE);
  this->frame_.image.struct_size = 4;
  EXPECT_EQ(this->Add(), CMK_STATUS_STRUCT_SIZE);
}

// Every call is either alone or refused; those that were not refused are all there.
TYPED_TEST(FrameReaderTest, SecondThreadIsTurnedAway) {
  this->Mark();
  ASSERT_EQ(this->Init(), CMK_STATUS_OK);
  std::atomic<int> done = 0, refused = 0, other = 0;
  std::atomic<bool> stop = false;
  const auto add_until_refused = [&] {
    while (!stop) {
      const cmk_status status = this->Add();
      (status == CMK_STATUS_OK ? done : status == CMK_STATUS_BUSY ? refused : other) += 1;
      if (refused > 0 && done > 0) stop = true;
    }
  };
  std::thread first(add_until_refused), second(add_until_refused);
  first.join();
  second.join();
  EXPECT_EQ(other, 0);
  ASSERT_EQ(this->Detect(), CMK_STATUS_OK);
  EXPECT_EQ(this->found_.payload, 5u);
}

}  // namespace
}  // namespace countermark
