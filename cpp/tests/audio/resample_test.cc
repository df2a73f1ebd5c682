#include "audio/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "kernels/targets.h"

namespace countermark::audio {
namespace {

// Pushes blocks of `block` samples.
std::vector<float> Resample(uint32_t from, uint32_t to, const std::vector<float>& in,
                            size_t block) {
  Arena counting;
  const ResampleFilter counted(from, to, counting);
  const Resampler also_counted(counted, counting);
  std::vector<uint8_t> memory(counting.SizeNeeded());
  Arena arena(memory.data(), memory.size());
  const ResampleFilter filter(from, to, arena);
  Resampler resampler(filter, arena);
  std::vector<float> out;
  for (size_t i = 0; i < in.size(); i += block) {
    const size_t count = std::min(block, in.size() - i);
    std::vector<float> part(filter.MostOutputs(count));
    part.resize(resampler.Push(in.data() + i, count, part.data()));
    out.insert(out.end(), part.begin(), part.end());
  }
  const size_t due = (in.size() - filter.reach()) * uint64_t{to} / from;
  EXPECT_GE(out.size(), due);
  EXPECT_LE(out.size(), due + 2);
  return out;
}

std::vector<float> Tone(double hertz, uint32_t rate, size_t count) {
  std::vector<float> tone(count);
  for (size_t n = 0; n < count; ++n) {
    tone[n] = static_cast<float>(std::sin(2 * 3.14159265358979 * hertz * double(n) / rate));
  }
  return tone;
}

constexpr uint32_t kOtherRates[] = {8000,  11025, 12000, 16000, 22050,  32000,
                                    44100, 44101, 48000, 96000, 191999, 192000};

TEST(ResampleTest, KeepsTonesInPlaceAtAnyRate) {
  for (uint32_t rate : kOtherRates) {
    for (double hertz : {200.0, 1000.0, 0.44 * std::min(rate, 12000u)}) {
      for (const auto& [from, to] : {std::pair{rate, 16000u}, std::pair{16000u, rate}}) {
        const auto out = Resample(from, to, Tone(hertz, from, from / 4), 1000);
        const auto expected = Tone(hertz, to, out.size());
        // Away from the beginning, before which there is silence.
        for (size_t n = to / 50; n < out.size(); ++n) {
          ASSERT_NEAR(out[n], expected[n], 1.5e-3) << from << " to " << to << ", " << hertz;
        }
      }
    }
  }
}

TEST(ResampleTest, LetsNothingFoldIntoTheBand) {
  // What would come to 4 kHz.
  for (const auto& [from, to, hertz] :
       {std::tuple{44100u, 16000u, 12000.0}, std::tuple{48000u, 16000u, 20000.0},
        std::tuple{16000u, 8000u, 5000.0}}) {
    const auto out = Resample(from, to, Tone(hertz, from, from / 2), 4096);
    for (size_t n = to / 50; n < out.size(); ++n) {
      ASSERT_LT(std::fabs(out[n]), 1e-3) << from << " to " << to;
    }
  }
}

TEST(ResampleTest, SameHoweverItIsCut) {
  const std::vector<float> in = Noise(1).Floats(5000, 1e-4f);
  for (uint32_t rate : kOtherRates) {
    const auto whole = Resample(rate, 16000, in, in.size());
    for (size_t block : {size_t{1}, size_t{7}, size_t{1025}}) {
      EXPECT_EQ(Bits(Resample(rate, 16000, in, block)), Bits(whole)) << rate << ", " << block;
    }
  }
}

TEST(ResampleTest, SilenceStaysSilence) {
  for (float v : Resample(44100, 16000, std::vector<float>(3000, 0.0f), 500)) EXPECT_EQ(v, 0);
}

}  // namespace
}  // namespace countermark::audio
