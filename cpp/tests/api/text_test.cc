#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "countermark/countermark.h"
#include "text/texts.h"

namespace countermark {
namespace {

class TextTest : public ::testing::Test {
 protected:
  TextTest() : text_(MarkedText(80, kDefaultKey, TextMessage(2026, 3))) {
    size_t size = 0;
    EXPECT_EQ(cmk_text_detect_scratch_size(text_.size(), &size), CMK_STATUS_OK);
    scratch_.resize(size);
    found_.struct_size = sizeof(found_);
  }

  cmk_status Detect(const uint32_t* tokens, const uint8_t* key) {
    return cmk_text_detect(tokens, text_.size(), key, scratch_.data(), scratch_.size(), &found_);
  }
  cmk_status Detect() { return Detect(text_.data(), cmk_default_key()); }

  std::vector<uint32_t> text_;
  std::vector<uint8_t> scratch_;
  cmk_text_detection found_ = {};
};

TEST_F(TextTest, ReadsWhatItsSeedsMarked) {
  ASSERT_EQ(Detect(), CMK_STATUS_OK);
  EXPECT_EQ(found_.payload, 2026u);
  EXPECT_EQ(found_.variant, 3u);
  EXPECT_EQ(found_.tokens_used, text_.size() - CMK_TEXT_CONTEXT);
  EXPECT_LT(found_.false_positive_rate, 1e-20);
}

TEST_F(TextTest, ReadsNoTokens) {
  ASSERT_EQ(
      cmk_text_detect(nullptr, 0, cmk_default_key(), scratch_.data(), scratch_.size(), &found_),
      CMK_STATUS_OK);
  EXPECT_EQ(found_.tokens_used, 0u);
  EXPECT_EQ(found_.false_positive_rate, 1.0);
}

TEST_F(TextTest, SeedsDifferByEachArgument) {
  const uint32_t context[] = {1, 2, 3}, other[] = {1, 2, 4};
  const uint8_t key[CMK_KEY_BYTES] = {1};
  uint32_t seeds[5][CMK_TEXT_SEED_WORDS];
  ASSERT_EQ(cmk_text_seed(cmk_default_key(), context, 7, 1, seeds[0]), CMK_STATUS_OK);
  ASSERT_EQ(cmk_text_seed(cmk_default_key(), other, 7, 1, seeds[1]), CMK_STATUS_OK);
  ASSERT_EQ(cmk_text_seed(cmk_default_key(), context, 8, 1, seeds[2]), CMK_STATUS_OK);
  ASSERT_EQ(cmk_text_seed(cmk_default_key(), context, 7, 2, seeds[3]), CMK_STATUS_OK);
  ASSERT_EQ(cmk_text_seed(key, context, 7, 1, seeds[4]), CMK_STATUS_OK);
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < i; ++j) EXPECT_NE(0, std::memcmp(seeds[i], seeds[j], sizeof(seeds[i])));
  }
}

TEST_F(TextTest, OnlyTheLowerFourBitsOfAVariantCount) {
  const uint32_t context[] = {1, 2, 3};
  uint32_t seed[CMK_TEXT_SEED_WORDS], same[CMK_TEXT_SEED_WORDS];
  ASSERT_EQ(cmk_text_seed(cmk_default_key(), context, 7, 0x05, seed), CMK_STATUS_OK);
  ASSERT_EQ(cmk_text_seed(cmk_default_key(), context, 7, 0xF5, same), CMK_STATUS_OK);
  EXPECT_EQ(0, std::memcmp(seed, same, sizeof(seed)));
}

TEST_F(TextTest, RefusesNullPointers) {
  const uint32_t context[] = {1, 2, 3};
  uint32_t seed[CMK_TEXT_SEED_WORDS] = {};
  EXPECT_EQ(cmk_text_seed(nullptr, context, 7, 1, seed), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_text_seed(cmk_default_key(), nullptr, 7, 1, seed), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_text_seed(cmk_default_key(), context, 7, 1, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_text_draws(nullptr, 1, seed), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_text_draws(seed, 1, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_text_draws(seed, 0, nullptr), CMK_STATUS_OK);
  EXPECT_EQ(cmk_text_detect_scratch_size(1, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(Detect(nullptr, cmk_default_key()), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(Detect(text_.data(), nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_text_detect(text_.data(), text_.size(), cmk_default_key(), nullptr, scratch_.size(),
                            &found_),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_text_detect(text_.data(), text_.size(), cmk_default_key(), scratch_.data(),
                            scratch_.size(), nullptr),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(found_.tokens_used, 0u);
}

TEST_F(TextTest, RefusesOddAddresses) {
  const auto* odd = reinterpret_cast<const uint32_t*>(scratch_.data() + 1);
  uint32_t seed[CMK_TEXT_SEED_WORDS] = {};
  EXPECT_EQ(Detect(odd, cmk_default_key()), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_text_seed(cmk_default_key(), odd, 7, 1, seed), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_text_draws(odd, 1, seed), CMK_STATUS_MISALIGNED);
}

TEST_F(TextTest, RefusesLittleMemoryAndStructsOfOtherVersions) {
  EXPECT_EQ(cmk_text_detect(text_.data(), text_.size(), cmk_default_key(), scratch_.data(),
                            scratch_.size() - 1, &found_),
            CMK_STATUS_SCRATCH_TOO_SMALL);
  found_.struct_size -= 1;
  EXPECT_EQ(Detect(), CMK_STATUS_STRUCT_SIZE);
}

TEST(TextLimitsTest, AreThoseOfTheHeader) {
  EXPECT_EQ(cmk_text_context(), size_t{CMK_TEXT_CONTEXT});
  EXPECT_EQ(cmk_text_seed_words(), size_t{CMK_TEXT_SEED_WORDS});
  EXPECT_EQ(cmk_text_tokens_max(), size_t{CMK_TEXT_TOKENS_MAX});
}

}  // namespace
}  // namespace countermark
