#include "audio/short_time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "base/generator.h"
#include "base/key.h"

namespace countermark::audio {
namespace {

class ShortTimeTest : public testing::Test {
 protected:
  ShortTimeTest() {
    Arena counting;
    ShortTime counted(counting);
    memory_.resize(counting.SizeNeeded());
    arena_ = Arena(memory_.data(), memory_.size());
    transform_ = std::make_unique<ShortTime>(arena_);
  }

  static std::vector<float> Noise(size_t count) {
    Generator numbers(kDefaultKey, 1);
    std::vector<float> samples(count);
    for (float& s : samples) s = static_cast<float>(numbers.Below(65536)) / 32768.0f - 1;
    return samples;
  }

  std::vector<uint8_t> memory_;
  Arena arena_;
  std::unique_ptr<ShortTime> transform_;
};

TEST_F(ShortTimeTest, CellsAreThoseOfTheDefinition) {
  const std::vector<float> samples = Noise(kBlockSpan);
  std::vector<float> cells(kBlockCells);
  transform_->Forward(samples.data(), cells.data());
  constexpr double kTurn = 6.283185307179586 / kFrame;
  for (size_t f : {0, 3, 8, 15}) {
    for (size_t k : {0, 1, 27, 255, 511, 512}) {
      double re = 0, im = 0;
      for (size_t n = 0; n < kFrame; ++n) {
        const double angle = kTurn * static_cast<double>(n);
        const double window = (0.5 - 0.5 * std::cos(angle)) / std::sqrt(384.0);
        const double sample = window * static_cast<double>(samples[f * kHop + n]);
        re += sample * std::cos(angle * static_cast<double>(k));
        im -= sample * std::sin(angle * static_cast<double>(k));
      }
      EXPECT_NEAR(cells[k * kBinStep + f], re, 1e-5) << "frame " << f << " bin " << k;
      EXPECT_NEAR(cells[k * kBinStep + kFrames + f], im, 1e-5) << "frame " << f << " bin " << k;
    }
  }
}

TEST_F(ShortTimeTest, NoiseOfVarianceOneHasCellsOfMeanSquareOne) {
  std::vector<float> samples = Noise(kBlockSpan);
  for (float& s : samples) s *= std::sqrt(3.0f);
  std::vector<float> cells(kBlockCells);
  transform_->Forward(samples.data(), cells.data());
  double sum = 0;
  for (float c : cells) sum += static_cast<double>(c) * static_cast<double>(c);
  EXPECT_NEAR(sum / (kBins * kFrames), 1, 0.1);
}

TEST_F(ShortTimeTest, SuccessiveBlocksAddUpToWhatTheyWereMadeOf) {
  constexpr size_t kBlocks = 3;
  const std::vector<float> samples = Noise(kBlocks * kBlockHop + kBlockOverlap);
  std::vector<float> back(samples.size()), cells(kBlockCells);
  for (size_t block = 0; block < kBlocks; ++block) {
    transform_->Forward(samples.data() + block * kBlockHop, cells.data());
    transform_->Inverse(cells.data(), back.data() + block * kBlockHop);
  }
  for (size_t i = kBlockOverlap; i < kBlocks * kBlockHop; ++i) {
    ASSERT_NEAR(back[i], samples[i], 2e-6) << i;
  }
}

TEST_F(ShortTimeTest, SilenceStaysSilent) {
  const std::vector<float> samples(kBlockSpan);
  std::vector<float> back(kBlockSpan), cells(kBlockCells, 1.0f);
  transform_->Forward(samples.data(), cells.data());
  transform_->Inverse(cells.data(), back.data());
  for (float s : back) ASSERT_EQ(s, 0);
}

}  // namespace
}  // namespace countermark::audio
