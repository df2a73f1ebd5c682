#include <gtest/gtest.h>

#include <array>

#include "code/message.h"
#include "countermark/countermark.h"
#include "watermark/layout.h"

namespace countermark {
namespace {

using Components = std::array<cmk_component, 2 * CMK_BAND_COEFFICIENTS>;
using Words = std::array<cmk_word, CMK_VARIANTS>;

constexpr Key kOtherKey = {'o', 'n', 'l', 'y', ' ', 'f', 'o', 'r',
                           ' ', 'f', 'r', 'i', 'e', 'n', 'd', 's'};

// The pattern of a word, put together from what the C functions say, has the signs of
// MakePattern's.
void ExpectPattern(const Key& key, const Word& word) {
  Components components;
  Words words;
  ASSERT_EQ(cmk_watermark_layout(key.data(), components.data()), CMK_STATUS_OK);
  ASSERT_EQ(cmk_watermark_words(word.payload, key.data(), words.data()), CMK_STATUS_OK);
  Spectrum pattern;
  MakePattern(Layout(key), word, kTile, kTile, &pattern);
  const auto sign = [&](size_t component) {
    const cmk_component& its = components[component];
    const bool is_pilot = its.bit == CMK_CODED_BITS;
    return !is_pilot && words[word.variant].coded[its.bit] != 0 ? -its.sign : +its.sign;
  };
  for (size_t i = 0; i < kBandSize; ++i) {
    EXPECT_GT(pattern.re[i] * static_cast<float>(sign(2 * i)), 0) << i;
    EXPECT_GT(pattern.im[i] * static_cast<float>(sign(2 * i + 1)), 0) << i;
  }
}

TEST(PatternTest, IsThatOfTheEmbedder) {
  ExpectPattern(kDefaultKey, {0x0123456789abcdef, 5});
  ExpectPattern(kDefaultKey, {~uint64_t{0}, 15});
  ExpectPattern(kOtherKey, {77, 0});
}

TEST(PatternTest, SaysWhereTheTileBegins) {
  Words words;
  for (const Key& key : {kDefaultKey, kOtherKey}) {
    ASSERT_EQ(cmk_watermark_words(2026, key.data(), words.data()), CMK_STATUS_OK);
    for (uint8_t variant = 0; variant < CMK_VARIANTS; ++variant) {
      const Origin origin = Layout(key).OriginOf({2026, variant});
      EXPECT_EQ(words[variant].origin_x, origin.x);
      EXPECT_EQ(words[variant].origin_y, origin.y);
    }
  }
}

TEST(PatternTest, RefusesNullPointers) {
  Components components;
  Words words;
  EXPECT_EQ(cmk_watermark_layout(nullptr, components.data()), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_layout(cmk_default_key(), nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_words(5, nullptr, words.data()), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_watermark_words(5, cmk_default_key(), nullptr), CMK_STATUS_NULL_POINTER);
}

}  // namespace
}  // namespace countermark
