#include "audio/short_time.h"

#include <algorithm>
#include <cmath>

#include "base/trigonometry.h"
#include "kernels/interleave.h"

namespace countermark::audio {
namespace {

constexpr size_t kLanes = kFourierLanes;

// The sum of the squares of a Hann window is 3/8 of its length.
constexpr double kSumOfSquares = 0.375 * kFrame;
// Under both windows, frames overlap to kFrame / kHop of what they were.
constexpr float kInverseScale = static_cast<float>(kHop) / kFrame;

// The imaginary parts of bins that are real.
constexpr float kNothing[kFrames] = {};

}  // namespace

ShortTime::ShortTime(Arena& arena)
    : transform_(kFrame, arena),
      window_(arena.Allocate<float>(kFrame)),
      elements_(arena.Allocate<float>(kFrame * kFourierElement)),
      scratch_(arena.Allocate<float>(kFrame * kFourierElement)) {
  if (scratch_ == nullptr) return;
  const double scale = 1 / std::sqrt(kSumOfSquares);
  for (size_t n = 0; n < kFrame; ++n) {
    const double cosine = CosineOfTurn(static_cast<int>(n), static_cast<int>(kFrame));
    window_[n] = static_cast<float>(scale * (0.5 - 0.5 * cosine));
  }
}

// Lane l is frame l + i times frame l + kLanes, Z = A + i B, so that
// A(k) = (Z(k) + Z*(-k)) / 2 and B(k) = (Z(k) - Z*(-k)) / 2i.
void ShortTime::Forward(const float* samples, float* cells) {
  // A frame has samples of kFrame / kHop hops: those of all hops side by side, from the frame's
  // first one on.
  constexpr size_t kHops = kBlockSpan / kHop;
  static_assert(kHop * kHops <= kFrame * kFourierElement);
  for (size_t h = 0; h < kHops; ++h) {
    for (size_t n = 0; n < kHop; ++n) scratch_[n * kHops + h] = samples[h * kHop + n];
  }
  for (size_t n = 0; n < kFrame; ++n) {
    const float* own = scratch_ + n % kHop * kHops + n / kHop;
    float element[kFrames];
    for (size_t f = 0; f < kFrames; ++f) element[f] = window_[n] * own[f];
    std::copy_n(element, kFrames, elements_ + n * kFrames);
  }
  const float* z = transform_.Transform(elements_, scratch_);
  for (size_t k = 0; k < kBins; ++k) {
    // In local arrays, as nothing else is known to lie apart.
    const float* there = z + k * kFourierElement;
    const float* back = z + (kFrame - k) % kFrame * kFourierElement;
    float re[kFrames], im[kFrames];
    for (size_t f = 0; f < kFrames; ++f) re[f] = 0.5f * (there[f] + back[f]);
    for (size_t l = 0; l < kLanes; ++l) im[l] = 0.5f * (there[kLanes + l] - back[kLanes + l]);
    for (size_t l = 0; l < kLanes; ++l) im[kLanes + l] = 0.5f * (back[l] - there[l]);
    std::copy_n(re, kFrames, cells + k * kBinStep);
    std::copy_n(im, kFrames, cells + k * kBinStep + kFrames);
  }
}

// The forward transform of i Z* is i times the conjugate of the inverse: with real and imaginary
// parts exchanged, it goes back.
void ShortTime::Inverse(const float* cells, float* samples) {
  for (size_t k = 0; k < kBins; ++k) {
    const float* re = cells + k * kBinStep;
    const float* im = k == 0 || k == kBins - 1 ? kNothing : re + kFrames;
    float* there = elements_ + k * kFourierElement;
    float* back = elements_ + (kFrame - k) % kFrame * kFourierElement;
    float first[kLanes], second[kLanes], first_back[kLanes], second_back[kLanes];
    for (size_t l = 0; l < kLanes; ++l) {
      first[l] = re[l] - im[kLanes + l];
      second[l] = re[kLanes + l] + im[l];
      first_back[l] = re[l] + im[kLanes + l];
      second_back[l] = re[kLanes + l] - im[l];
    }
    std::copy_n(second, kLanes, there);
    std::copy_n(first, kLanes, there + kLanes);
    std::copy_n(second_back, kLanes, back);
    std::copy_n(first_back, kLanes, back + kLanes);
  }
  float* z = transform_.Transform(elements_, scratch_);
  // From all frames' samples n to all samples of a frame: lanes by fours, then each of the four.
  float* fours = z == elements_ ? scratch_ : elements_;
  constexpr size_t kQuarter = kFrame * kFourierElement / 4;
  const auto deal = [](const float* from, size_t count, float* to) {
    float* const rows[4] = {to, to + count, to + 2 * count, to + 3 * count};
    Deinterleave4(from, count, rows);
  };
  deal(z, kQuarter, fours);
  for (size_t i = 0; i < 4; ++i) deal(fours + i * kQuarter, kFrame, z + i * kQuarter);
  for (size_t f = 0; f < kFrames; ++f) {
    const size_t lane = f < kLanes ? kLanes + f : f - kLanes;
    const float* frame = z + lane % 4 * kQuarter + lane / 4 * kFrame;
    float* out = samples + f * kHop;
    for (size_t n = 0; n < kFrame; ++n) out[n] += kInverseScale * (window_[n] * frame[n]);
  }
}

}  // namespace countermark::audio
