#include "code/message.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "base/generator.h"
#include "code/crc32.h"

namespace countermark {
namespace {

class MessageTest : public testing::Test {
 protected:
  MessageTest() {
    Arena counting;
    MessageDecoder decoder(counting);
    memory_.resize(counting.SizeNeeded());
  }

  // Sends the payload over a channel with this noise; the signal's deviation is 1.
  bool Decodes(uint64_t payload, double noise, uint32_t seed, size_t candidates = 1) {
    Arena arena(memory_.data(), memory_.size());
    MessageDecoder decoder(arena);
    Generator generator({9}, seed);
    float soft[kCodedBits];
    const Word sent{payload, static_cast<uint8_t>(payload % 16)};
    const auto coded = EncodeMessage(sent);
    for (size_t i = 0; i < kCodedBits; ++i) {
      double sum = -6;  // twelve uniform numbers make a normal one
      for (int n = 0; n < 12; ++n) sum += generator.Next() / 4294967296.0;
      soft[i] = static_cast<float>((coded[i] != 0 ? -1 : 1) + noise * sum);
    }
    Word read{};
    return decoder.Decode(soft, candidates, &read) && read.payload == sent.payload &&
           read.variant == sent.variant;
  }

  std::vector<uint8_t> memory_;
};

TEST(Crc32Test, GivesTheCatalogueCheckValue) {
  const uint8_t digits[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  EXPECT_EQ(Crc32(digits, sizeof(digits)), 0xCBF43926u);
}

TEST_F(MessageTest, ReadsEveryKindOfPayloadWithoutNoise) {
  for (uint64_t payload :
       {uint64_t{0}, uint64_t{1}, ~uint64_t{0}, uint64_t{1} << 63, uint64_t{0x0123456789abcdef}}) {
    EXPECT_TRUE(Decodes(payload, 0, 0)) << payload;
  }
}

// Rate 1/4: at a noise of 1.2, a hard decision is wrong in one bit of five.
TEST_F(MessageTest, VariantsAreEncodedAsOneByOne) {
  for (uint64_t payload : {uint64_t{0}, ~uint64_t{0}, uint64_t{0x0123456789abcdef}}) {
    std::array<CodedBits, 16> coded;
    EncodeVariants(payload, &coded);
    for (uint8_t variant = 0; variant < 16; ++variant) {
      EXPECT_EQ(coded[variant], EncodeMessage({payload, variant})) << int{variant};
    }
  }
}

TEST_F(MessageTest, ReadsThroughNoise) {
  int read = 0;
  for (uint32_t seed = 0; seed < 50; ++seed) read += Decodes(0xfeedface00000000 + seed, 1.2, seed);
  EXPECT_GE(read, 49);
}

TEST_F(MessageTest, ListReadsWhereTheBestPathIsWrong) {
  int best = 0, list = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    best += Decodes(0xfeedface00000000 + seed, 1.75, seed);
    list += Decodes(0xfeedface00000000 + seed, 1.75, seed, MessageDecoder::kMostCandidates);
  }
  EXPECT_GT(best, 3);
  EXPECT_GT(list, best + 4);
}

TEST_F(MessageTest, ReadsNothingFromNoise) {
  Arena arena(memory_.data(), memory_.size());
  MessageDecoder decoder(arena);
  Generator generator({3}, 0);
  for (int trial = 0; trial < 300; ++trial) {
    float soft[kCodedBits];
    for (float& value : soft) value = static_cast<float>(generator.Next()) - 2147483648.0f;
    Word read{};
    EXPECT_FALSE(decoder.Decode(soft, 1 + trial % 40, &read));
  }
}

TEST_F(MessageTest, NeighbouringWordsDifferInManyCodedBits) {
  const auto a = EncodeMessage({0, 0});
  for (const Word& other : {Word{1, 0}, Word{0, 1}}) {
    const auto b = EncodeMessage(other);
    int different = 0;
    for (size_t i = 0; i < kCodedBits; ++i) different += a[i] != b[i];
    EXPECT_GT(different, 60);
  }
}

}  // namespace
}  // namespace countermark
