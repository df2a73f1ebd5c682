#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>

#include "code/crc32.h"
#include "kernels/targets.h"
#include "vectors.h"
#include "watermark/pictures.h"

namespace countermark {
namespace {

constexpr uint64_t kPayload = 0x0123456789abcdef;

Picture Photograph() { return Picture::Noise(640, 480, PixelFormat::kRgb8, 1); }

// tests/vectors/watermark.txt: size, format, payload, first byte of the key, strength in
// hundredths, CRC-32 of the marked samples.
TEST(WatermarkVectorTest, SameBitsOnEveryTarget) {
  std::ifstream file = OpenVectors("watermark.txt");
  size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    size_t width = 0, height = 0;
    int format = 0, key = 0, strength = 0;
    uint64_t payload = 0;
    std::string expected;
    fields >> width >> height >> format >> payload >> key >> strength >> expected;
    Key bytes = kDefaultKey;
    bytes[0] = static_cast<uint8_t>(key);
    const Picture picture = Picture::Noise(width, height, static_cast<PixelFormat>(format), 1);
    ForEachTarget([&] {
      const Picture marked = Marked(picture, payload, bytes, static_cast<float>(strength) / 100);
      std::ostringstream actual;
      actual << std::hex << Crc32(marked.samples().data(), marked.samples().size());
      EXPECT_EQ(actual.str(), expected) << line;
    });
    ++vectors;
  }
  EXPECT_GE(vectors, 6u);
}

TEST(MarkTest, ReadsBackInEveryFormat) {
  for (const PixelFormat format : kFormats) {
    SCOPED_TRACE(static_cast<int>(format));
    const Picture picture = Picture::Noise(500, 375, format, 2);
    Detection detection;
    ASSERT_TRUE(Read(Marked(picture, kPayload), Effort::kAligned, &detection));
    EXPECT_EQ(detection.word.payload, kPayload);
    EXPECT_GT(detection.score, 8);
    EXPECT_LT(detection.false_positive_rate, 1e-8);
  }
}

// The same colours in another order of memory: the same mark.
TEST(MarkTest, OrderOfMemoryDoesNotMatter) {
  const size_t width = 300, height = 200, area = width * height;
  const Picture rgb = Picture::Noise(width, height, PixelFormat::kRgb8, 3);
  Picture bgr(width, height, PixelFormat::kBgr8), planar(width, height, PixelFormat::kPlanarRgb8);
  const auto byte = [](Picture& picture, size_t i) { return picture.mutable_view().data + i; };
  for (size_t i = 0; i < area; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      *byte(bgr, 3 * i + 2 - c) = *byte(planar, c * area + i) = rgb.samples()[3 * i + c];
    }
  }
  const Picture marked = Marked(rgb, kPayload);
  const Picture marked_bgr = Marked(bgr, kPayload), marked_planar = Marked(planar, kPayload);
  for (size_t i = 0; i < area; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      ASSERT_EQ(marked_bgr.samples()[3 * i + 2 - c], marked.samples()[3 * i + c]);
      ASSERT_EQ(marked_planar.samples()[c * area + i], marked.samples()[3 * i + c]);
    }
  }
}

TEST(MarkTest, LeavesTheBitsUnderTenZero) {
  const Picture marked = Marked(Picture::Noise(300, 200, PixelFormat::kP010, 3), kPayload);
  for (size_t i = 0; i < marked.samples().size(); i += 2) EXPECT_EQ(marked.samples()[i] & 63, 0);
}

TEST(MarkTest, LeavesAlphaAlone) {
  const Picture picture = Picture::Noise(300, 200, PixelFormat::kRgba8, 3);
  const Picture marked = Marked(picture, kPayload);
  size_t changed = 0;
  for (size_t i = 0; i < picture.samples().size(); ++i) {
    if (i % 4 == 3) {
      ASSERT_EQ(marked.samples()[i], picture.samples()[i]);
    } else {
      changed += marked.samples()[i] != picture.samples()[i];
    }
  }
  EXPECT_GT(changed, picture.samples().size() / 4);
}

TEST(MarkTest, ReadsBackFromTheSmallestAndFromSlivers) {
  for (const auto& [width, height] :
       {std::pair<size_t, size_t>{144, 144}, {128, 900}, {2000, 131}}) {
    Detection detection;
    const Picture picture = Picture::Noise(width, height, PixelFormat::kRgb8, 4);
    ASSERT_TRUE(Read(Marked(picture, kPayload, kDefaultKey, 2), Effort::kAligned, &detection))
        << width << " x " << height;
    EXPECT_EQ(detection.word.payload, kPayload);
  }
}

TEST(MarkTest, NeitherAnotherKeyNorAnUnmarkedPictureGivesAMessage) {
  Key other = kDefaultKey;
  other[15] ^= 1;
  Detection detection;
  const Effort effort = kSlowMachine ? Effort::kAligned : Effort::kFull;
  EXPECT_FALSE(Read(Marked(Photograph(), kPayload, other), effort, &detection));
  EXPECT_FALSE(Read(Photograph(), effort, &detection));
}

TEST(MarkTest, PlainPicturesAreMarkedWithoutHarm) {
  const Picture flat(256, 256, PixelFormat::kRgb8);  // all black
  Detection detection;
  const Picture marked = Marked(flat, kPayload);
  EXPECT_TRUE(!Read(marked, Effort::kAligned, &detection) || detection.word.payload == kPayload);
}

// (x, y) of the changed picture, pixel centres at halves, to canonical coordinates.
void ExpectMapsTo(const Detection& detection, double x, double y, double u, double v,
                  double tolerance = 2.0) {
  const auto& g = detection.geometry;
  // The tile repeats every 96: compare modulo that.
  const double w = g[6] * x + g[7] * y + g[8];
  const double across = std::remainder((g[0] * x + g[1] * y + g[2]) / w - u, 96);
  const double down = std::remainder((g[3] * x + g[4] * y + g[5]) / w - v, 96);
  EXPECT_NEAR(across, 0, tolerance);
  EXPECT_NEAR(down, 0, tolerance);
}

class GeometryTest : public testing::Test {
 protected:
  GeometryTest() : marked_(Marked(Photograph(), kPayload)) {}

  // Canonical coordinates of a point of the marked picture.
  double U(double x) const { return (x - 320) * kScale; }
  double V(double y) const { return (y - 240) * kScale; }

  const double kScale = 512 / std::sqrt(640.0 * 480.0);
  Picture marked_;
  Detection detection_;
};

TEST_F(GeometryTest, OfUnchangedPicture) {
  ASSERT_TRUE(Read(marked_, Effort::kFull, &detection_));
  ExpectMapsTo(detection_, 320, 240, 0, 0);
  ExpectMapsTo(detection_, 0, 0, U(0), V(0));
}

TEST_F(GeometryTest, OfMirroredPicture) {
  const Picture mirrored =
      marked_.Rearranged(640, 480, [](size_t x, size_t y) { return std::pair{639 - x, y}; });
  ASSERT_TRUE(Read(mirrored, Effort::kFull, &detection_));
  ExpectMapsTo(detection_, 100, 50, U(540), V(50));
}

TEST_F(GeometryTest, OfQuarterTurn) {
  // New (x, y) shows old (y, 479 - x).
  const Picture turned =
      marked_.Rearranged(480, 640, [](size_t x, size_t y) { return std::pair{y, 479 - x}; });
  ASSERT_TRUE(Read(turned, Effort::kFull, &detection_));
  EXPECT_EQ(detection_.word.payload, kPayload);
  ExpectMapsTo(detection_, 100, 50, U(50), V(380));
}

TEST_F(GeometryTest, OfCrop) {
  const Picture crop =
      marked_.Rearranged(480, 360, [](size_t x, size_t y) { return std::pair{x + 97, y + 41}; });
  ASSERT_TRUE(Read(crop, Effort::kFull, &detection_));
  EXPECT_EQ(detection_.word.payload, kPayload);
  ExpectMapsTo(detection_, 0, 0, U(97), V(41));
  ExpectMapsTo(detection_, 480, 360, U(577), V(401));
}

TEST_F(GeometryTest, OfCropOfTurnedPicture) {
  // Nearest neighbours of a turn by 7 degrees about the centre, cut to 480 x 360.
  const double c = std::cos(0.1222), s = std::sin(0.1222);
  const auto from = [&](double x, double y) {
    return std::pair{320 + c * (x - 240) - s * (y - 180), 240 + s * (x - 240) + c * (y - 180)};
  };
  const Picture turned = marked_.Rearranged(480, 360, [&](size_t x, size_t y) {
    const auto [fx, fy] = from(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5);
    return std::pair{static_cast<size_t>(fx), static_cast<size_t>(fy)};
  });
  ASSERT_TRUE(Read(turned, Effort::kFull, &detection_));
  EXPECT_EQ(detection_.word.payload, kPayload);
  for (const auto& [x, y] : {std::pair<double, double>{240, 180}, {10, 10}, {470, 20}}) {
    const auto [fx, fy] = from(x, y);
    ExpectMapsTo(detection_, x, y, U(fx), V(fy));
  }
}

// tests/vectors/detection.txt: a line for each part of the picture that is cut out: left, top,
// width, height; the message; the score; the geometry. Cosines and logarithms are the system's, so
// that the last digits may differ between systems; on one, every target gives the same bits.
TEST_F(GeometryTest, IsTheSameEverywhere) {
  std::ifstream file = OpenVectors("detection.txt");
  size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    size_t left = 0, top = 0, width = 0, height = 0;
    uint64_t payload = 0;
    float score = 0;
    std::array<double, 9> expected{};
    fields >> left >> top >> width >> height >> payload >> score;
    for (double& value : expected) fields >> value;
    ASSERT_FALSE(fields.fail()) << line;
    const Picture part = marked_.Rearranged(
        width, height, [&](size_t x, size_t y) { return std::pair{x + left, y + top}; });
    std::vector<Detection> all;
    ForEachTarget([&] {
      ASSERT_TRUE(Read(part, Effort::kFull, &detection_));
      EXPECT_EQ(detection_.word.payload, payload);
      EXPECT_NEAR(detection_.score, score, 1e-2);
      const double w = static_cast<double>(width), h = static_cast<double>(height);
      for (const auto& [x, y] : {std::pair{0.0, 0.0}, {w, 0.0}, {0.0, h}, {w, h}}) {
        const auto& e = expected;
        const double scale = e[6] * x + e[7] * y + e[8];
        ExpectMapsTo(detection_, x, y, (e[0] * x + e[1] * y + e[2]) / scale,
                     (e[3] * x + e[4] * y + e[5]) / scale, 1e-2);
      }
      all.push_back(detection_);
    });
    for (const Detection& other : all) {
      EXPECT_EQ(other.score, all[0].score);
      EXPECT_EQ(other.geometry, all[0].geometry);
    }
    ++vectors;
  }
  EXPECT_GE(vectors, 2u);
}

TEST(ScratchTest, StaysWithinTheBoundsStated) {
  EXPECT_LE(EmbedScratchSize(65535, 65535), size_t{16} << 20);
  EXPECT_LE(DetectScratchSize(65535, 65535, Effort::kAligned), size_t{16} << 20);
  EXPECT_LE(DetectScratchSize(65535, 65535, Effort::kFull), size_t{64} << 20);
}

}  // namespace
}  // namespace countermark
