// The parts of the algorithm, one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "base/generator.h"
#include "kernels/targets.h"
#include "watermark/blur.h"
#include "watermark/layout.h"
#include "watermark/lift.h"
#include "watermark/mask.h"
#include "watermark/plane.h"
#include "watermark/spectrum.h"
#include "watermark/symmetry.h"
#include "watermark/whitening.h"

namespace countermark {
namespace {

class PartsTest : public testing::Test {
 protected:
  PartsTest() : memory_(size_t{8} << 20), arena_(memory_.data(), memory_.size()) {}

  Plane NoisePlane(Size size) {
    const Plane plane = AllocatePlane(size, arena_);
    const std::vector<float> noise = Noise(1).Floats(size.Area(), 0.01f);
    std::copy(noise.begin(), noise.end(), plane.data);
    return plane;
  }

  std::vector<uint8_t> memory_;
  Arena arena_;
};

TEST(LayoutTest, PilotAndPayloadShareTheBand) {
  const Layout layout(kDefaultKey);
  std::set<uint16_t> all(layout.pilot.begin(), layout.pilot.end());
  all.insert(layout.payload.begin(), layout.payload.end());
  EXPECT_EQ(all.size(), kBandSize);
}

TEST(LayoutTest, CarriesEveryBitAboutAsOften) {
  const Layout layout(kDefaultKey);
  std::vector<int> often(kCodedBits);
  for (uint16_t bit : layout.bit) ++often.at(bit);
  for (int count : often) {
    EXPECT_GE(count, 2);
    EXPECT_LE(count, 3);
  }
}

TEST(LayoutTest, EveryWordHasAPlaceOfItsOwn) {
  const Layout layout(kDefaultKey);
  std::set<std::pair<int, int>> places;
  for (uint64_t payload = 0; payload < 20; ++payload) {
    for (uint8_t variant = 0; variant < 1 << kVariantBits; ++variant) {
      const Origin origin = layout.OriginOf({payload, variant});
      ASSERT_TRUE(0 <= origin.x && origin.x < kTile && 0 <= origin.y && origin.y < kTile);
      places.insert({origin.x, origin.y});
    }
  }
  // Of 320 drawn from 9216 places, about five meet another.
  EXPECT_GT(places.size(), 300u);
}

TEST(LayoutTest, PatternHasUnitPowerAlsoWhenThePictureIsSmall) {
  const Layout layout(kDefaultKey);
  for (float limit : {48.0f, 12.0f}) {
    Spectrum pattern;
    MakePattern(layout, {99, 0}, limit, limit, &pattern);
    EXPECT_NEAR(MeanSquare(pattern), 1, 1e-5);
    for (size_t i = 0; i < kBandSize; ++i) {
      if (kBand[i].kx > limit) {
        EXPECT_EQ(pattern.re[i], 0);
      }
    }
  }
}

TEST(SymmetryTest, EachIsAPermutationOfTheBand) {
  for (const auto& moved : MovedCoefficients()) {
    std::set<uint16_t> reached;
    for (const MovedCoefficient& to : moved) reached.insert(to.index);
    EXPECT_EQ(reached.size(), kBandSize);
  }
}

TEST(SymmetryTest, EightAreDifferentAndOrthogonal) {
  std::set<std::vector<int>> all;
  for (int d = 0; d < kSymmetries; ++d) {
    const Symmetry s = SymmetryOf(d);
    EXPECT_EQ(std::abs(s.xx * s.yy - s.xy * s.yx), 1);
    all.insert({s.xx, s.xy, s.yx, s.yy});
  }
  EXPECT_EQ(all.size(), 8u);
}

// Turning the pattern's pixels and turning its coefficients is the same.
TEST_F(PartsTest, MovedCoefficientsTurnTheTile) {
  TileTransform transform(arena_);
  Spectrum pattern;
  MakePattern(Layout(kDefaultKey), {5, 0}, 48, 48, &pattern);
  std::vector<float> tile(kTile * kTile), turned(kTile * kTile);
  transform.Synthesise(pattern, tile.data());
  for (int d = 0; d < kSymmetries; ++d) {
    const Symmetry s = SymmetryOf(d);
    Spectrum moved{};
    for (size_t i = 0; i < kBandSize; ++i) {
      const MovedCoefficient to = MovedCoefficients()[static_cast<size_t>(d)][i];
      moved.re[to.index] = pattern.re[i];
      moved.im[to.index] = to.conjugated ? -pattern.im[i] : pattern.im[i];
    }
    transform.Synthesise(moved, turned.data());
    for (int y = 0; y < kTile; y += 11) {
      for (int x = 0; x < kTile; x += 7) {
        const int tx = (s.xx * x + s.xy * y + kTile) % kTile;
        const int ty = (s.yx * x + s.yy * y + kTile) % kTile;
        EXPECT_NEAR(turned[static_cast<size_t>(ty * kTile + tx)],
                    tile[static_cast<size_t>(y * kTile + x)], 1e-4);
      }
    }
  }
}

TEST_F(PartsTest, SpectrumComesBackAndShifts) {
  TileTransform transform(arena_);
  Spectrum pattern, back;
  MakePattern(Layout(kDefaultKey), {5, 0}, 48, 48, &pattern);
  std::vector<float> tile(kTile * kTile), moved(kTile * kTile);
  transform.Synthesise(pattern, tile.data());
  transform.Analyse(tile.data(), &back);
  for (size_t i = 0; i < kBandSize; ++i) {
    EXPECT_NEAR(back.re[i] / (kTile * kTile), pattern.re[i], 1e-4);
    EXPECT_NEAR(back.im[i] / (kTile * kTile), pattern.im[i], 1e-4);
  }
  HalfShift(6, -4).Apply(&pattern);
  transform.Synthesise(pattern, moved.data());
  EXPECT_NEAR(moved[10 * kTile + 20], tile[8 * kTile + 23], 1e-4);
}

TEST_F(PartsTest, LumaIsAveragedExactlyAndInterpolatedSmoothly) {
  // A ramp in x keeps its values at the centres of the new pixels.
  std::vector<uint8_t> ramp(200 * 50);
  for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<uint8_t>(i % 200);
  const ImageView image{ramp.data(), 200, 50, 200, PixelFormat::kGray8};
  for (const Size size : {Size{77, 31}, Size{200, 50}, Size{311, 90}}) {
    const Plane plane = AllocatePlane(size, arena_);
    LumaReader({200, 50}, size, arena_).Read(image, plane);
    for (size_t x = 4; x + 4 < size.width; ++x) {
      const double centre =
          (static_cast<double>(x) + 0.5) * 200 / static_cast<double>(size.width) - 0.5;
      // A fraction of a pixel takes that share of a step of the ramp.
      EXPECT_NEAR(plane.Row(size.height / 2)[x], centre, 0.06) << size.width;
    }
  }
}

TEST_F(PartsTest, ShrunkPlaneKeepsTheMean) {
  const Plane from = AllocatePlane({97, 61}, arena_), to = AllocatePlane({40, 23}, arena_);
  const std::vector<float> noise = Noise(3).Floats(97 * 61, 0.1f);
  std::copy(noise.begin(), noise.end(), from.data);
  AreaShrinker shrinker(from.size(), to.size(), arena_);
  for (size_t y = 0; y < to.height; ++y) {
    // Of no other rows than it says.
    const size_t first = shrinker.FirstRow(y), count = shrinker.EndRow(y) - first;
    std::vector<float> rows(from.Row(first), from.Row(first) + count * from.width);
    shrinker.MakeRow({rows.data(), from.width, count, from.width}, first, y, to.Row(y));
  }
  double before = 0, after = 0;
  for (size_t i = 0; i < from.size().Area(); ++i) before += from.data[i];
  for (size_t i = 0; i < to.size().Area(); ++i) after += to.data[i];
  // Areas differ by the rounding of their edges to 1/256 pixel.
  EXPECT_NEAR(before / (97 * 61), after / (40 * 23), 0.2);
}

TEST_F(PartsTest, BlurKeepsConstantsAndErosionTakesTheLeast) {
  const Plane plane = AllocatePlane({30, 9}, arena_), out = AllocatePlane({30, 9}, arena_);
  std::fill_n(plane.data, 270, 8.0f);
  Blur(plane, Gaussian(4.0), out, arena_);
  for (size_t i = 0; i < 270; ++i) EXPECT_NEAR(out.data[i], 8, 1e-4);
  const Plane detail = AllocatePlane({30, 9}, arena_), noise = NoisePlane({30, 9});
  Blur(noise, Gaussian(1.0), out, arena_);
  Detail(noise, Gaussian(1.0), detail, arena_);
  for (size_t i = 0; i < 270; ++i) {
    EXPECT_EQ(detail.data[i], std::fabs(noise.data[i] - out.data[i]));
  }
  plane.data[4 * 30 + 10] = 1;
  Erode(plane, 3, out, arena_);
  EXPECT_EQ(out.data[1 * 30 + 7], 1);
  EXPECT_EQ(out.data[1 * 30 + 6], 8);
}

TEST_F(PartsTest, WhiteningForgetsBrightnessAndTurnsWithThePicture) {
  const Plane plane = NoisePlane({32, 24}), turned = AllocatePlane({24, 32}, arena_);
  for (size_t y = 0; y < 24; ++y) {
    for (size_t x = 0; x < 32; ++x) turned.Row(x)[y] = 100 + plane.Row(y)[x];
  }
  const Plane white = AllocatePlane({32, 24}, arena_), other = AllocatePlane({24, 32}, arena_);
  Whiten(plane, kFineFloor, white, arena_);
  Whiten(turned, kFineFloor, other, arena_);
  float largest = 0;
  for (size_t y = 0; y < 24; ++y) {
    for (size_t x = 0; x < 32; ++x) {
      EXPECT_NEAR(white.Row(y)[x], other.Row(x)[y], 1e-3);
      largest = std::max(largest, std::fabs(white.Row(y)[x]));
    }
  }
  EXPECT_GT(largest, 0.1f);
}

TEST_F(PartsTest, WhiteningTakesPlanesOfAnySizeAlsoInPlace) {
  for (Size size : {Size{1, 1}, Size{1, 40}, Size{40, 1}, Size{3, 5}, Size{16, 16}, Size{129, 7}}) {
    const Plane white = AllocateBorderedPlane(size, arena_), plane = NoisePlane(size);
    Whiten(plane, kFineFloor, white, arena_);
    Whiten(plane, kFineFloor, plane, arena_);
    for (size_t y = 0; y < size.height; ++y) {
      for (size_t x = 0; x < size.width; ++x) EXPECT_EQ(white.Row(y)[x], plane.Row(y)[x]);
      for (size_t x = 0; x < size.width; ++x) EXPECT_TRUE(std::isfinite(white.Row(y)[x]));
      EXPECT_EQ(white.Row(y)[-1], 0);
      EXPECT_EQ(white.Row(y)[size.width], 0);
    }
  }
}

TEST_F(PartsTest, WhiteningAtSeveralFloorsIsThatAtEach) {
  constexpr size_t kCount = std::size(kFloors);
  for (Size size : {Size{1, 1}, Size{3, 5}, Size{16, 16}, Size{129, 67}}) {
    const Plane plane = NoisePlane(size);
    Plane together[kCount];
    for (Plane& out : together) out = AllocateBorderedPlane(size, arena_);
    Whiten(plane, kFloors, kCount, together, arena_);
    for (size_t i = 0; i < kCount; ++i) {
      const Plane alone = AllocateBorderedPlane(size, arena_);
      Whiten(plane, kFloors[i], alone, arena_);
      const size_t values = size.height * alone.stride;  // from the first pixel on
      EXPECT_TRUE(std::equal(alone.data, alone.data + values, together[i].data));
    }
  }
}

TEST_F(PartsTest, MaskFollowsTextureStrengthAndSize) {
  constexpr Size kSize{64, 64}, kSmall{512, 512}, kLarge{2048, 2048};
  const Plane plane = NoisePlane(kSize), mask = AllocatePlane(kSize, arena_);
  for (size_t y = 0; y < 64; ++y) std::fill_n(plane.Row(y), 32, 128.0f);
  MakeMask(plane, kLarge, 1, mask, arena_);
  const float flat = mask.Row(32)[4], textured = mask.Row(32)[60];
  EXPECT_GT(flat, 0);
  EXPECT_GT(textured, 2 * flat);
  MakeMask(plane, kLarge, 2, mask, arena_);
  EXPECT_FLOAT_EQ(mask.Row(32)[60], 2 * textured);
  MakeMask(plane, kSmall, 1, mask, arena_);
  EXPECT_GT(mask.Row(32)[60], textured);
}

// A pattern that arrives everywhere alike, in a picture whose left half is calm.
class LiftTest : public PartsTest {
 protected:
  static constexpr Size kSize{512, 384};

  LiftTest() : arrival_(kSize, arena_), mask_(AllocatePlane(kSize, arena_)) {
    std::fill_n(mask_.data, kSize.Area(), 1.0f);
  }

  void Measure(float calm, float rich) {
    std::vector<float> pattern(kSize.width), before(kSize.width), after(kSize.width);
    Generator random(kDefaultKey, 99);
    for (size_t y = 0; y < kSize.height; ++y) {
      for (size_t x = 0; x < kSize.width; ++x) {
        pattern[x] = random.Next() % 2 != 0 ? 1.0f : -1.0f;
        before[x] = x < kSize.width / 2 ? calm : rich;
        after[x] = before[x] + 0.25f * pattern[x];
      }
      arrival_.Add(0, pattern.data(), before.data(), after.data(), 100);
      arrival_.Add(100, pattern.data() + 100, before.data() + 100, after.data() + 100,
                   kSize.width - 100);
      arrival_.EndRow();
    }
  }

  Arrival arrival_;
  Plane mask_;
};

TEST_F(LiftTest, GivesMoreWhereThePictureDrownsTheMark) {
  Measure(0.5f, 2.0f);
  EXPECT_NEAR(arrival_.total(), 0.25f * kSize.Area(), 1);
  const float grows = arrival_.Lift(mask_, arena_);
  EXPECT_FLOAT_EQ(mask_.Row(200)[5], 1);
  EXPECT_GT(mask_.Row(200)[505], 1.3f);
  float sum = 0;
  for (size_t i = 0; i < kSize.Area(); ++i) sum += mask_.data[i];
  EXPECT_NEAR(grows, sum / kSize.Area(), 0.02f);
}

TEST_F(LiftTest, LeavesTheMaskWhereTheMarkStands) {
  Measure(0.5f, 0.5f);
  EXPECT_EQ(arrival_.Lift(mask_, arena_), 1);
  for (size_t i = 0; i < kSize.Area(); ++i) ASSERT_EQ(mask_.data[i], 1);
}

TEST_F(LiftTest, DoesNotGoBeyondTheDeviationAllowed) {
  std::fill_n(mask_.data, kSize.Area(), 3.0f);
  Measure(100, 100);
  arrival_.Lift(mask_, arena_);
  for (size_t i = 0; i < kSize.Area(); ++i) ASSERT_NEAR(mask_.data[i], 3.2f, 1e-4f);
}

TEST_F(LiftTest, ASliverIsLiftedToo) {
  constexpr Size kSliver{3, 40};
  Arrival arrival(kSliver, arena_);
  const Plane mask = AllocatePlane(kSliver, arena_);
  std::fill_n(mask.data, kSliver.Area(), 1.0f);
  const float pattern[3] = {1, -1, 1}, before[3] = {9, 9, 9}, after[3] = {9.1f, 8.9f, 9.1f};
  for (size_t y = 0; y < kSliver.height; ++y) {
    arrival.Add(0, pattern, before, after, 3);
    arrival.EndRow();
  }
  EXPECT_GT(arrival.Lift(mask, arena_), 1);
  for (size_t i = 0; i < kSliver.Area(); ++i) EXPECT_GT(mask.data[i], 1);
}

}  // namespace
}  // namespace countermark
