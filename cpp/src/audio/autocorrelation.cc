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

// So many numbers side by side; Eight are the lanes of an element.
template <size_t kCount>
struct Lanes {
  std::array<float, kCount> re, im;

  Complex operator[](size_t l) const { return {re[l], im[l]}; }
  void Set(size_t l, Complex value) {
    re[l] = value.re;
    im[l] = value.im;
  }
};
using Eight = Lanes<kLanes>;

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
    out.Set(p, even[p] + turned[p]);
    out.Set(p + 4, even[p] - turned[p]);
  }
  return out;
}

Eight Load(const float* element) {
  Eight a;
  std::copy_n(element, kLanes, a.re.data());
  std::copy_n(element + kLanes, kLanes, a.im.data());
  return a;
}

void Store(const Eight& a, float* element) {
  std::copy_n(a.re.data(), kLanes, element);
  std::copy_n(a.im.data(), kLanes, element + kLanes);
}

Eight Reversed(const Eight& a) {
  Eight out;
  std::reverse_copy(a.re.begin(), a.re.end(), out.re.begin());
  std::reverse_copy(a.im.begin(), a.im.end(), out.im.begin());
  return out;
}

template <size_t kCount>
Lanes<kCount> operator*(const Lanes<kCount>& a, const Lanes<kCount>& b) {
  Lanes<kCount> out;
  for (size_t l = 0; l < kCount; ++l) {
    out.re[l] = a.re[l] * b.re[l] - a.im[l] * b.im[l];
    out.im[l] = a.re[l] * b.im[l] + a.im[l] * b.re[l];
  }
  return out;
}

// Even samples are real parts, odd ones imaginary.
void Pack(const float* samples, float* element) {
  Eight a;
  for (size_t l = 0; l < kLanes; ++l) a.Set(l, {samples[2 * l], samples[2 * l + 1]});
  Store(a, element);
}

// What came out as imaginary is real.
void Unpack(const float* element, float* samples) {
  float out[2 * kLanes];
  for (size_t l = 0; l < kLanes; ++l) {
    out[2 * l] = element[kLanes + l];
    out[2 * l + 1] = element[l];
  }
  std::copy_n(out, 2 * kLanes, samples);
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
Eight TurnLanes(Complex turn, const Eight& a) {
  const Complex square = turn * turn, cube = square * turn, fourth = square * square;
  const Complex fifth = fourth * turn, sixth = cube * cube, seventh = fourth * cube;
  const Eight turns = {{1, turn.re, square.re, cube.re, fourth.re, fifth.re, sixth.re, seventh.re},
                       {0, turn.im, square.im, cube.im, fourth.im, fifth.im, sixth.im, seventh.im}};
  return a * turns;
}

// exp(-2 pi i p / 16)
constexpr Eight kSixteenths = [] {
  Eight turns{};
  for (int p = 0; p < static_cast<int>(kLanes); ++p) {
    turns.re[static_cast<size_t>(p)] = static_cast<float>(CosineOfTurn(p, 16));
    turns.im[static_cast<size_t>(p)] = static_cast<float>(-SineOfTurn(p, 16));
  }
  return turns;
}();

float LimitedPower(float re, float im, float limit) {
  const float power = re * re + im * im;
  return power / (1 + power / limit);
}

// Of a sound whose even samples are the real and whose odd ones the imaginary parts of what was
// transformed to Z: from Z(k), Z(M - k) and w = exp(-2 pi i k / 2 M) to the same of its
// autocorrelation, real and imaginary parts exchanged, for which the transform goes back.
template <size_t kCount>
void TakePowerOfPairs(float limit, const Lanes<kCount>& w, Lanes<kCount>* there,
                      Lanes<kCount>* back) {
  Lanes<kCount> sum, lag;
  for (size_t p = 0; p < kCount; ++p) {
    sum.re[p] = 0.5f * (there->re[p] + back->re[p]);
    sum.im[p] = 0.5f * (there->im[p] - back->im[p]);
    lag.re[p] = 0.5f * (there->im[p] + back->im[p]);
    lag.im[p] = 0.5f * (back->re[p] - there->re[p]);
  }
  const Lanes<kCount> turned = w * lag;
  Lanes<kCount> new_there, new_back;
  for (size_t p = 0; p < kCount; ++p) {
    const float low_power = LimitedPower(sum.re[p] + turned.re[p], sum.im[p] + turned.im[p], limit);
    const float high_power =
        LimitedPower(sum.re[p] - turned.re[p], sum.im[p] - turned.im[p], limit);
    const float mean = 0.5f * (low_power + high_power), half = 0.5f * (low_power - high_power);
    // mean + i half conj(w), and for M - k the same with half and w = -conj(w) the other way round.
    new_there.re[p] = new_back.re[p] = half * w.re[p];
    new_there.im[p] = mean + half * w.im[p];
    new_back.im[p] = mean - half * w.im[p];
  }
  *there = new_there;
  *back = new_back;
}

// Of two lanes of one element, or of one that is its own mirror image.
void TakePowerOfPair(float limit, Complex w, size_t there, size_t back, Eight* a) {
  Lanes<1> first{{a->re[there]}, {a->im[there]}}, second{{a->re[back]}, {a->im[back]}};
  TakePowerOfPairs<1>(limit, {{w.re}, {w.im}}, &first, &second);
  if (back != there) a->Set(back, second[0]);
  a->Set(there, first[0]);
}

}  // namespace

Autocorrelation::Autocorrelation(size_t samples, size_t lags, Arena& arena)
    : fft_(LaneFft::FastLength((samples + lags + kPacked - 1) / kPacked), arena),
      elements_(arena.Allocate<float>(fft_.length() * kPacked)),
      scratch_(arena.Allocate<float>(fft_.length() * kPacked)) {}

const float* Autocorrelation::Run(const Sound& sound, float limit) {
  const size_t length = fft_.length();
  const size_t whole = std::min(sound.count / kPacked, length);
  for (size_t j = 0; j < whole; ++j) Pack(sound.samples + j * kPacked, elements_ + j * kPacked);
  std::fill(elements_ + whole * kPacked, elements_ + length * kPacked, 0.0f);
  if (whole < length) {
    float rest[kPacked] = {};
    std::copy(sound.samples + whole * kPacked, sound.samples + sound.count, rest);
    Pack(rest, elements_ + whole * kPacked);
  }
  float* z = fft_.Transform(elements_, scratch_);
  JoinLanes(z);
  TakePower(limit, z);
  PartLanes(z);
  float* other = z == elements_ ? scratch_ : elements_;
  const float* back = fft_.Transform(z, other);
  float* out = back == z ? other : z;
  for (size_t j = 0; j < length; ++j) Unpack(back + j * kPacked, out + j * kPacked);
  return out;
}

void Autocorrelation::JoinLanes(float* elements) const {
  Turn turn(fft_.length() * kLanes);
  for (size_t q = 0; q < fft_.length(); ++q, turn.Next()) {
    const Eight a = TurnLanes(turn.Get(), Load(elements + q * kPacked));
    Store(TransformEight(a), elements + q * kPacked);
  }
}

void Autocorrelation::PartLanes(float* elements) const {
  Turn turn(fft_.length() * kLanes);
  for (size_t q = 0; q < fft_.length(); ++q, turn.Next()) {
    const Eight a = TransformEight(Load(elements + q * kPacked));
    Store(TurnLanes(turn.Get(), a), elements + q * kPacked);
  }
}

// Lane p of element q is Z(q + p length).
void Autocorrelation::TakePower(float limit, float* elements) const {
  const size_t length = fft_.length();
  Turn turn(2 * length * kLanes);
  for (size_t q = 0; 2 * q <= length; ++q, turn.Next()) {
    const size_t other = (length - q) % length;
    const Complex first = turn.Get();
    Eight firsts;
    firsts.re.fill(first.re);
    firsts.im.fill(first.im);
    const Eight w = firsts * kSixteenths;
    Eight there = Load(elements + q * kPacked);
    if (q != 0 && q != other) {
      Eight back = Reversed(Load(elements + other * kPacked));
      TakePowerOfPairs(limit, w, &there, &back);
      Store(Reversed(back), elements + other * kPacked);
    } else {
      // Both are lanes of one element.
      for (size_t p = 0; p < kLanes; ++p) {
        const size_t mirror = q == 0 ? (kLanes - p) % kLanes : kLanes - 1 - p;
        if (mirror >= p) TakePowerOfPair(limit, w[p], p, mirror, &there);
      }
    }
    Store(there, elements + q * kPacked);
  }
}

}  // namespace countermark::audio
