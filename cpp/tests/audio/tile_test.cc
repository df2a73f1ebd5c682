#include "audio/tile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <set>
#include <vector>

#include "audio/tile_transform.h"

namespace countermark::audio {
namespace {

TEST(TileTest, EachLineIsEitherPilotOrPayload) {
  const Layout layout(kDefaultKey, 3);
  std::set<uint16_t> lines(layout.pilot.begin(), layout.pilot.end());
  lines.insert(layout.payload.begin(), layout.payload.end());
  EXPECT_EQ(lines.size(), kLines);
  EXPECT_EQ(*lines.rbegin(), kLines - 1);
}

TEST(TileTest, BitsShareTheBandEvenly) {
  const Layout layout(kDefaultKey, 0);
  std::array<size_t, kCodedBits> count{};
  for (uint16_t bit : layout.bit_of) ++count.at(bit);
  for (size_t c : count) {
    EXPECT_GE(c, kDimensions / kCodedBits);
    EXPECT_LE(c, kDimensions / kCodedBits + 1);
  }
}

TEST(TileTest, VariantsAndKeysHaveLittleInCommon) {
  Key other = kDefaultKey;
  other[5] ^= 1;
  const Layout layout(kDefaultKey, 7);
  for (const Layout& stranger : {Layout(kDefaultKey, 8), Layout(other, 7)}) {
    const std::set<uint16_t> pilot(layout.pilot.begin(), layout.pilot.end());
    size_t common = 0;
    for (uint16_t line : stranger.pilot) common += pilot.count(line);
    EXPECT_LT(common, kPilotLines / 3);
    EXPECT_NE(stranger.bit_of, layout.bit_of);
  }
}

TEST(TileTest, ContentChoosesEveryVariantAndAnyOrigin) {
  std::array<size_t, kVariants> chosen{};
  std::set<size_t> origins;
  for (uint32_t content = 0; content < 1600; ++content) {
    const Choice choice = ChooseTile(kDefaultKey, content);
    ASSERT_LT(choice.origin, kTile);
    ++chosen.at(choice.variant);
    origins.insert(choice.origin);
  }
  for (size_t count : chosen) EXPECT_GT(count, 60u);
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
  MakeSpectrum(Layout(kDefaultKey, 1), Amplitudes({0x0123456789abcdef, 1}).data(), &made);
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

TEST(TileTest, MovedTileBeginsLater) {
  const Transform t;
  Spectrum made;
  MakeSpectrum(Layout(kDefaultKey, 2), Amplitudes({7, 2}).data(), &made);
  std::vector<float> tile(kTile), moved(kTile);
  t.transform->Synthesise(made, tile.data());
  MoveTile(1000, &made);
  t.transform->Synthesise(made, moved.data());
  for (size_t n = 0; n < kTile; ++n) EXPECT_NEAR(moved[(n + 1000) % kTile], tile[n], 1e-5);
  MoveTile(-1000, &made);
  t.transform->Synthesise(made, moved.data());
  for (size_t n = 0; n < kTile; ++n) EXPECT_NEAR(moved[n], tile[n], 1e-5);
}

}  // namespace
}  // namespace countermark::audio
