#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <thread>

#include "api/images.h"
#include "countermark/countermark.h"
#include "slow_machine.h"

namespace countermark {
namespace {

class WatermarkStreamTest : public ::testing::Test {
 protected:
  WatermarkStreamTest() : in_(Luma()), out_(Luma()) {
    EXPECT_EQ(cmk_watermark_stream_size(&in_.image, &size_), CMK_STATUS_OK);
    memory_.resize(size_ / sizeof(uint64_t) + 2);
  }

  static OwnedImage Luma() { return OwnedImage(320, 180, CMK_FORMAT_GRAY8, 1); }

  cmk_watermark_stream* stream() { return reinterpret_cast<cmk_watermark_stream*>(memory_.data()); }
  cmk_status Init(uint32_t refresh_frames = 4, float strength = 1) {
    return cmk_watermark_stream_init(stream(), size_, &in_.image, 5, cmk_default_key(), strength,
                                     refresh_frames);
  }
  cmk_status Embed() { return cmk_watermark_stream_embed(stream(), &in_.image, &out_.image); }

  OwnedImage in_, out_;
  size_t size_ = 0;
  std::vector<uint64_t> memory_;
};

TEST_F(WatermarkStreamTest, InPlaceGivesTheSameFrame) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  ASSERT_EQ(Embed(), CMK_STATUS_OK);
  const std::vector<uint8_t> expected = out_.memory;
  EXPECT_NE(expected, in_.memory);
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  out_.image = in_.image;
  ASSERT_EQ(Embed(), CMK_STATUS_OK);
  EXPECT_EQ(in_.memory, expected);
}

TEST_F(WatermarkStreamTest, MemoryOfExactSizeIsEnoughAtEveryMultipleOfEight) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  ASSERT_EQ(Embed(), CMK_STATUS_OK);
  const std::vector<uint8_t> expected = out_.memory;
  for (size_t offset = 8; offset < 64; offset += kSlowMachine ? 24 : 8) {
    memory_.assign((size_ + offset) / sizeof(uint64_t) + 2, 0x5555555555555555);
    auto* const bytes = reinterpret_cast<uint8_t*>(memory_.data());
    std::vector<uint8_t> behind(bytes + offset + size_, bytes + memory_.size() * sizeof(uint64_t));
    auto* const moved = reinterpret_cast<cmk_watermark_stream*>(bytes + offset);
    ASSERT_EQ(cmk_watermark_stream_init(moved, size_, &in_.image, 5, cmk_default_key(), 1, 4),
              CMK_STATUS_OK);
    ASSERT_EQ(cmk_watermark_stream_embed(moved, &in_.image, &out_.image), CMK_STATUS_OK);
    EXPECT_EQ(out_.memory, expected);
    EXPECT_TRUE(std::equal(behind.begin(), behind.end(), bytes + offset + size_));
  }
}

TEST_F(WatermarkStreamTest, MarksTheLumaOfNv12AndNothingElse) {
  // Rows padded to 352 bytes, with the plane of both chroma channels behind.
  constexpr uint32_t kStride = 352, kHeight = 180;
  std::vector<uint8_t> nv12(kStride * kHeight * 3 / 2);
  for (size_t i = 0; i < nv12.size(); ++i) nv12[i] = static_cast<uint8_t>(64 + i * 7919 % 128);
  const std::vector<uint8_t> before = nv12;
  cmk_image luma = in_.image;
  luma.data = nv12.data();
  luma.stride_bytes = kStride;
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  ASSERT_EQ(cmk_watermark_stream_embed(stream(), &luma, &luma), CMK_STATUS_OK);
  size_t changed = 0;
  for (size_t i = 0; i < nv12.size(); ++i) {
    const bool in_picture = i < kStride * kHeight && i % kStride < 320;
    changed += nv12[i] != before[i];
    if (!in_picture) EXPECT_EQ(nv12[i], before[i]);
  }
  EXPECT_GT(changed, 320u * kHeight / 4);
}

TEST_F(WatermarkStreamTest, RefusesNullPointers) {
  const uint8_t* const key = cmk_default_key();
  const cmk_image* const frame = &in_.image;
  EXPECT_EQ(cmk_watermark_stream_size(nullptr, &size_), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_stream_size(frame, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_stream_init(nullptr, size_, frame, 5, key, 1, 4),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_stream_init(stream(), size_, nullptr, 5, key, 1, 4),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_stream_init(stream(), size_, frame, 5, nullptr, 1, 4),
            CMK_STATUS_NULL_POINTER);
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  EXPECT_EQ(cmk_watermark_stream_embed(nullptr, frame, &out_.image), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_stream_embed(stream(), nullptr, &out_.image), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_stream_embed(stream(), frame, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_stream_set_payload(nullptr, 5), CMK_STATUS_NULL_POINTER);
  in_.image.data = nullptr;
  EXPECT_EQ(Embed(), CMK_STATUS_NULL_POINTER);
}

TEST_F(WatermarkStreamTest, RefusesMemoryThatIsNoStream) {
  std::fill(memory_.begin(), memory_.end(), 0);
  EXPECT_EQ(Embed(), CMK_STATUS_NOT_INITIALISED);
  EXPECT_EQ(cmk_watermark_stream_set_payload(stream(), 5), CMK_STATUS_NOT_INITIALISED);
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  std::vector<uint64_t> moved = memory_;
  memory_.swap(moved);
  EXPECT_EQ(Embed(), CMK_STATUS_NOT_INITIALISED);
}

TEST_F(WatermarkStreamTest, RefusesMemoryThatIsTooSmallOrMisaligned) {
  auto* const odd =
      reinterpret_cast<cmk_watermark_stream*>(reinterpret_cast<uint8_t*>(memory_.data()) + 4);
  const uint8_t* const key = cmk_default_key();
  EXPECT_EQ(cmk_watermark_stream_init(odd, size_, &in_.image, 5, key, 1, 4), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_watermark_stream_embed(odd, &in_.image, &out_.image), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_watermark_stream_set_payload(odd, 5), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_watermark_stream_init(stream(), size_ - 1, &in_.image, 5, key, 1, 4),
            CMK_STATUS_SCRATCH_TOO_SMALL);
}

TEST_F(WatermarkStreamTest, RefusesSettingsOutOfRange) {
  EXPECT_EQ(Init(0), CMK_STATUS_BAD_INTERVAL);
  EXPECT_EQ(Init(CMK_REFRESH_FRAMES_MAX + 1), CMK_STATUS_BAD_INTERVAL);
  EXPECT_EQ(Init(CMK_REFRESH_FRAMES_MAX), CMK_STATUS_OK);
  EXPECT_EQ(Init(4, 0), CMK_STATUS_BAD_STRENGTH);
  EXPECT_EQ(Init(4, std::numeric_limits<float>::quiet_NaN()), CMK_STATUS_BAD_STRENGTH);
  in_.image.width = CMK_SIDE_MIN - 1;
  EXPECT_EQ(Init(), CMK_STATUS_IMAGE_TOO_SMALL);
  EXPECT_EQ(cmk_refresh_frames_max(), uint32_t{CMK_REFRESH_FRAMES_MAX});
}

TEST_F(WatermarkStreamTest, RefusesFramesOfAnotherShape) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  in_.image.height = out_.image.height = 170;
  EXPECT_EQ(Embed(), CMK_STATUS_SHAPE_MISMATCH);
  in_.image.height = out_.image.height = 180;
  in_.image.width = 300;
  EXPECT_EQ(Embed(), CMK_STATUS_SHAPE_MISMATCH);
  in_.image.width = 320;
  in_.image.format = out_.image.format = CMK_FORMAT_BGR8;
  in_.image.stride_bytes = out_.image.stride_bytes = 960;
  EXPECT_EQ(Embed(), CMK_STATUS_SHAPE_MISMATCH);
}

TEST_F(WatermarkStreamTest, RefusesStridesAndPlanesThatDoNotFit) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  for (const ptrdiff_t stride :
       {ptrdiff_t{319}, ptrdiff_t{0}, ptrdiff_t{-319}, std::numeric_limits<ptrdiff_t>::max(),
        std::numeric_limits<ptrdiff_t>::min()}) {
    in_.image.stride_bytes = stride;
    EXPECT_EQ(Embed(), CMK_STATUS_BAD_STRIDE) << stride;
  }
  in_.image.stride_bytes = 320;
  in_.image.plane_stride_bytes = 320 * 180;
  EXPECT_EQ(Embed(), CMK_STATUS_BAD_STRIDE) << "gray has one plane";
}

TEST_F(WatermarkStreamTest, RefusesOverlap) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  out_.image.data = in_.memory.data() + 160;
  in_.image.height = out_.image.height = 180;
  EXPECT_EQ(Embed(), CMK_STATUS_OVERLAP);
  out_.image.data = memory_.data() + 100;
  EXPECT_EQ(Embed(), CMK_STATUS_OVERLAP) << "with the stream";
}

TEST_F(WatermarkStreamTest, TwoThreadsTakeTurnsOrAreToldSo) {
  ASSERT_EQ(Init(), CMK_STATUS_OK);
  std::atomic<bool> was_busy = false;
  std::atomic<size_t> others = 0;
  const auto run = [&] {
    const OwnedImage in = Luma();
    OwnedImage out = Luma();
    for (size_t i = 0; i < 20000 && !was_busy; ++i) {
      const cmk_status status = cmk_watermark_stream_embed(stream(), &in.image, &out.image);
      if (status == CMK_STATUS_BUSY) was_busy = true;
      if (status != CMK_STATUS_OK && status != CMK_STATUS_BUSY) ++others;
    }
  };
  std::thread one(run), two(run);
  one.join();
  two.join();
  EXPECT_EQ(others, 0u);
  EXPECT_TRUE(was_busy);
  EXPECT_EQ(Embed(), CMK_STATUS_OK) << "afterwards it is free";
}

class PlanarTest : public ::testing::Test {
 protected:
  PlanarTest() : picture_(OwnedImage(160, 3 * 140, CMK_FORMAT_PLANAR_RGB8, 1)) {
    picture_.image.height = 140;
    picture_.image.plane_stride_bytes = 160 * 140;
    size_t size = 0;
    EXPECT_EQ(cmk_watermark_embed_scratch_size(&picture_.image, &size), CMK_STATUS_OK);
    scratch_.resize(size);
  }

  cmk_status Embed(const cmk_image& in, const cmk_image& out) {
    return cmk_watermark_embed(&in, &out, 5, cmk_default_key(), 1, scratch_.data(),
                               scratch_.size());
  }
  cmk_status Embed() { return Embed(picture_.image, picture_.image); }

  OwnedImage picture_;
  std::vector<uint8_t> scratch_;
};

TEST_F(PlanarTest, PlanesMayRunBackwards) {
  OwnedImage other = picture_;
  other.image.data = other.memory.data();
  const uint8_t* const from = picture_.memory.data();
  for (size_t plane = 0; plane < 3; ++plane) {
    std::copy_n(from + plane * 22400, 22400, other.memory.data() + (2 - plane) * 22400);
  }
  other.image.data = other.memory.data() + 2 * 22400;
  other.image.plane_stride_bytes = -22400;
  ASSERT_EQ(Embed(), CMK_STATUS_OK);
  ASSERT_EQ(Embed(other.image, other.image), CMK_STATUS_OK);
  for (size_t plane = 0; plane < 3; ++plane) {
    EXPECT_TRUE(std::equal(from + plane * 22400, from + (plane + 1) * 22400,
                           other.memory.data() + (2 - plane) * 22400));
  }
}

TEST_F(PlanarTest, RefusesPlanesThatOverlapOrOverflow) {
  for (const ptrdiff_t stride :
       {ptrdiff_t{0}, ptrdiff_t{22399}, ptrdiff_t{-22399}, std::numeric_limits<ptrdiff_t>::max(),
        std::numeric_limits<ptrdiff_t>::min()}) {
    picture_.image.plane_stride_bytes = stride;
    EXPECT_EQ(Embed(), CMK_STATUS_BAD_STRIDE) << stride;
  }
}

TEST_F(PlanarTest, RefusesOddPlaneStridesOfSixteenBits) {
  picture_.image.format = CMK_FORMAT_PLANAR_RGB16;
  picture_.image.width = picture_.image.height = 130;
  picture_.image.stride_bytes = 260;
  picture_.image.plane_stride_bytes = 130 * 260 + 1;
  EXPECT_EQ(Embed(), CMK_STATUS_MISALIGNED);
}

TEST_F(PlanarTest, RefusesOutputBetweenThePlanes) {
  cmk_image out = picture_.image;
  out.data = picture_.memory.data() + 22400;
  EXPECT_EQ(Embed(picture_.image, out), CMK_STATUS_OVERLAP);
}

}  // namespace
}  // namespace countermark
