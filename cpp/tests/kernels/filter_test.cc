#include "kernels/filter.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/filter_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

// A horizontal filter: one row at successive offsets.
std::vector<const float*> Offsets(const std::vector<float>& row, size_t taps) {
  std::vector<const float*> inputs;
  for (size_t t = 0; t < taps; ++t) inputs.push_back(row.data() + t);
  return inputs;
}

TEST(WeightedSumTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      for (const size_t taps : {1u, 2u, 7u, 16u}) {
        const std::vector<float> row = Noise(1).Floats(count + taps, 0.013f);
        const std::vector<float> weights = Noise(2).Floats(taps, 1e-5f);
        std::vector<float> actual(count + 1, 9), expected(count + 1, 9);
        const std::vector<const float*> inputs = Offsets(row, taps);
        WeightedSum(inputs.data(), weights.data(), taps, count, actual.data());
        reference::WeightedSum(inputs.data(), weights.data(), taps, count, expected.data());
        EXPECT_EQ(Bits(actual), Bits(expected)) << "count " << count << ", taps " << taps;
      }
    }
  });
}

TEST(WeightedSumTest, WritesInPlaceLikeTwin) {
  ForEachTarget([] {
    std::vector<float> actual = Noise(1).Floats(kSizes, 0.1f), expected = actual;
    const std::vector<float> other = Noise(2).Floats(kSizes, 0.3f);
    const float weights[2] = {0.7f, -0.1f};
    const float* const actual_inputs[2] = {other.data(), actual.data()};
    const float* const expected_inputs[2] = {other.data(), expected.data()};
    WeightedSum(actual_inputs, weights, 2, kSizes, actual.data());
    reference::WeightedSum(expected_inputs, weights, 2, kSizes, expected.data());
    EXPECT_EQ(Bits(actual), Bits(expected));
  });
}

TEST(WeightedSumsTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      for (const size_t taps : {1u, 2u, 16u}) {
        for (size_t outputs = 0; outputs < 10; ++outputs) {
          const std::vector<float> row = Noise(1).Floats(count + taps, 0.013f);
          const std::vector<float> weights = Noise(2).Floats(outputs * taps, 1e-5f);
          std::vector<float> actual(outputs * (count + 1) + 1, 9), expected = actual;
          std::vector<float*> actual_rows, expected_rows;
          for (size_t o = 0; o < outputs; ++o) {
            actual_rows.push_back(&actual[o * (count + 1)]);
            expected_rows.push_back(&expected[o * (count + 1)]);
          }
          const std::vector<const float*> inputs = Offsets(row, taps);
          WeightedSums(inputs.data(), weights.data(), taps, outputs, count, actual_rows.data());
          reference::WeightedSums(inputs.data(), weights.data(), taps, outputs, 0, count,
                                  expected_rows.data());
          EXPECT_EQ(Bits(actual), Bits(expected))
              << "count " << count << ", taps " << taps << ", outputs " << outputs;
        }
      }
    }
  });
}

TEST(MovingSumsTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      for (const size_t taps : {1u, 3u, 4u, 5u, 13u}) {
        for (const size_t outputs : {0u, 1u, 4u, 5u, 8u}) {
          const std::vector<float> plane = Noise(4).Floats((outputs + taps) * (count + 1), 0.013f);
          const std::vector<float> weights = Noise(5).Floats(taps, 1e-5f);
          std::vector<const float*> inputs;
          for (size_t t = 0; t < outputs + taps; ++t) inputs.push_back(&plane[t * (count + 1)]);
          std::vector<float> actual(outputs * (count + 1) + 1, 9), expected = actual;
          std::vector<float*> actual_rows, expected_rows;
          for (size_t o = 0; o < outputs; ++o) {
            actual_rows.push_back(&actual[o * (count + 1)]);
            expected_rows.push_back(&expected[o * (count + 1)]);
          }
          MovingSums(inputs.data(), weights.data(), taps, outputs, count, actual_rows.data());
          reference::MovingSums(inputs.data(), weights.data(), taps, outputs, count,
                                expected_rows.data());
          EXPECT_EQ(Bits(actual), Bits(expected))
              << "count " << count << ", taps " << taps << ", outputs " << outputs;
        }
      }
    }
  });
}

TEST(MinimumTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      for (const size_t taps : {1u, 2u, 7u}) {
        const std::vector<float> row = Noise(3).Floats(count + taps, 0.5f);
        std::vector<float> actual(count + 1, 9), expected(count + 1, 9);
        const std::vector<const float*> inputs = Offsets(row, taps);
        Minimum(inputs.data(), taps, count, actual.data());
        reference::Minimum(inputs.data(), taps, count, expected.data());
        EXPECT_EQ(Bits(actual), Bits(expected)) << "count " << count << ", taps " << taps;
      }
    }
  });
}

}  // namespace
}  // namespace countermark
