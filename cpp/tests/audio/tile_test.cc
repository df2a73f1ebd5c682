#include "audio/tile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <set>
#include <vector>

#include "audio/sign_word.h"
#include "audio/tile_transform.h"

namespace countermark::audio {
namespace {

TEST(TileTest, EachLineIsEitherPilotOrPayload) {
  const Layout layout(kDefaultKey);
  std::set<uint16_t> lines(layout.pilot.begin(), layout.pilot.end());
  lines.insert(layout.payload.begin(), layout.payload.end());
  EXPECT_EQ(lines.size(), kLines);
  EXPECT_EQ(*lines.rbegin(), kLines - 1);
}

TEST(TileTest, BitsShareTheBandEvenly) {
  const Layout layout(kDefaultKey);
  std::array<size_t, kCodedBits> count{};
  for (uint16_t bit : layout.bit_of) ++count.at(bit);
  for (size_t c : count) {
    EXPECT_GE(c, kDimensions / kCodedBits);
    EXPECT_LE(c, kDimensions / kCodedBits + 1);
  }
}

TEST(TileTest, KeysHaveLittleInCommon) {
  Key other = kDefaultKey;
  other[5] ^= 1;
  const Layout layout(kDefaultKey), stranger(other);
  const std::set<uint16_t> pilot(layout.pilot.begin(), layout.pilot.end());
  size_t common = 0;
  for (uint16_t line : stranger.pilot) common += pilot.count(line);
  EXPECT_LT(common, kPilotLines / 3);
  EXPECT_NE(stranger.bit_of, layout.bit_of);
  EXPECT_NE(stranger.group, layout.group);
}

TEST(TileTest, NeighbouringLinesAreOfAllGroups) {
  const Layout layout(kDefaultKey);
  for (size_t begin = 0; begin + kGroups <= kLines; begin += kGroups) {
    const std::set<uint8_t> groups(&layout.group[begin], &layout.group[begin] + kGroups);
    EXPECT_EQ(groups.size(), kGroups);
    EXPECT_EQ(*groups.rbegin(), kGroups - 1);
  }
}

TEST(TileTest, AWordTurnsPilotAndPayloadOfItsGroups) {
  const Layout layout(kDefaultKey), turned = layout.With(0x5a3c);
  Spectrum before, after;
  const auto amplitudes = Amplitudes({42, 12});
  MakeSpectrum(layout, amplitudes.data(), &before);
  MakeSpectrum(turned, amplitudes.data(), &after);
  const uint32_t signs = SignsOf(0x5a3c);
  for (size_t i = 0; i < kLines; ++i) {
    const float sign = (signs >> layout.group[i] & 1) != 0 ? -1.0f : 1.0f;
    ASSERT_EQ(after.re[i], sign * before.re[i]);
    ASSERT_EQ(after.im[i], sign * before.im[i]);
  }
}

TEST(SignWordTest, IsAQuadraticFormInTheBitsOfTheGroup) {
  for (uint16_t word : {0x0001, 0x0010, 0x0020, 0x0040, 0x4000, 0x7fff, 0x1234}) {
    for (unsigned g = 0; g < kGroups; ++g) {
      unsigned sum = 0, next = 0;
      const auto add = [&](unsigned value) { sum += (word >> next++ & 1u) * value; };
      const auto bit = [&](unsigned i) { return g >> i & 1; };
      for (unsigned i = 0; i < 5; ++i) add(bit(i));
      for (unsigned i = 1; i < 5; ++i) {
        for (unsigned j = 0; j < i; ++j) add(bit(i) & bit(j));
      }
      ASSERT_EQ(SignsOf(word) >> g & 1, sum % 2) << word << " in " << g;
    }
  }
}

TEST(SignWordTest, WordsAreFarFromEachOtherAndFromTheirNegatives) {
  for (unsigned word = 1; word < kSignWords; ++word) {
    const int distance = std::popcount(SignsOf(uint16_t(word)));
    ASSERT_GE(distance, 8) << word;
    ASSERT_LE(distance, 24) << word;
  }
}

// The search by transforms gives what the definition gives.
TEST(SignWordTest, FindsTheBestOfAllWords) {
  uint32_t state = 1;
  const auto random = [&] {
    state = state * 1664525 + 1013904223;
    return float(int32_t(state)) / 2147483648.0f;
  };
  for (int round = 0; round < 4; ++round) {
    Complex groups[kGroups];
    for (Complex& group : groups) group = {random(), random()};
    const auto power_of = [&](uint16_t word) {
      Complex sum{0, 0};
      for (size_t g = 0; g < kGroups; ++g) {
        const float sign = (SignsOf(word) >> g & 1) != 0 ? -1.0f : 1.0f;
        sum.re += sign * groups[g].re;
        sum.im += sign * groups[g].im;
      }
      return sum.Power();
    };
    float highest = 0;
    for (unsigned word = 0; word < kSignWords; ++word) {
      highest = std::max(highest, power_of(uint16_t(word)));
    }
    EXPECT_NEAR(power_of(FindWord(groups)), highest, 1e-4f * highest);
  }
}

TEST(SignWordTest, FindsEachWordThroughNoise) {
  for (unsigned word = 0; word < kSignWords; word += 37) {
    Complex groups[kGroups];
    for (size_t g = 0; g < kGroups; ++g) {
      const float sign = (SignsOf(uint16_t(word)) >> g & 1) != 0 ? -1.0f : 1.0f;
      groups[g] = {0.6f * sign, -0.8f * sign + (g % 3 == 0 ? 0.5f : 0.0f)};
    }
    ASSERT_EQ(FindWord(groups), word);
  }
}

TEST(TileTest, ContentChoosesAnyWordAndOrigin) {
  std::set<size_t> words, origins;
  for (uint32_t content = 0; content < 1600; ++content) {
    const Choice choice = ChooseTile(kDefaultKey, content);
    ASSERT_LT(choice.word, kSignWords);
    ASSERT_LT(choice.origin, kTile);
    words.insert(choice.word);
    origins.insert(choice.origin);
  }
  EXPECT_GT(words.size(), 1500u);
  EXPECT_GT(origins.size(), 1400u);
}

struct Transform {
  Transform() {
    Arena counting;
    const TileTransform counted(counting);
    memory.resize(counting.SizeNeeded());
    Arena arena(memory.data(), memory.size());
    transform = std::make_unique<TileTransform>(arena);
  }
  std::vector<uint8_t> memory;
  std::unique_ptr<TileTransform> transform;
};

TEST(TileTest, TransformFindsWhatItMade) {
  const Transform t;
  Spectrum made, found;
  MakeSpectrum(Layout(kDefaultKey), Amplitudes({0x0123456789abcdef, 1}).data(), &made);
  std::vector<float> tile(kTile);
  t.transform->Synthesise(made, tile.data());
  double power = 0;
  for (float v : tile) power += double{v} * v;
  EXPECT_NEAR(power / kTile, 2.0 * kLines / kTile, 1e-3);
  t.transform->Analyse(tile.data(), &found);
  const float scale = std::sqrt(float{kTile});
  for (size_t i = 0; i < kLines; ++i) {
    EXPECT_NEAR(found.re[i], scale * made.re[i], 2e-3);
    EXPECT_NEAR(found.im[i], scale * made.im[i], 2e-3);
  }
}

TEST(TileTest, SingleLineIsACosine) {
  const Transform t;
  Spectrum made{};
  made.re[700] = 1;
  std::vector<float> tile(kTile);
  t.transform->Synthesise(made, tile.data());
  for (size_t n = 0; n < kTile; n += 37) {
    const double angle = 2 * 3.14159265358979 * double(kFirstLine + 700) * double(n) / kTile;
    EXPECT_NEAR(tile[n], 2 / std::sqrt(double{kTile}) * std::cos(angle), 1e-6);
  }
}

}  // namespace
}  // namespace countermark::audio
