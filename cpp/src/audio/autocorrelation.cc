#include "audio/autocorrelation.h"

#include <algorithm>
#include <array>

#include "audio/pilot.h"
#include "base/trigonometry.h"

namespace countermark::audio {
namespace {

constexpr size_t kLanes = kFourierLanes;
static_assert(kLanes == 8);

Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
Complex operator*(Complex a, Complex b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

using Eight = std::array<Complex, kLanes>;

constexpr float kHalfRoot = 0.70710678118654752f;

// out(p) = sum over l of a(l) exp(-2 pi i l p / 8).
Eight TransformEight(const Eight& a) {
  const auto four = [](Complex a0, Complex a1, Complex a2, Complex a3) {
    const Complex even = a0 + a2, even_lag = a0 - a2, odd = a1 + a3, odd_lag = a1 - a3;
    return std::array<Complex, 4>{even + odd,
                                  {even_lag.re + odd_lag.im, even_lag.im - odd_lag.re},
                                  even - odd,
                                  {even_lag.re - odd_lag.im, even_lag.im + odd_lag.re}};
  };
  const auto even = four(a[0], a[2], a[4], a[6]);
  const auto odd = four(a[1], a[3], a[5], a[7]);
  const std::array<Complex, 4> turned = {
      odd[0],
      {kHalfRoot * (odd[1].re + odd[1].im), kHalfRoot * (odd[1].im - odd[1].re)},
      {odd[2].im, -odd[2].re},
      {kHalfRoot * (odd[3].im - odd[3].re), -kHalfRoot * (odd[3].re + odd[3].im)}};
  Eight out;
  for (size_t p = 0; p < 4; ++p) {
    out[p] = even[p] + turned[p];
    out[p + 4] = even[p] - turned[p];
  }
  return out;
}

Eight Load(const float* element) {
  Eight a;
  for (size_t l = 0; l < kLanes; ++l) a[l] = {element[l], element[kLanes + l]};
  return a;
}

void Store(const Eight& a, float* element) {
  for (size_t l = 0; l < kLanes; ++l) {
    element[l] = a[l].re;
    element[kLanes + l] = a[l].im;
  }
}

// exp(-2 pi i n / turns), n = 0, 1, 2 and so on, by turning on: errors stay below 1e-11.
class Turn {
 public:
  explicit Turn(size_t turns)
      : step_re_(CosineOfTurn(1, static_cast<int>(turns))),
        step_im_(-SineOfTurn(1, static_cast<int>(turns))) {}
  Complex Get() const { return {static_cast<float>(re_), static_cast<float>(im_)}; }
  void Next() {
    const double re = re_ * step_re_ - im_ * step_im_;
    im_ = re_ * step_im_ + im_ * step_re_;
    re_ = re;
  }

 private:
  double step_re_, step_im_;
  double re_ = 1, im_ = 0;
};

// Lane l times turn^l.
void TurnLanes(Complex turn, Eight* a) {
  const Complex square = turn * turn, cube = square * turn, fourth = square * square;
  const Complex turns[] = {turn, square, cube, fourth, fourth * turn, cube * cube, fourth * cube};
  for (size_t l = 1; l < kLanes; ++l) (*a)[l] = (*a)[l] * turns[l - 1];
}

// exp(-2 pi i p / 16)
constexpr std::array<Complex, kLanes> kSixteenths = [] {
  std::array<Complex, kLanes> turns{};
  for (int p = 0; p < static_cast<int>(kLanes); ++p) {
    turns[static_cast<size_t>(p)] = {static_cast<float>(CosineOfTurn(p, 16)),
                                     static_cast<float>(-SineOfTurn(p, 16))};
  }
  return turns;
}();

float LimitedPower(Complex a, float limit) {
  const float power = a.re * a.re + a.im * a.im;
  return power / (1 + power / limit);
}

// Of a sound whose even samples are the real and whose odd ones the imaginary parts of what was
// transformed to Z: from Z(k), Z(M - k) and w = exp(-2 pi i k / 2 M) to the same of its
// autocorrelation, real and imaginary parts exchanged, for which the transform goes back.
void TakePowerOfPair(float limit, Complex w, Complex* there, Complex* back) {
  const Complex sum = {0.5f * (there->re + back->re), 0.5f * (there->im - back->im)};
  const Complex lag = {0.5f * (there->im + back->im), 0.5f * (back->re - there->re)};
  const Complex turned = w * lag;
  const Complex low = sum + turned, high = sum - turned;
  const float low_power = LimitedPower(low, limit), high_power = LimitedPower(high, limit);
  const float mean = 0.5f * (low_power + high_power), half = 0.5f * (low_power - high_power);
  // mean + i half conj(w), and for M - k the same with half and w = -conj(w) the other way round.
  *there = {half * w.re, mean + half * w.im};
  *back = {half * w.re, mean - half * w.im};
}

}  // namespace

Autocorrelation::Autocorrelation(size_t samples, size_t lags, Arena& arena)
    : fft_(LaneFft::FastLength((samples + lags + kPacked - 1) / kPacked), arena),
      elements_(arena.Allocate<float>(fft_.length() * kPacked)),
      scratch_(arena.Allocate<float>(fft_.length() * kPacked)) {}

const float* Autocorrelation::Run(const Sound& sound, float limit) {
  const size_t length = fft_.length();
  for (size_t j = 0; j < length; ++j) {
    float* element = elements_ + j * kPacked;
    for (size_t i = 0; i < kPacked; ++i) {
      const size_t n = j * kPacked + i;
      element[i % 2 * kLanes + i / 2] = n < sound.count ? sound.samples[n] : 0.0f;
    }
  }
  float* z = fft_.Transform(elements_, scratch_);
  JoinLanes(z);
  TakePower(limit, z);
  PartLanes(z);
  float* other = z == elements_ ? scratch_ : elements_;
  const float* back = fft_.Transform(z, other);
  float* out = back == z ? other : z;
  // What came out as imaginary is real.
  for (size_t j = 0; j < length; ++j) {
    const float* element = back + j * kPacked;
    for (size_t i = 0; i < kPacked; ++i) {
      out[j * kPacked + i] = element[(i + 1) % 2 * kLanes + i / 2];
    }
  }
  return out;
}

void Autocorrelation::JoinLanes(float* elements) const {
  Turn turn(fft_.length() * kLanes);
  for (size_t q = 0; q < fft_.length(); ++q, turn.Next()) {
    Eight a = Load(elements + q * kPacked);
    TurnLanes(turn.Get(), &a);
    Store(TransformEight(a), elements + q * kPacked);
  }
}

void Autocorrelation::PartLanes(float* elements) const {
  Turn turn(fft_.length() * kLanes);
  for (size_t q = 0; q < fft_.length(); ++q, turn.Next()) {
    Eight a = TransformEight(Load(elements + q * kPacked));
    TurnLanes(turn.Get(), &a);
    Store(a, elements + q * kPacked);
  }
}

// Lane p of element q is Z(q + p length).
void Autocorrelation::TakePower(float limit, float* elements) const {
  const size_t length = fft_.length();
  Turn turn(2 * length * kLanes);
  for (size_t q = 0; 2 * q <= length; ++q, turn.Next()) {
    const size_t other = (length - q) % length;
    Eight there = Load(elements + q * kPacked), back = Load(elements + other * kPacked);
    for (size_t p = 0; p < kLanes; ++p) {
      const Complex w = turn.Get() * kSixteenths[p];
      if (q != 0 && q != other) {
        TakePowerOfPair(limit, w, &there[p], &back[kLanes - 1 - p]);
        continue;
      }
      // Both are lanes of one element.
      const size_t mirror = q == 0 ? (kLanes - p) % kLanes : kLanes - 1 - p;
      if (mirror > p) TakePowerOfPair(limit, w, &there[p], &there[mirror]);
      if (mirror == p) {
        Complex same = there[p];
        TakePowerOfPair(limit, w, &there[p], &same);
      }
    }
    if (other != q) Store(back, elements + other * kPacked);
    Store(there, elements + q * kPacked);
  }
}

}  // namespace countermark::audio
