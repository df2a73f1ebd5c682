#include "watermark/fourier_fold.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <vector>

#include "base/generator.h"
#include "watermark/autocorrelation.h"
#include "watermark/layout.h"

namespace countermark {
namespace {

class FourierFoldTest : public testing::Test {
 protected:
  static constexpr Size kPlane{400, 300};
  static constexpr double kShare = 0.9, kSmallest = 0.85;

  FourierFoldTest()
      : memory_(size_t{64} << 20),
        arena_(memory_.data(), memory_.size()),
        plane_(AllocateBorderedPlane(kPlane, arena_)),
        fold_(PeriodFor(kPlane, kShare), OutermostFrequency(kSmallest), arena_) {}

  // A mark under the placement, read from its tile at the nearest place, and nothing else.
  void Mark(const Placement& p) {
    TileTransform transform(arena_);
    Spectrum pattern;
    MakePattern(Layout(kDefaultKey), {7, 0}, 48, 48, &pattern);
    std::vector<float> tile(kTile * kTile);
    transform.Synthesise(pattern, tile.data());
    const double det = p.Determinant();
    for (size_t y = 0; y < kPlane.height; ++y) {
      for (size_t x = 0; x < kPlane.width; ++x) {
        const double dx = static_cast<double>(x) - p.x, dy = static_cast<double>(y) - p.y;
        const auto wrapped = [](double canonical) {
          const int whole = static_cast<int>(std::lround(canonical)) % kTile;
          return static_cast<size_t>((whole + kTile) % kTile);
        };
        plane_.Row(y)[x] = tile[wrapped((p.xx * dy - p.yx * dx) / det) * kTile +
                                wrapped((p.yy * dx - p.xy * dy) / det)];
      }
    }
    Autocorrelation correlation(kPlane, kShare, kSmallest, 1.2, arena_);
    correlation.Take(0, plane_);
    correlation.AddPowers(fold_.bins(), arena_);
    correlation.Compute();
  }

  // How alike two spectra are up to a shift by a pixel or less: 1 if they are the same.
  static double Likeness(const Spectrum& a, const Spectrum& b) {
    double best = 0;
    for (double x = -1; x <= 1; x += 0.125) {
      for (double y = -1; y <= 1; y += 0.125) {
        std::complex<double> product = 0;
        double power_a = 0, power_b = 0;
        for (size_t i = 0; i < kBandSize; ++i) {
          const std::complex<double> p(a.re[i], a.im[i]), q(b.re[i], b.im[i]);
          const double turns = (kBand[i].kx * x + kBand[i].ky * y) / kTile;
          product += p * std::conj(q) * std::polar(1.0, 2 * M_PI * turns);
          power_a += std::norm(p);
          power_b += std::norm(q);
        }
        best = std::max(best, product.real() / std::sqrt(power_a * power_b));
      }
    }
    return best;
  }

  std::vector<uint8_t> memory_;
  Arena arena_;
  Plane plane_;
  FourierFold fold_;
};

TEST_F(FourierFoldTest, AgreesWithTheSumOfTheTiles) {
  const double turned_x = 1.1 * std::cos(0.4), turned_y = 1.1 * std::sin(0.4);
  const Placement placements[] = {Centred(plane_, 1, 0, 0, 1), Centred(plane_, 0.9, 0, 0, 1.15),
                                  Centred(plane_, turned_x, -turned_y, turned_y, turned_x),
                                  Centred(plane_, 1.05, 0.2, -0.1, 0.95)};
  TileFold tiles(kMostTiles, arena_);
  for (const Placement& placement : placements) {
    const Arena::Scope scope(arena_);
    Mark(placement);
    Spectrum expected, actual;
    float power[kBandSize];
    tiles.Cut(plane_, placement, 0, 0);
    tiles.Sum(&expected, power);
    fold_.Sum(placement, &actual);
    EXPECT_GT(Likeness(actual, expected), 0.97) << placement.xx << ", " << placement.xy;
  }
}

TEST_F(FourierFoldTest, HasNothingBeyondItsReach) {
  const Placement half = Centred(plane_, 0.5, 0, 0, 0.5);
  Mark(half);
  Spectrum sum;
  fold_.Sum(half, &sum);
  for (size_t i = 0; i < kBandSize; ++i) {
    const double frequency = std::hypot(kBand[i].kx, kBand[i].ky) / (0.5 * kTile);
    if (frequency > 1.5 * OutermostFrequency(kSmallest)) {
      EXPECT_EQ(sum.re[i], 0);
      EXPECT_EQ(sum.im[i], 0);
    }
  }
  EXPECT_GT(MeanSquare(sum), 0);
}

}  // namespace
}  // namespace countermark
