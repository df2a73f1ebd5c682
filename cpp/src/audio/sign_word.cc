#include "audio/sign_word.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace countermark::audio {
namespace {

constexpr size_t kHalf = kGroups / 2;

// The values that a bit of g has in all groups.
constexpr uint32_t kBits[] = {0xaaaaaaaa, 0xcccccccc, 0xf0f0f0f0, 0xff00ff00, 0xffff0000};

// The bit of each group.
constexpr std::array<uint32_t, kGroups> kMasks = [] {
  std::array<uint32_t, kGroups> masks{};
  for (size_t g = 0; g < kGroups; ++g) masks[g] = uint32_t{1} << g;
  return masks;
}();

// Of numbers that are not negative, by pairs: without a branch for each.
float Highest(const float* values) {
  float left[kHalf / 2];
  for (size_t g = 0; g < kHalf / 2; ++g) {
    const float a = values[g], b = values[g + kHalf / 2];
    left[g] = a > b ? a : b;
  }
  for (size_t count = kHalf / 4; count > 0; count /= 2) {
    for (size_t g = 0; g < count; ++g) {
      left[g] = left[g] > left[g + count] ? left[g] : left[g + count];
    }
  }
  return left[0];
}

// Sums over half of the groups: entry w is that with a linear form w in four bits.
struct Half {
  float re[kHalf], im[kHalf], power[kHalf];

  // `signs`, 1 or -1, of another form go before it (Walsh and Hadamard).
  Half(const float* group_re, const float* group_im, const float* signs) {
    float signed_re[kHalf], signed_im[kHalf];
    for (size_t g = 0; g < kHalf; ++g) {
      signed_re[g] = signs[g] * group_re[g];
      signed_im[g] = signs[g] * group_im[g];
    }
    Transform(signed_re, re);
    Transform(signed_im, im);
    for (size_t g = 0; g < kHalf; ++g) power[g] = re[g] * re[g] + im[g] * im[g];
  }

  // Neighbours meet in every round, whose bits of the index turn by one: four rounds turn them
  // back.
  static void Transform(float* values, float* out) {
    float between[kHalf];
    Round(values, between);
    Round(between, values);
    Round(values, between);
    Round(between, out);
  }

  static void Round(const float* in, float* out) {
    for (size_t g = 0; g < kHalf / 2; ++g) {
      out[g] = in[2 * g] + in[2 * g + 1];
      out[g + kHalf / 2] = in[2 * g] - in[2 * g + 1];
    }
  }

  float HighestPower() const { return Highest(power); }
};

// No sum of one of either has more; rounding included.
float MostPowerOf(const Half& low, const Half& high) {
  constexpr float kRounding = 1.00001f;
  const float a = low.HighestPower(), b = high.HighestPower();
  return kRounding * (a + b + 2 * std::sqrt(a * b));
}

using Powers = std::array<float, kHalf>;

// Of a sum of one of the first half with each of the second, the second negated if that is more.
Powers PowersWith(const Half& low, size_t one, const Half& high) {
  const float re = low.re[one], im = low.im[one], power = low.power[one];
  Powers powers;
  for (size_t g = 0; g < kHalf; ++g) {
    const float both = re * high.re[g] + im * high.im[g];
    powers[g] = high.power[g] + power + 2 * std::fabs(both);
  }
  return powers;
}

}  // namespace

float Complex::Magnitude() const { return std::sqrt(Power()); }

uint32_t SignsOf(uint16_t word) {
  uint32_t signs = 0, left = word;
  for (const uint32_t bit : kBits) {
    if ((left & 1) != 0) signs ^= bit;
    left >>= 1;
  }
  for (size_t i = 1; i < std::size(kBits); ++i) {
    for (size_t j = 0; j < i; ++j, left >>= 1) {
      if ((left & 1) != 0) signs ^= kBits[i] & kBits[j];
    }
  }
  return signs;
}

// In the groups without the fifth bit a word has its form in the other four; in those with it, also
// what stands beside the fifth bit: a linear form, which is added to the other one, and a sign.
uint16_t FindWord(const Complex (&groups)[kGroups]) {
  constexpr size_t kForms = 64;
  float re[kGroups], im[kGroups];
  for (size_t g = 0; g < kGroups; ++g) {
    re[g] = groups[g].re;
    im[g] = groups[g].im;
  }
  float highest = -1;
  size_t word = 0;
  for (size_t form = 0; form < kForms; ++form) {
    float signs[kGroups];
    const uint32_t bits = SignsOf(static_cast<uint16_t>(form << 5));
    for (size_t g = 0; g < kGroups; ++g) signs[g] = (bits & kMasks[g]) != 0 ? -1.0f : 1.0f;
    const Half low(re, im, signs), high(re + kHalf, im + kHalf, signs + kHalf);
    if (MostPowerOf(low, high) <= highest) continue;
    Powers most{};
    for (size_t one = 0; one < kHalf; ++one) {
      const Powers powers = PowersWith(low, one, high);
      for (size_t g = 0; g < kHalf; ++g) most[g] = powers[g] > most[g] ? powers[g] : most[g];
    }
    if (Highest(most.data()) <= highest) continue;
    // Only few forms get here.
    for (size_t one = 0; one < kHalf; ++one) {
      const Powers powers = PowersWith(low, one, high);
      const float* best = std::max_element(powers.data(), powers.data() + kHalf);
      if (*best <= highest) continue;
      highest = *best;
      const size_t other = static_cast<size_t>(best - powers.data());
      const bool is_negative = low.re[one] * high.re[other] + low.im[one] * high.im[other] < 0;
      word = one | (is_negative ? 16 : 0) | form << 5 | (one ^ other) << 11;
    }
  }
  return static_cast<uint16_t>(word);
}

}  // namespace countermark::audio
