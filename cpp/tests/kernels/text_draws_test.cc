#include "kernels/text_draws.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/targets.h"
#include "kernels/text_draws_reference.h"

namespace countermark {
namespace {

std::vector<TextToken> Tokens(size_t count) {
  Noise noise(7);
  std::vector<TextToken> tokens(count);
  for (TextToken& token : tokens) token = {noise.Next(), noise.Next() | 1};
  return tokens;
}

TEST(TextDrawsTest, EqualsTwinOnEveryTarget) {
  const std::vector<std::vector<uint32_t>> seeds = {
      {0, 1, 0, 1}, {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}, {5, 77, 9, 0x12345679}};
  ForEachTarget([&] {
    for (const std::vector<uint32_t>& seed : seeds) {
      for (const uint32_t first : {0u, 3u, UINT32_MAX - 20}) {
        for (size_t count = 0; count < kSizes; ++count) {
          std::vector<uint32_t> actual(count + 1, 999), expected = actual;
          TextDraws(seed.data(), first, count, actual.data());
          reference::TextDraws(seed.data(), first, count, expected.data());
          ASSERT_EQ(actual, expected) << "count " << count << ", first " << first;
        }
      }
    }
  });
}

TEST(BestTextMessageTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      const std::vector<TextToken> tokens = Tokens(count);
      for (const uint32_t messages : {64u, 128u, 1024u}) {
        const BestText actual = BestTextMessage(tokens.data(), count, messages);
        const BestText expected = reference::BestTextMessage(tokens.data(), count, messages);
        ASSERT_EQ(actual.message, expected.message) << "count " << count;
        ASSERT_EQ(actual.score, expected.score) << "count " << count;
      }
    }
  });
}

// A multiplier of 0 draws 0 for all messages, which no multiplier that is odd does.
TEST(BestTextMessageTest, TakesTheFirstOfEqualMessages) {
  const std::vector<TextToken> tokens(3, TextToken{1, 0});
  ForEachTarget([&] {
    const BestText best = BestTextMessage(tokens.data(), tokens.size(), 256);
    EXPECT_EQ(best.message, 0u);
    EXPECT_EQ(best.score, 3u * 24 * 256);
  });
}

TEST(TextLogarithmTest, FallsFromAllBitsToNone) {
  EXPECT_EQ(reference::TextLogarithm(UINT32_MAX), reference::kTextLogarithmMax - 1);
  EXPECT_EQ(reference::TextLogarithm(0), reference::kTextLogarithmMax - 24 * 256);
  EXPECT_EQ(reference::TextLogarithm(1u << 31), reference::kTextLogarithmMax - 256);
}

}  // namespace
}  // namespace countermark
