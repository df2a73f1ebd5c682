#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "api/images.h"
#include "countermark/countermark.h"
#include "slow_machine.h"

namespace countermark {
namespace {

class WatermarkTest : public ::testing::Test {
 protected:
  WatermarkTest() : in_(Rgb(200, 160)), out_(Rgb(200, 160)) {
    size_t embed_size = 0, detect_size = 0;
    EXPECT_EQ(cmk_watermark_embed_scratch_size(&in_.image, &embed_size), CMK_STATUS_OK);
    EXPECT_EQ(cmk_watermark_detect_scratch_size(&in_.image, CMK_EFFORT_FULL, &detect_size),
              CMK_STATUS_OK);
    scratch_.resize(std::max(embed_size, detect_size));
    found_.struct_size = sizeof(found_);
  }

  cmk_status Embed(float strength = 1) {
    return cmk_watermark_embed(&in_.image, &out_.image, 5, cmk_default_key(), strength,
                               scratch_.data(), scratch_.size());
  }
  cmk_status Detect(cmk_effort effort = CMK_EFFORT_ALIGNED) {
    return cmk_watermark_detect(&out_.image, cmk_default_key(), effort, scratch_.data(),
                                scratch_.size(), &found_);
  }

  OwnedImage in_, out_;
  std::vector<uint8_t> scratch_;
  cmk_detection found_ = {};
};

TEST_F(WatermarkTest, InPlaceGivesTheSamePicture) {
  ASSERT_EQ(Embed(), CMK_STATUS_OK);
  const std::vector<uint8_t> expected = out_.memory;
  EXPECT_NE(expected, in_.memory);
  out_.image = in_.image;
  ASSERT_EQ(Embed(), CMK_STATUS_OK);
  EXPECT_EQ(in_.memory, expected);
}

TEST_F(WatermarkTest, ScratchOfExactSizeIsEnoughAtAnyAlignment) {
  size_t size = 0;
  ASSERT_EQ(cmk_watermark_embed_scratch_size(&in_.image, &size), CMK_STATUS_OK);
  for (size_t offset = 0; offset < 8; offset += kSlowMachine ? 3 : 1) {
    std::vector<uint8_t> memory(size + offset);
    EXPECT_EQ(cmk_watermark_embed(&in_.image, &out_.image, 5, cmk_default_key(), 1,
                                  memory.data() + offset, size),
              CMK_STATUS_OK);
  }
  EXPECT_EQ(cmk_watermark_embed(&in_.image, &out_.image, 5, cmk_default_key(), 1, scratch_.data(),
                                size - 1),
            CMK_STATUS_SCRATCH_TOO_SMALL);
}

TEST_F(WatermarkTest, RefusesNullPointers) {
  uint8_t* const scratch = scratch_.data();
  const size_t size = scratch_.size();
  const uint8_t* const key = cmk_default_key();
  const cmk_image *in = &in_.image, *out = &out_.image;
  EXPECT_EQ(cmk_watermark_embed(nullptr, out, 5, key, 1, scratch, size), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_embed(in, nullptr, 5, key, 1, scratch, size), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_embed(in, out, 5, nullptr, 1, scratch, size), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_embed(in, out, 5, key, 1, nullptr, size), CMK_STATUS_NULL_POINTER);
  const cmk_effort effort = CMK_EFFORT_ALIGNED;
  EXPECT_EQ(cmk_watermark_detect(in, nullptr, effort, scratch, size, &found_),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_detect(in, key, effort, scratch, size, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_embed_scratch_size(in, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_detect_scratch_size(in, effort, nullptr), CMK_STATUS_NULL_POINTER);
}

TEST_F(WatermarkTest, RefusesSidesUnderTheMinimum) {
  in_.image.width = CMK_SIDE_MIN - 1;
  out_.image.width = CMK_SIDE_MIN - 1;
  EXPECT_EQ(Embed(), CMK_STATUS_IMAGE_TOO_SMALL);
  EXPECT_EQ(Detect(), CMK_STATUS_IMAGE_TOO_SMALL);
}

TEST_F(WatermarkTest, RefusesOutputOfAnotherShape) {
  out_.image.height -= 1;
  EXPECT_EQ(Embed(), CMK_STATUS_SHAPE_MISMATCH);
}

TEST_F(WatermarkTest, RefusesOutputThatOverlaps) {
  out_.image.data = in_.memory.data() + 600;
  in_.image.height = out_.image.height = 130;
  EXPECT_EQ(Embed(), CMK_STATUS_OVERLAP);
}

TEST_F(WatermarkTest, RefusesScratchInTheOutput) {
  EXPECT_EQ(cmk_watermark_embed(&in_.image, &out_.image, 5, cmk_default_key(), 1,
                                out_.memory.data(), scratch_.size()),
            CMK_STATUS_OVERLAP);
}

TEST_F(WatermarkTest, RefusesStrengthsOutOfRange) {
  for (const float strength : {0.0f, -1.0f, 4.5f, std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_EQ(Embed(strength), CMK_STATUS_BAD_STRENGTH);
  }
}

TEST_F(WatermarkTest, RefusesUnknownEffort) {
  EXPECT_EQ(Detect(static_cast<cmk_effort>(2)), CMK_STATUS_UNKNOWN_EFFORT);
}

TEST_F(WatermarkTest, RefusesOtherStructSizeOfDetection) {
  found_.struct_size = 4;
  EXPECT_EQ(Detect(), CMK_STATUS_STRUCT_SIZE);
}

TEST_F(WatermarkTest, WritesOnlyTheScoreWhenNothingIsFound) {
  found_.payload = 123;
  found_.geometry[0] = 7;
  EXPECT_EQ(Detect(), CMK_STATUS_NOT_FOUND);
  EXPECT_EQ(found_.payload, 123u);
  EXPECT_EQ(found_.geometry[0], 7);
  EXPECT_GT(found_.score, 1);
  EXPECT_LT(found_.score, 6);
}

class InspectionTest : public WatermarkTest {
 protected:
  InspectionTest() : tiles_(CMK_TILES_MAX), margins_(CMK_CODED_BITS) {
    size_t size = 0;
    EXPECT_EQ(cmk_watermark_inspect_scratch_size(&in_.image, CMK_EFFORT_ALIGNED, &size),
              CMK_STATUS_OK);
    scratch_.resize(std::max(size, scratch_.size()));
    seen_.struct_size = sizeof(seen_);
    seen_.tiles = tiles_.data();
    seen_.tile_capacity = CMK_TILES_MAX;
    seen_.bit_margins = margins_.data();
  }

  cmk_status Inspect(cmk_effort effort = CMK_EFFORT_ALIGNED) {
    return cmk_watermark_inspect(&out_.image, cmk_default_key(), effort, scratch_.data(),
                                 scratch_.size(), &found_, &seen_);
  }

  std::vector<cmk_tile> tiles_;
  std::vector<float> margins_;
  cmk_inspection seen_ = {};
};

TEST_F(InspectionTest, FillsDetectionTilesAndMargins) {
  ASSERT_EQ(Embed(2), CMK_STATUS_OK);
  ASSERT_EQ(Inspect(), CMK_STATUS_OK);
  EXPECT_EQ(found_.payload, 5u);
  EXPECT_GT(seen_.likeness, 10);
  EXPECT_EQ(seen_.least_score, 5);
  ASSERT_GT(seen_.tile_count, 3u);
  EXPECT_GT(std::count_if(margins_.begin(), margins_.end(), [](float m) { return m > 0; }),
            CMK_CODED_BITS * 3 / 4);
  EXPECT_TRUE(std::equal(found_.geometry, found_.geometry + 9, seen_.geometry));
}

TEST_F(InspectionTest, ArraysAreOptionalAndNeverOverrun) {
  ASSERT_EQ(Inspect(), CMK_STATUS_NOT_FOUND);
  const uint32_t count = seen_.tile_count;
  EXPECT_GT(count, 2u);
  tiles_[2] = {1, 2, 3};
  seen_.tile_capacity = 2;
  seen_.bit_margins = nullptr;
  ASSERT_EQ(Inspect(), CMK_STATUS_NOT_FOUND);
  EXPECT_EQ(seen_.tile_count, count);
  EXPECT_EQ(tiles_[2].score, 3);
  seen_.tile_capacity = 0;
  seen_.tiles = nullptr;
  EXPECT_EQ(Inspect(), CMK_STATUS_NOT_FOUND);
}

TEST_F(InspectionTest, RefusesWhatItCannotUse) {
  EXPECT_EQ(Inspect(static_cast<cmk_effort>(2)), CMK_STATUS_UNKNOWN_EFFORT);
  seen_.tiles = nullptr;
  EXPECT_EQ(Inspect(), CMK_STATUS_NULL_POINTER);
  seen_.struct_size = 4;
  EXPECT_EQ(Inspect(), CMK_STATUS_STRUCT_SIZE);
  EXPECT_EQ(cmk_watermark_inspect(&in_.image, cmk_default_key(), CMK_EFFORT_ALIGNED,
                                  scratch_.data(), scratch_.size(), &found_, nullptr),
            CMK_STATUS_NULL_POINTER);
  size_t size = 0;
  ASSERT_EQ(cmk_watermark_inspect_scratch_size(&in_.image, CMK_EFFORT_ALIGNED, &size),
            CMK_STATUS_OK);
  seen_.struct_size = sizeof(seen_);
  seen_.tiles = tiles_.data();
  EXPECT_EQ(cmk_watermark_inspect(&in_.image, cmk_default_key(), CMK_EFFORT_ALIGNED,
                                  scratch_.data(), size - 1, &found_, &seen_),
            CMK_STATUS_SCRATCH_TOO_SMALL);
}

TEST(HeaderTest, FunctionsGiveTheWatermarkMacros) {
  EXPECT_EQ(cmk_key_bytes(), size_t{CMK_KEY_BYTES});
  EXPECT_EQ(cmk_strength_max(), CMK_STRENGTH_MAX);
  EXPECT_EQ(cmk_coded_bits(), size_t{CMK_CODED_BITS});
  EXPECT_EQ(cmk_tiles_max(), size_t{CMK_TILES_MAX});
  EXPECT_EQ(cmk_band_coefficients(), size_t{CMK_BAND_COEFFICIENTS});
  EXPECT_EQ(cmk_variants(), size_t{CMK_VARIANTS});
}

}  // namespace
}  // namespace countermark
