#include "audio/sign_word.h"

#include <cmath>
#include <iterator>

namespace countermark::audio {
namespace {

constexpr size_t kHalf = kGroups / 2;

// The values that a bit of g has in all groups.
constexpr uint32_t kBits[] = {0xaaaaaaaa, 0xcccccccc, 0xf0f0f0f0, 0xff00ff00, 0xffff0000};

// Sums over half of the groups, signs[g] of a form in four bits on them: out[w] with the linear
// form w in addition (Walsh and Hadamard).
void TransformHalf(const Complex* groups, uint32_t signs, Complex* out) {
  for (size_t g = 0; g < kHalf; ++g) {
    const float sign = (signs >> g & 1) != 0 ? -1.0f : 1.0f;
    out[g] = {sign * groups[g].re, sign * groups[g].im};
  }
  for (size_t span = 1; span < kHalf; span *= 2) {
    for (size_t g = 0; g < kHalf; ++g) {
      if ((g & span) != 0) continue;
      const Complex a = out[g], b = out[g + span];
      out[g] = {a.re + b.re, a.im + b.im};
      out[g + span] = {a.re - b.re, a.im - b.im};
    }
  }
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
// what stands beside the fifth bit: a linear form, which moves the transform, and a sign.
uint16_t FindWord(const Complex (&groups)[kGroups]) {
  constexpr size_t kForms = 64;
  float highest = -1;
  size_t word = 0;
  for (size_t form = 0; form < kForms; ++form) {
    const uint32_t signs = SignsOf(static_cast<uint16_t>(form << 5));
    Complex low[kHalf], high[kHalf];
    TransformHalf(groups, signs, low);
    TransformHalf(groups + kHalf, signs, high);
    for (size_t moved = 0; moved < kHalf; ++moved) {
      for (size_t linear = 0; linear < kHalf; ++linear) {
        const Complex a = low[linear], b = high[linear ^ moved];
        const float both = 2 * (a.re * b.re + a.im * b.im);
        const float power = a.Power() + b.Power() + std::fabs(both);
        if (power <= highest) continue;
        highest = power;
        word = linear | (both < 0 ? 16 : 0) | form << 5 | moved << 11;
      }
    }
  }
  return static_cast<uint16_t>(word);
}

}  // namespace countermark::audio
