#include "kernels/sample.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/sample_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

constexpr size_t kWidth = 37, kHeight = 23, kStride = kWidth + 3 + 2;

// Noise with the zeros around it that the kernel asks for.
std::vector<float> BorderedPlane() {
  std::vector<float> memory(kStride * (kHeight + 3) + 1);
  const std::vector<float> noise = Noise(8).Floats(kWidth * kHeight, 0.01f);
  for (size_t y = 0; y < kHeight; ++y) {
    for (size_t x = 0; x < kWidth; ++x) {
      memory[(y + 1) * kStride + x + 1] = noise[y * kWidth + x];
    }
  }
  return memory;
}

void ExpectTwin(const std::vector<float>& memory, float x, float y, float dx, float dy) {
  const SampleLine line = {memory.data() + kStride + 1, kStride, kWidth, kHeight, x, y, dx, dy};
  for (size_t count = 0; count < kSizes; ++count) {
    std::vector<float> actual = Noise(9).Floats(count + 1, 0.1f), expected = actual;
    AddSamples(line, count, actual.data());
    reference::AddSamples(line, count, expected.data());
    EXPECT_EQ(Bits(actual), Bits(expected)) << "count " << count << " from " << x << ", " << y;
    AddNearestSamples(line, count, actual.data());
    reference::AddNearestSamples(line, count, expected.data());
    EXPECT_EQ(Bits(actual), Bits(expected)) << "nearest, count " << count;
  }
}

TEST(AddSamplesTest, EqualsTwinOnEveryTargetInsideAndOutside) {
  const std::vector<float> memory = BorderedPlane();
  ForEachTarget([&] {
    ExpectTwin(memory, 0, 0, 1, 0);
    ExpectTwin(memory, 3.3f, 5.7f, 0.4f, 0.21f);
    ExpectTwin(memory, -5.5f, 20.25f, 0.9f, -0.45f);
    ExpectTwin(memory, 36.9f, 22.9f, -1.7f, 0.6f);
    ExpectTwin(memory, 10, -30, 0, 1.5f);
    ExpectTwin(memory, 12, 22.499f, -0.4f, 0.0001f);
    ExpectTwin(memory, -1, -0.5f, 1, 0.5f);
    ExpectTwin(memory, -1e6f, 1e6f, 3e4f, -3e4f);
    ExpectTwin(memory, 1e12f, 3, -1e12f, 0);
  });
}

}  // namespace
}  // namespace countermark
