#include "transform/lane_fft.h"

#include <utility>

#include "base/trigonometry.h"

namespace countermark {
namespace {

constexpr size_t kRadices[] = {4, 2, 3, 5};

// turns(n) = exp(-2 pi i n / length), by turning on: errors stay below 1e-12.
void FillTurns(size_t length, double* re, double* im) {
  const double c = CosineOfTurn(1, static_cast<int>(length));
  const double s = -SineOfTurn(1, static_cast<int>(length));
  re[0] = 1;
  im[0] = 0;
  for (size_t n = 1; n < length; ++n) {
    re[n] = re[n - 1] * c - im[n - 1] * s;
    im[n] = re[n - 1] * s + im[n - 1] * c;
  }
}

}  // namespace

size_t LaneFft::FastLength(size_t length) {
  for (size_t candidate = length + length % 2;; candidate += 2) {
    size_t rest = candidate;
    for (size_t factor : {2, 3, 5}) {
      while (rest % factor == 0) rest /= factor;
    }
    if (rest == 1) return candidate;
  }
}

LaneFft::LaneFft(size_t length, Arena& arena) : length_(length) {
  size_t rest = length;
  for (size_t radix : kRadices) {
    for (; rest % radix == 0; rest /= radix) {
      passes_[count_++] = {radix, rest, length / rest,
                           arena.Allocate<float>(2 * (rest / radix) * (radix - 1))};
    }
  }
  const Arena::Scope scope(arena);
  double* re = arena.Allocate<double>(length);
  double* im = arena.Allocate<double>(length);
  if (im == nullptr) return;
  FillTurns(length, re, im);
  for (size_t i = 0; i < count_; ++i) {
    const Pass& pass = passes_[i];
    float* twiddle = pass.twiddles;
    for (size_t p = 0; p < pass.length / pass.radix; ++p) {
      for (size_t k = 1; k < pass.radix; ++k) {
        *twiddle++ = static_cast<float>(re[p * k * pass.stride]);
        *twiddle++ = static_cast<float>(im[p * k * pass.stride]);
      }
    }
  }
}

float* LaneFft::Transform(float* in, float* scratch) const {
  for (size_t i = 0; i < count_; ++i) {
    const Pass& pass = passes_[i];
    FourierPass(in, pass.radix, pass.length, pass.stride, pass.twiddles, scratch);
    std::swap(in, scratch);
  }
  return in;
}

}  // namespace countermark
