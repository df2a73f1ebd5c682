#include "kernels/fourier.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/fourier_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(FourierPassTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t radix : {2, 3, 4, 5}) {
      for (size_t parts : {1, 2, 3, 7}) {
        for (size_t stride : {1, 2, 5}) {
          const size_t length = radix * parts, count = length * stride * kFourierElement;
          const std::vector<float> in = Noise(3).Floats(count + 1, 0.01f);
          const std::vector<float> twiddles = Noise(4).Floats(2 * length, 1e-5f);
          std::vector<float> actual(count + 1), expected(count + 1);
          FourierPass(in.data() + 1, radix, length, stride, twiddles.data(), actual.data() + 1);
          reference::FourierPass(in.data() + 1, radix, length, stride, twiddles.data(),
                                 expected.data() + 1);
          EXPECT_EQ(Bits(actual), Bits(expected))
              << "radix " << radix << ", length " << length << ", stride " << stride;
        }
      }
    }
  });
}

}  // namespace
}  // namespace countermark
