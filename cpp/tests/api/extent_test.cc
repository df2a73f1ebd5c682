// Pictures at the limits of both sides: sizes are counted in 64 bits, and nothing overflows.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "api/images.h"
#include "countermark/countermark.h"

namespace countermark {
namespace {

std::vector<uint8_t> EmbedScratch(const cmk_image& image) {
  size_t size = 0;
  EXPECT_EQ(cmk_watermark_embed_scratch_size(&image, &size), CMK_STATUS_OK);
  return std::vector<uint8_t>(size);
}

std::vector<uint8_t> DetectScratch(const cmk_image& image, uint32_t effort) {
  size_t size = 0;
  EXPECT_EQ(cmk_watermark_detect_scratch_size(&image, effort, &size), CMK_STATUS_OK);
  return std::vector<uint8_t>(size);
}

void ExpectHashed(const cmk_image& image) {
  size_t size = 0;
  ASSERT_EQ(cmk_fingerprint_pdq_scratch_size(&image, &size), CMK_STATUS_OK);
  std::vector<uint8_t> scratch(size);
  uint8_t hash[CMK_PDQ_BYTES];
  int32_t quality = -1;
  EXPECT_EQ(cmk_fingerprint_pdq(&image, scratch.data(), scratch.size(), hash, &quality),
            CMK_STATUS_OK);
  EXPECT_GE(quality, 0);
}

void ExpectMarked(const cmk_image& image) {
  const uint8_t* const key = cmk_default_key();
  std::vector<uint8_t> scratch = EmbedScratch(image);
  ASSERT_EQ(cmk_watermark_embed(&image, &image, 2026, key, 1, scratch.data(), scratch.size()),
            CMK_STATUS_OK);
  scratch = DetectScratch(image, CMK_EFFORT_ALIGNED);
  cmk_detection found = {};
  found.struct_size = sizeof(found);
  ASSERT_EQ(
      cmk_watermark_detect(&image, key, CMK_EFFORT_ALIGNED, scratch.data(), scratch.size(), &found),
      CMK_STATUS_OK);
  EXPECT_EQ(found.payload, 2026u);
}

// So long and thin that hardly a tile fits: it need not be read, but must be gone through.
void ExpectGoneThrough(const cmk_image& image) {
  const uint8_t* const key = cmk_default_key();
  std::vector<uint8_t> scratch = EmbedScratch(image);
  ASSERT_EQ(cmk_watermark_embed(&image, &image, 2026, key, 1, scratch.data(), scratch.size()),
            CMK_STATUS_OK);
  scratch = DetectScratch(image, CMK_EFFORT_FULL);
  cmk_detection found = {};
  found.struct_size = sizeof(found);
  const cmk_status status =
      cmk_watermark_detect(&image, key, CMK_EFFORT_FULL, scratch.data(), scratch.size(), &found);
  EXPECT_TRUE(status == CMK_STATUS_NOT_FOUND ||
              (status == CMK_STATUS_OK && found.payload == 2026u));
}

TEST(ExtentTest, WidestPicture) {
  OwnedImage picture(CMK_SIDE_MAX, CMK_SIDE_MIN, CMK_FORMAT_GRAY8, 1);
  ExpectGoneThrough(picture.image);
  ExpectHashed(picture.image);
}

TEST(ExtentTest, TallestPicture) {
  OwnedImage picture(CMK_SIDE_MIN, CMK_SIDE_MAX, CMK_FORMAT_GRAY8, 1);
  ExpectGoneThrough(picture.image);
  ExpectHashed(picture.image);
}

// 34 GB of pixels are described, which nobody has: the sizes are told, the pixels not touched.
TEST(ExtentTest, SizesOfTheLargestPictureFit) {
  uint16_t pixel[4] = {};
  cmk_image image = {};
  image.struct_size = sizeof(image);
  image.width = CMK_SIDE_MAX;
  image.height = CMK_SIDE_MAX;
  image.format = CMK_FORMAT_RGBA16;
  image.data = pixel;
  image.stride_bytes = static_cast<ptrdiff_t>(CMK_SIDE_MAX) * 8;
  size_t size = 0;
  EXPECT_EQ(cmk_watermark_embed_scratch_size(&image, &size), CMK_STATUS_OK);
  EXPECT_LT(size, size_t{1} << 31);
  EXPECT_GT(size, size_t{CMK_SIDE_MAX});
  uint8_t scratch[64];
  const cmk_status status =
      cmk_watermark_embed(&image, &image, 1, cmk_default_key(), 1, scratch, sizeof(scratch));
  // On a machine of 32 bits the picture does not fit the address space.
  EXPECT_EQ(status, sizeof(void*) == 4 ? CMK_STATUS_BAD_STRIDE : CMK_STATUS_SCRATCH_TOO_SMALL);
}

// 4.3 GB and half a minute: `countermark_tests --gtest_also_run_disabled_tests
// --gtest_filter=ExtentTest.*`.
TEST(ExtentTest, DISABLED_LargestPicture) {
  OwnedImage picture(CMK_SIDE_MAX, CMK_SIDE_MAX, CMK_FORMAT_GRAY8, 1);
  ExpectMarked(picture.image);
  ExpectHashed(picture.image);
}

}  // namespace
}  // namespace countermark
