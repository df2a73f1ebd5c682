// Runs a test on every target that is compiled in and that this machine has.
#ifndef COUNTERMARK_TESTS_KERNELS_TARGETS_H_
#define COUNTERMARK_TESTS_KERNELS_TARGETS_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/image.h"
#include "hwy/targets.h"

namespace countermark {

template <class Test>
void ForEachTarget(Test test) {
  hwy::SetSupportedTargetsForTest(0);
  const std::vector<int64_t> targets = hwy::SupportedAndGeneratedTargets();
  ASSERT_FALSE(targets.empty());
  for (const int64_t target : targets) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    test();
  }
  hwy::SetSupportedTargetsForTest(0);
}

// Bits rather than values: 0 and -0 differ, a NaN equals itself.
inline std::vector<uint32_t> Bits(const std::vector<float>& values) {
  std::vector<uint32_t> bits(values.size());
  if (!values.empty()) std::memcpy(bits.data(), values.data(), values.size() * sizeof(float));
  return bits;
}

constexpr PixelFormat kFormats[] = {
    PixelFormat::kGray8,      PixelFormat::kRgb8,        PixelFormat::kRgba8, PixelFormat::kGray16,
    PixelFormat::kRgb16,      PixelFormat::kRgba16,      PixelFormat::kBgr8,  PixelFormat::kBgra8,
    PixelFormat::kPlanarRgb8, PixelFormat::kPlanarRgb16, PixelFormat::kP010};

// The sizes that surround one, two and four vectors of bytes.
constexpr size_t kSizes = 68;

// Repeatable bytes without any structure (xorshift, Marsaglia 2003).
class Noise {
 public:
  explicit Noise(uint32_t seed) : state_(seed * 2654435761u + 1) {}
  uint32_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_;
  }
  template <typename T>
  std::vector<T> Integers(size_t count) {
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(Next() >> 8);
    return values;
  }
  // Multiples of `unit` between -2^15 and 2^15 times it.
  std::vector<float> Floats(size_t count, float unit) {
    std::vector<float> values(count);
    for (float& value : values) {
      value = unit * static_cast<float>(static_cast<int32_t>(Next() >> 8 & 0xFFFF) - 0x8000);
    }
    return values;
  }

 private:
  uint32_t state_;
};

}  // namespace countermark

#endif  // COUNTERMARK_TESTS_KERNELS_TARGETS_H_
