#include "text/detect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

#include "code/crc32.h"
#include "kernels/targets.h"
#include "kernels/text_draws_reference.h"
#include "text/texts.h"
#include "vectors.h"

namespace countermark {
namespace {

constexpr uint32_t kMessage = TextMessage(0xBEEF, 9);
constexpr size_t kVocabulary = 128256;

TextReading Read(const std::vector<uint32_t>& text, const Key& key = kDefaultKey) {
  std::vector<uint8_t> memory(TextScratchSize(text.size()));
  Arena arena(memory.data(), memory.size());
  return ReadText(key, text.data(), text.size(), arena);
}

TEST(TextDetectTest, ReadsWhatWasMarked) {
  const TextReading reading = Read(MarkedText(100, kDefaultKey, kMessage));
  EXPECT_EQ(reading.payload, 0xBEEFu);
  EXPECT_EQ(reading.variant, 9u);
  EXPECT_EQ(reading.tokens_used, 97u);
  EXPECT_LT(reading.false_positive_rate, 1e-20);
}

TEST(TextDetectTest, SaysNothingWithAnotherKey) {
  Key other = kDefaultKey;
  other[0] ^= 1;
  EXPECT_GT(Read(MarkedText(100, kDefaultKey, kMessage), other).false_positive_rate, 0.01);
}

TEST(TextDetectTest, ReadsPartsThatBeginAnywhereAndHaveGaps) {
  std::vector<uint32_t> text = MarkedText(300, kDefaultKey, kMessage);
  text.erase(text.begin(), text.begin() + 37);
  for (size_t at = 250; at > 10; at -= 15) {
    text.erase(text.begin() + at);
    text[at - 5] = 1;
  }
  const TextReading reading = Read(text);
  EXPECT_EQ(TextMessage(reading.payload, reading.variant), kMessage);
  EXPECT_LT(reading.false_positive_rate, 1e-6);
}

TEST(TextDetectTest, CountsARepeatedContextOnce) {
  const std::vector<uint32_t> text = MarkedText(60, kDefaultKey, kMessage);
  std::vector<uint32_t> many;
  for (int i = 0; i < 20; ++i) many.insert(many.end(), text.begin(), text.end());
  const TextReading once = Read(text), often = Read(many);
  // And the three across the seam.
  EXPECT_EQ(often.tokens_used, once.tokens_used + 3);
  EXPECT_GT(often.false_positive_rate, once.false_positive_rate);
}

TEST(TextDetectTest, TakesTheFirstTokenAfterARepeatedContext) {
  std::vector<uint32_t> text = MarkedText(60, kDefaultKey, kMessage);
  const TextReading before = Read(text);
  const std::vector<uint32_t> again(text.begin() + 20, text.begin() + 23);
  text.insert(text.end(), again.begin(), again.end());
  text.push_back(5);
  const TextReading after = Read(text);
  EXPECT_EQ(after.tokens_used, before.tokens_used + 3);
  EXPECT_EQ(TextMessage(after.payload, after.variant), kMessage);
}

TEST(TextDetectTest, SaysNothingOfTooFewTokens) {
  for (size_t count = 0; count <= kTextContext; ++count) {
    const TextReading reading = Read(std::vector<uint32_t>(count, 1));
    EXPECT_EQ(reading.tokens_used, 0u);
    EXPECT_EQ(reading.payload, 0u);
    EXPECT_EQ(reading.false_positive_rate, 1.0);
  }
}

TEST(TextDetectTest, LooksAtTheFirstContextsOfALongText) {
  EXPECT_EQ(TextScratchSize(kTextTokensMax + kTextContext), TextScratchSize(SIZE_MAX));
}

// What a draw that scores at least as much is, counted: the bound of one token is no less.
TEST(TextChanceTest, BoundsEverySingleScore) {
  double exact = 0;
  for (uint32_t score = 24 * 256; score > 0; --score) {
    // Of the odd numbers under 2^24 those under this one score at least as much.
    const uint32_t above = reference::kTextLogarithmMax - score + 1;
    const double limit = std::ldexp(1 + above % 256 / 256.0, static_cast<int>(above / 256) - 127);
    exact = std::ceil((limit - 1) / 2) / (1 << 23);
    ASSERT_GE(TextChance(score, 1), exact) << score;
  }
  EXPECT_EQ(exact, 1.0);
}

TEST(TextChanceTest, BoundsSumsAndIsNotFarAway) {
  constexpr int kTexts = 50000, kTokens = 40;
  Noise noise(11);
  std::vector<double> chances(kTexts);
  for (double& chance : chances) {
    uint32_t score = 0;
    for (int i = 0; i < kTokens; ++i) {
      score += reference::kTextLogarithmMax - reference::TextLogarithm(noise.Next());
    }
    chance = TextChance(score, kTokens);
  }
  for (const double level : {0.5, 0.1, 0.01}) {
    const auto count = std::count_if(chances.begin(), chances.end(),
                                     [&](double chance) { return chance <= level; });
    EXPECT_LE(count, level * kTexts) << level;
    EXPECT_GE(count, level * kTexts / 20) << level;
  }
}

// tests/vectors/text.txt; what is said is the same on every target, to the bit.
TEST(TextVectorTest, IsTheSameEverywhere) {
  std::ifstream file = OpenVectors("text.txt");
  size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    uint32_t first = 0, payload = 0, variant = 0, crc = 0, text_crc = 0, read = 0, used = 0;
    size_t count = 0;
    TextSeed seed;
    double rate = 0;
    fields >> std::hex >> first >> payload >> variant;
    for (uint32_t& word : seed) fields >> word;
    fields >> crc >> std::dec >> count >> std::hex >> text_crc >> read >> std::dec >> used >> rate;
    ASSERT_FALSE(fields.fail()) << line;
    Key key = kDefaultKey;
    key[0] = static_cast<uint8_t>(first);
    const uint32_t message = TextMessage(payload, variant);
    const uint32_t context[kTextContext] = {1, 128255, UINT32_MAX};
    EXPECT_EQ(SeedOfContext(key, context, message), seed) << line;
    const std::vector<uint32_t> text = MarkedText(count, key, message);
    const auto crc_of = [](const std::vector<uint32_t>& words) {
      std::vector<uint8_t> bytes;
      for (const uint32_t word : words) {
        for (int shift = 0; shift < 32; shift += 8) bytes.push_back(uint8_t(word >> shift));
      }
      return Crc32(bytes.data(), bytes.size());
    };
    EXPECT_EQ(crc_of(text), text_crc) << line;
    ForEachTarget([&] {
      std::vector<uint32_t> draws(kVocabulary);
      TextDraws(seed.data(), 0, draws.size(), draws.data());
      EXPECT_EQ(crc_of(draws), crc) << line;
      const TextReading reading = Read(text, key);
      EXPECT_EQ(TextMessage(reading.payload, reading.variant), read) << line;
      EXPECT_EQ(reading.tokens_used, used) << line;
      EXPECT_NEAR(reading.false_positive_rate / rate, 1, 1e-6) << line;
    });
    ++vectors;
  }
  EXPECT_EQ(vectors, 4u);
}

}  // namespace
}  // namespace countermark
