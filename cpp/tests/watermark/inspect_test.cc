#include "watermark/inspect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "watermark/pictures.h"

namespace countermark {
namespace {

constexpr uint64_t kPayload = 0x0123456789abcdef;

struct Seen {
  bool is_read;
  Detection detection{};
  Inspection inspection{};

  float MeanScore(double left, double right) const {
    float sum = 0, count = 0;
    for (size_t i = 0; i < inspection.tile_count; ++i) {
      const InspectedTile& tile = inspection.tiles[i];
      if (tile.x < left || tile.x > right) continue;
      sum += tile.score;
      ++count;
    }
    return sum / count;
  }
  size_t WrongBits() const {
    const auto& margins = inspection.bit_margins;
    return static_cast<size_t>(
        std::count_if(margins.begin(), margins.end(), [](float margin) { return margin < 0; }));
  }
};

// With scratch memory of exactly the size asked for.
Seen Look(const Picture& picture, Effort effort) {
  std::vector<uint8_t> scratch(InspectScratchSize(picture.width(), picture.height(), effort));
  Arena arena(scratch.data(), scratch.size());
  Seen seen;
  seen.is_read =
      Inspect(picture.view(), kDefaultKey, effort, arena, &seen.detection, &seen.inspection);
  return seen;
}

Picture Photograph(uint8_t seed = 1) { return Picture::Noise(640, 480, PixelFormat::kRgb8, seed); }

TEST(InspectTest, TellsWhatDetectTells) {
  const Picture marked = Marked(Photograph(), kPayload);
  Detection expected;
  ASSERT_TRUE(Read(marked, Effort::kFull, &expected));
  const Seen seen = Look(marked, Effort::kFull);
  ASSERT_TRUE(seen.is_read);
  EXPECT_EQ(seen.detection.word.payload, expected.word.payload);
  EXPECT_EQ(seen.detection.score, expected.score);
  EXPECT_EQ(seen.detection.false_positive_rate, expected.false_positive_rate);
  EXPECT_EQ(seen.detection.geometry, expected.geometry);
  EXPECT_EQ(seen.inspection.geometry, expected.geometry);
}

TEST(InspectTest, BitsOfAGoodCopySpeakForTheMessage) {
  const Seen seen = Look(Marked(Photograph(), kPayload), Effort::kAligned);
  ASSERT_TRUE(seen.is_read);
  EXPECT_LT(seen.WrongBits(), kCodedBits / 20);
  EXPECT_GT(seen.detection.likeness, 15);
  float squares = 0;
  for (const float margin : seen.inspection.bit_margins) squares += margin * margin;
  EXPECT_NEAR(squares / kCodedBits, 1, 1e-3);
}

TEST(InspectTest, TilesShowWhereTheMarkIs) {
  // The right half shows another picture, unmarked.
  Picture other = Photograph(7);
  Picture half = Marked(Photograph(), kPayload);
  for (size_t y = 0; y < 480; ++y) std::copy_n(other.Pixel(320, y), 320 * 3, half.Pixel(320, y));
  const Seen seen = Look(half, Effort::kFull);
  ASSERT_TRUE(seen.is_read);
  EXPECT_GT(seen.MeanScore(20, 260), 2);
  EXPECT_LT(seen.MeanScore(380, 620), 1);
}

TEST(InspectTest, SeesTurnedCroppedMirroredAndInvertedPictures) {
  Picture marked = Marked(Photograph(), kPayload);
  const double c = std::cos(0.1222), s = std::sin(0.1222);
  const Picture turned = marked.Rearranged(480, 360, [&](size_t x, size_t y) {
    const double dx = static_cast<double>(x) - 239.5, dy = static_cast<double>(y) - 179.5;
    return std::pair{static_cast<size_t>(320 + c * dx - s * dy),
                     static_cast<size_t>(240 + s * dx + c * dy)};
  });
  const Picture mirrored =
      marked.Rearranged(480, 640, [](size_t x, size_t y) { return std::pair{639 - y, x}; });
  Picture inverted = marked;
  for (size_t i = 0; i < 640 * 480 * 3; ++i) inverted.Pixel(0, 0)[i] ^= 0xFF;
  for (const Picture* picture :
       std::initializer_list<const Picture*>{&turned, &mirrored, &inverted}) {
    if (kSlowMachine && picture != &turned) continue;
    const Seen seen = Look(*picture, Effort::kFull);
    ASSERT_TRUE(seen.is_read);
    EXPECT_EQ(seen.detection.word.payload, kPayload);
    EXPECT_LT(seen.WrongBits(), kCodedBits / 4);
    EXPECT_GT(seen.MeanScore(0, 640), 2);
  }
}

TEST(InspectTest, UnmarkedPictureHasAScoreTilesAndNoMargins) {
  for (const Effort effort : {Effort::kAligned, Effort::kFull}) {
    if (kSlowMachine && effort == Effort::kFull) continue;
    const Seen seen = Look(Photograph(), effort);
    ASSERT_FALSE(seen.is_read);
    EXPECT_GT(seen.detection.score, 3);
    EXPECT_LT(seen.detection.score, 6.5f);
    EXPECT_EQ(seen.inspection.bit_margins, (std::array<float, kCodedBits>{}));
    EXPECT_EQ(seen.inspection.tile_count, size_t{8 * 6});
    EXPECT_LT(seen.MeanScore(0, 640), 2);
    // The centre of the picture is the origin of the mark.
    const auto& g = seen.inspection.geometry;
    EXPECT_NEAR(g[0] * 320 + g[1] * 240 + g[2], 0, 1e-9);
    EXPECT_NEAR(g[3] * 320 + g[4] * 240 + g[5], 0, 1e-9);
  }
}

TEST(InspectTest, ExactScratchIsEnoughForAnyShape) {
  for (const auto& [width, height] : {std::pair<size_t, size_t>{128, 128},
                                      {128, kSlowMachine ? 700 : 3000},
                                      {2500, 130},
                                      {1100, 1000}}) {
    if (kSlowMachine && width > 128) continue;
    Look(Picture::Noise(width, height, PixelFormat::kGray8, 3), Effort::kFull);
  }
  EXPECT_LE(InspectScratchSize(65535, 65535, Effort::kAligned), size_t{16} << 20);
  EXPECT_LE(InspectScratchSize(65535, 65535, Effort::kFull), size_t{64} << 20);
}

}  // namespace
}  // namespace countermark
