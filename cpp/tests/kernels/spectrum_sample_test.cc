#include "kernels/spectrum_sample.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/spectrum_sample_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(SampleBinsTest, EqualsTwinOnEveryTarget) {
  constexpr size_t kRows = 23, kWeightings = 9;
  ForEachTarget([] {
    for (const size_t stride : {8u, 9u, 30u, 67u}) {
      for (size_t count = 0; count < kSizes; ++count) {
        Noise noise(static_cast<uint32_t>(count + 1));
        const std::vector<float> bins = noise.Floats(stride * kRows, 0.01f);
        const std::vector<float> weights = noise.Floats(kWeightings * kBinWeights, 3e-5f);
        std::vector<BinPlace> places;
        for (size_t i = 0; i < count; ++i) {
          const size_t row = noise.Next() % (kRows - kBinTaps + 1);
          const size_t column = noise.Next() % (stride - kBinWeights + 1);
          places.push_back({static_cast<uint32_t>(row * stride + column),
                            static_cast<uint16_t>(noise.Next() % kWeightings),
                            static_cast<uint16_t>(noise.Next() % kWeightings)});
        }
        std::vector<float> actual(2 * count + 1, 9), expected(2 * count + 1, 9);
        SampleBins(bins.data(), stride, places.data(), count, weights.data(), actual.data());
        reference::SampleBins(bins.data(), stride, places.data(), count, weights.data(),
                              expected.data());
        EXPECT_EQ(Bits(actual), Bits(expected)) << stride << ", " << count;
      }
    }
  });
}

}  // namespace
}  // namespace countermark
