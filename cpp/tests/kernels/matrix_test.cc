#include "kernels/matrix.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/matrix_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

void ExpectTwin(size_t rows, size_t inner, size_t columns) {
  const size_t a_stride = inner + columns % 3;
  const std::vector<float> a = Noise(1).Floats(rows * a_stride, 0.01f);
  const std::vector<float> b = Noise(2).Floats(inner * columns, 0.3f);
  std::vector<float> actual(rows * columns + 1, 9), expected(rows * columns + 1, 9);
  MultiplyMatrices(a.data(), a_stride, b.data(), rows, inner, columns, actual.data());
  reference::MultiplyMatrices(a.data(), a_stride, b.data(), rows, inner, columns, expected.data());
  EXPECT_EQ(Bits(actual), Bits(expected)) << rows << " x " << inner << " x " << columns;
}

TEST(MultiplyMatricesTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t columns = 0; columns < kSizes; ++columns) {
      for (const size_t rows : {0u, 1u, 2u, 3u, 4u, 5u, 9u}) ExpectTwin(rows, 7, columns);
    }
    for (size_t inner = 1; inner < kSizes; ++inner) ExpectTwin(6, inner, 19);
  });
}

}  // namespace
}  // namespace countermark
