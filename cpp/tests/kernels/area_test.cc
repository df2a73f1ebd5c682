#include "kernels/area.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/area_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(AddWeightedRowTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      for (const uint16_t weight : {0, 1, 37, 255, 256, 65535}) {
        const std::vector<uint8_t> row = Noise(weight).Integers<uint8_t>(count + 3);
        std::vector<uint16_t> actual = Noise(5).Integers<uint16_t>(count + 1);
        std::vector<uint16_t> expected = actual;
        AddWeightedRow(row.data() + 3, weight, count, actual.data());
        reference::AddWeightedRow(row.data() + 3, weight, count, expected.data());
        EXPECT_EQ(actual, expected) << "count " << count << ", weight " << weight;
      }
    }
  });
}

TEST(AverageAreasTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      for (const size_t taps : {8u, 24u}) {
        std::vector<uint16_t> sums = Noise(1).Integers<uint16_t>(3 * count + taps);
        // The largest sums there are: 256 rows' shares of white.
        for (uint16_t& sum : sums) {
          sum = static_cast<uint16_t>((sum % 5 == 0 ? 65280 : sum % 65281) + kAreaSumsBegin);
        }
        std::vector<uint32_t> first(count);
        std::vector<int32_t> widths(count);
        const std::vector<float> scales = Noise(3).Floats(count, 1e-6f);
        std::vector<int16_t> weights = Noise(2).Integers<int16_t>(count * taps);
        for (size_t i = 0; i < count; ++i) {
          first[i] = static_cast<uint32_t>(3 * i);
          for (size_t t = 0; t < taps; ++t) {
            int16_t& weight = weights[i * taps + t];
            weight = i % 3 == 0 ? 256 : static_cast<int16_t>(static_cast<uint16_t>(weight) % 257);
            widths[i] += weight;
          }
        }
        const AreaTaps areas{count,         taps,          first.data(),
                             widths.data(), scales.data(), weights.data()};
        std::vector<float> actual(count + 1, 9), expected = actual;
        AverageAreas(sums.data(), areas, actual.data());
        reference::AverageAreas(sums.data(), areas, expected.data());
        EXPECT_EQ(Bits(actual), Bits(expected)) << "count " << count << ", taps " << taps;
      }
    }
  });
}

}  // namespace
}  // namespace countermark
