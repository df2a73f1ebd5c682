#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "api/images.h"
#include "countermark/countermark.h"

namespace countermark {
namespace {

class FingerprintTest : public ::testing::Test {
 protected:
  FingerprintTest() : picture_(Rgb(64, 48)), scratch_(1 << 16) {}

  cmk_status Pdq() {
    return cmk_fingerprint_pdq(&picture_.image, scratch_.data(), scratch_.size(), hash_, &quality_);
  }

  OwnedImage picture_;
  std::vector<uint8_t> scratch_;
  uint8_t hash_[CMK_PDQ_BYTES] = {};
  int32_t quality_ = -1;
};

TEST_F(FingerprintTest, HashesPicture) {
  EXPECT_EQ(Pdq(), CMK_STATUS_OK);
  EXPECT_EQ(quality_, CMK_PDQ_QUALITY_MAX);
}

TEST_F(FingerprintTest, DihedralBeginsWithThePictureItself) {
  ASSERT_EQ(Pdq(), CMK_STATUS_OK);
  uint8_t hashes[CMK_PDQ_DIHEDRAL_COUNT * CMK_PDQ_BYTES];
  ASSERT_EQ(cmk_fingerprint_pdq_dihedral(&picture_.image, scratch_.data(), scratch_.size(), hashes,
                                         &quality_),
            CMK_STATUS_OK);
  EXPECT_TRUE(std::equal(hash_, hash_ + CMK_PDQ_BYTES, hashes));
}

TEST_F(FingerprintTest, ReadsRowsUpwards) {
  const cmk_image upright = picture_.image;
  uint8_t hashes[CMK_PDQ_DIHEDRAL_COUNT * CMK_PDQ_BYTES];
  ASSERT_EQ(
      cmk_fingerprint_pdq_dihedral(&upright, scratch_.data(), scratch_.size(), hashes, &quality_),
      CMK_STATUS_OK);
  picture_.image.data = picture_.memory.data() + 47 * 64 * 3;
  picture_.image.stride_bytes = -64 * 3;
  ASSERT_EQ(Pdq(), CMK_STATUS_OK);
  EXPECT_TRUE(std::equal(hash_, hash_ + CMK_PDQ_BYTES, hashes + 4 * CMK_PDQ_BYTES));
}

TEST_F(FingerprintTest, RefusesNullPointers) {
  size_t size = 0;
  uint8_t* const scratch = scratch_.data();
  EXPECT_EQ(cmk_fingerprint_pdq_scratch_size(nullptr, &size), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_fingerprint_pdq_scratch_size(&picture_.image, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_fingerprint_pdq(nullptr, scratch, 1 << 16, hash_, &quality_),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_fingerprint_pdq(&picture_.image, nullptr, 1 << 16, hash_, &quality_),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_fingerprint_pdq(&picture_.image, scratch, 1 << 16, nullptr, &quality_),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_fingerprint_pdq(&picture_.image, scratch, 1 << 16, hash_, nullptr),
            CMK_STATUS_NULL_POINTER);
  picture_.image.data = nullptr;
  EXPECT_EQ(cmk_fingerprint_pdq_scratch_size(&picture_.image, &size), CMK_STATUS_OK);
  EXPECT_EQ(Pdq(), CMK_STATUS_NULL_POINTER);
}

TEST_F(FingerprintTest, RefusesOtherStructSize) {
  picture_.image.struct_size -= 1;
  EXPECT_EQ(Pdq(), CMK_STATUS_STRUCT_SIZE);
}

TEST_F(FingerprintTest, RefusesUnknownFormat) {
  picture_.image.format = CMK_FORMAT_P010 + 1;
  EXPECT_EQ(Pdq(), CMK_STATUS_UNKNOWN_FORMAT);
}

TEST_F(FingerprintTest, RefusesSidesBeyondTheLimits) {
  picture_.image.height = 0;
  EXPECT_EQ(Pdq(), CMK_STATUS_IMAGE_TOO_SMALL);
  picture_.image.height = CMK_PDQ_SIDE_MIN - 1;
  EXPECT_EQ(Pdq(), CMK_STATUS_IMAGE_TOO_SMALL);
  picture_.image.height = CMK_SIDE_MAX + 1;
  EXPECT_EQ(Pdq(), CMK_STATUS_IMAGE_TOO_LARGE);
}

TEST_F(FingerprintTest, RefusesShortAndEndlessStrides) {
  picture_.image.stride_bytes = 64 * 3 - 1;
  EXPECT_EQ(Pdq(), CMK_STATUS_BAD_STRIDE);
  picture_.image.stride_bytes = 0;
  EXPECT_EQ(Pdq(), CMK_STATUS_BAD_STRIDE);
  picture_.image.stride_bytes = std::numeric_limits<ptrdiff_t>::max() / 4;
  EXPECT_EQ(Pdq(), CMK_STATUS_BAD_STRIDE);
  picture_.image.stride_bytes = std::numeric_limits<ptrdiff_t>::min();
  EXPECT_EQ(Pdq(), CMK_STATUS_BAD_STRIDE);
}

TEST_F(FingerprintTest, RefusesOddAddressesOfSixteenBitSamples) {
  OwnedImage wide(32, 16, CMK_FORMAT_GRAY16, 2);
  wide.image.height = 8;
  picture_.image = wide.image;
  EXPECT_EQ(Pdq(), CMK_STATUS_OK);
  picture_.image.stride_bytes += 1;
  EXPECT_EQ(Pdq(), CMK_STATUS_MISALIGNED);
  picture_.image = wide.image;
  picture_.image.data = wide.memory.data() + 1;
  EXPECT_EQ(Pdq(), CMK_STATUS_MISALIGNED);
}

TEST_F(FingerprintTest, RefusesScratchThatIsTooSmallOrInThePicture) {
  size_t size = 0;
  ASSERT_EQ(cmk_fingerprint_pdq_scratch_size(&picture_.image, &size), CMK_STATUS_OK);
  EXPECT_EQ(cmk_fingerprint_pdq(&picture_.image, scratch_.data(), size, hash_, &quality_),
            CMK_STATUS_OK);
  EXPECT_EQ(cmk_fingerprint_pdq(&picture_.image, scratch_.data(), size - 1, hash_, &quality_),
            CMK_STATUS_SCRATCH_TOO_SMALL);
  EXPECT_EQ(
      cmk_fingerprint_pdq(&picture_.image, picture_.memory.data() + 5, size, hash_, &quality_),
      CMK_STATUS_OVERLAP);
}

TEST_F(FingerprintTest, WritesNothingWhenItFails) {
  picture_.image.format = 77;
  hash_[0] = 0x5A;
  EXPECT_NE(Pdq(), CMK_STATUS_OK);
  EXPECT_EQ(hash_[0], 0x5A);
  EXPECT_EQ(quality_, -1);
}

TEST(HeaderTest, FunctionsGiveTheMacros) {
  EXPECT_EQ(cmk_abi_version(), uint32_t{CMK_ABI_VERSION});
  EXPECT_EQ(cmk_side_min(), uint32_t{CMK_SIDE_MIN});
  EXPECT_EQ(cmk_side_max(), uint32_t{CMK_SIDE_MAX});
  EXPECT_EQ(cmk_pdq_bytes(), size_t{CMK_PDQ_BYTES});
  EXPECT_EQ(cmk_pdq_dihedral_count(), size_t{CMK_PDQ_DIHEDRAL_COUNT});
  EXPECT_EQ(cmk_pdq_side_min(), uint32_t{CMK_PDQ_SIDE_MIN});
  EXPECT_EQ(cmk_pdq_quality_max(), CMK_PDQ_QUALITY_MAX);
  EXPECT_EQ(cmk_hamming_count_max(), size_t{CMK_HAMMING_COUNT_MAX});
  EXPECT_EQ(cmk_hamming_stamp_bytes(), size_t{CMK_HAMMING_STAMP_BYTES});
  EXPECT_EQ(cmk_hamming_radius_max(), uint32_t{CMK_HAMMING_RADIUS_MAX});
}

TEST(HeaderTest, EveryStatusHasItsOwnText) {
  for (int a = CMK_STATUS_OK; a <= CMK_STATUS_DAMAGED_INDEX; ++a) {
    for (int b = a + 1; b <= CMK_STATUS_DAMAGED_INDEX + 1; ++b) {
      EXPECT_STRNE(cmk_status_string(static_cast<cmk_status>(a)),
                   cmk_status_string(static_cast<cmk_status>(b)));
    }
  }
}

}  // namespace
}  // namespace countermark
