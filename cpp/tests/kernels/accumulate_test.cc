#include "kernels/accumulate.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "kernels/accumulate_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

template <typename T>
void ExpectTwin(const std::vector<T>& samples, const float weights[4], size_t count) {
  // Rows that start at every alignment.
  const T* rows[4] = {samples.data(), samples.data() + 69, samples.data() + 139,
                      samples.data() + 210};
  std::vector<float> actual(count + 1, 0.25f), expected(count + 1, 0.25f);
  AccumulateRows(rows, weights, count, actual.data());
  reference::AccumulateRows(rows, weights, 0, count, expected.data());
  EXPECT_EQ(actual, expected) << "count " << count;
}

template <typename T>
void ExpectTwinForEverySize() {
  constexpr float kUneven[4] = {0.1f, 1.0f / 3, 7.7f, 0.0f};
  constexpr float kExtreme[4] = {-3e4f, 3e4f, 1e-6f, -0.0f};
  ForEachTarget([&] {
    for (size_t count = 0; count < kSizes; ++count) {
      ExpectTwin(Noise(3).Integers<T>(300), kUneven, count);
      ExpectTwin(Noise(4).Integers<T>(300), kExtreme, count);
      ExpectTwin(std::vector<T>(300, std::numeric_limits<T>::max()), kExtreme, count);
    }
  });
}

TEST(AccumulateRowsTest, EqualsTwinOnEveryTargetForEightBits) { ExpectTwinForEverySize<uint8_t>(); }

TEST(AccumulateRowsTest, EqualsTwinOnEveryTargetForSixteenBits) {
  ExpectTwinForEverySize<uint16_t>();
}

}  // namespace
}  // namespace countermark
