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

}  // namespace
}  // namespace countermark
