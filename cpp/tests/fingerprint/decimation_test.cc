#include "fingerprint/decimation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace countermark {
namespace {

// One box filter as the reference runs it: the window cut at the borders, the mean of the rest.
std::vector<double> Box(const std::vector<double>& in, int window) {
  const int size = static_cast<int>(in.size());
  const int right = (window + 2) / 2 - 1;
  const int left = window - 1 - right;
  std::vector<double> out;
  for (int i = 0; i < size; ++i) {
    const int begin = std::max(i - left, 0), end = std::min(i + right + 1, size);
    double sum = 0;
    for (int j = begin; j < end; ++j) sum += in[static_cast<size_t>(j)];
    out.push_back(sum / (end - begin));
  }
  return out;
}

void ExpectTwoBoxesAndDecimation(size_t size) {
  Arena counting;
  Decimation(size, counting);
  std::vector<uint8_t> memory(counting.SizeNeeded());
  Arena arena(memory.data(), memory.size());
  const Decimation decimation(size, arena);

  std::vector<double> samples;
  for (size_t i = 0; i < size; ++i) samples.push_back(static_cast<double>(i * i * 37 % 256));
  const int window = static_cast<int>((size + 127) / 128);
  const std::vector<double> filtered = Box(Box(samples, window), window);
  for (size_t position = 0; position < kPdqSide; ++position) {
    const Decimation::Taps taps = decimation.At(position);
    ASSERT_LE(taps.first + taps.count, size);
    double sum = 0, weights = 0;
    for (size_t i = 0; i < taps.count; ++i) {
      sum += static_cast<double>(taps.weights[i]) * samples[taps.first + i];
      weights += static_cast<double>(taps.weights[i]);
    }
    const size_t centre = static_cast<size_t>((static_cast<double>(position) + 0.5) *
                                              static_cast<double>(size) / kPdqSide);
    EXPECT_NEAR(sum, filtered[centre], 1e-3) << "size " << size << ", position " << position;
    EXPECT_NEAR(weights, 1, 1e-5);
  }
}

TEST(DecimationTest, EqualsTwoBoxFiltersAndDecimation) {
  for (size_t size = 5; size < 600; ++size) ExpectTwoBoxesAndDecimation(size);
  for (const size_t size : {1023u, 1024u, 1025u, 4000u, 65535u}) ExpectTwoBoxesAndDecimation(size);
}

}  // namespace
}  // namespace countermark
