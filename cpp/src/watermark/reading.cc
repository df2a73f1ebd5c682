#include "watermark/reading.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace countermark {
namespace {

// Few, so that each is measured well.
constexpr size_t kRings = 3;
// Of the root mean square magnitude.
constexpr float kOutlier = 1.6f;

// Where a frequency lies among rings of equal area between the band's limits, 0 to kRings.
float RingPlace(Frequency k) {
  const float radius2 = static_cast<float>(k.kx * k.kx + k.ky * k.ky);
  return static_cast<float>(kRings) * (radius2 - kBandInner2) / (kBandOuter2 - kBandInner2);
}

size_t RingOf(Frequency k) { return std::min(static_cast<size_t>(RingPlace(k)), kRings - 1); }

// Between the values of two rings.
float Interpolate(const float* rings, Frequency k) {
  const float place = std::clamp(RingPlace(k) - 0.5f, 0.0f, static_cast<float>(kRings - 1));
  const size_t ring = std::min(static_cast<size_t>(place), kRings - 2);
  const float share = place - static_cast<float>(ring);
  return rings[ring] * (1 - share) + rings[ring + 1] * share;
}

// The mark's coefficients as the detector sees them, whitened, and their expected magnitude up to
// a factor that the pilot tells.
struct Whitened {
  float re[kBandSize], im[kBandSize], magnitude[kBandSize];
};

Whitened Undo(const Spectrum& fold, const float* weight, const PilotPeak& peak) {
  Whitened out;
  const auto& moved = MovedCoefficients()[static_cast<size_t>(peak.symmetry)];
  constexpr float kStep = 6.283185307179586f / kTile;
  for (size_t i = 0; i < kBandSize; ++i) {
    const size_t from = moved[i].index;
    const Frequency k = kBand[from];
    const float phase =
        kStep * (static_cast<float>(k.kx) * peak.x + static_cast<float>(k.ky) * peak.y);
    const float c = std::cos(phase), s = std::sin(phase);
    const float w = weight[from] * peak.sign;
    const float re = w * (fold.re[from] * c - fold.im[from] * s);
    const float im = w * (fold.re[from] * s + fold.im[from] * c);
    out.re[i] = re;
    out.im[i] = moved[i].conjugated ? -im : im;
    out.magnitude[i] = weight[from];
  }
  return out;
}

// Lines in the picture's spectrum put a few coefficients far off: they are limited, lest a handful
// outvote the rest.
void LimitOutliers(Whitened* w) {
  float sum = 0;
  for (size_t i = 0; i < kBandSize; ++i) sum += w->re[i] * w->re[i] + w->im[i] * w->im[i];
  const float limit = kOutlier * std::sqrt(sum / kBandSize);
  for (size_t i = 0; i < kBandSize; ++i) {
    const float size = std::sqrt(w->re[i] * w->re[i] + w->im[i] * w->im[i]);
    if (size > limit) {
      w->re[i] *= limit / size;
      w->im[i] *= limit / size;
    }
  }
}

// Ratio of amplitude to noise power, ring by ring, measured on the pilot. It is negative where the
// picture was filtered so that a ring is turned round, as beyond the first zero of a box filter.
void MeasureRings(const Whitened& w, const Layout& layout, float* reliability) {
  // In deviations of chance: a gain that is not clearly other than 0 counts for a little.
  constexpr float kLeastShare = 0.05f, kClearly = 2.5f;
  float product[kRings] = {}, norm[kRings] = {}, noise[kRings] = {}, count[kRings] = {};
  for (size_t i = 0; i < kPilotSize; ++i) {
    const size_t k = layout.pilot[i], ring = RingOf(kBand[k]);
    const float seen = w.re[k] * layout.pilot_re[i] + w.im[k] * layout.pilot_im[i];
    product[ring] += seen * w.magnitude[k];
    norm[ring] += 2 * w.magnitude[k] * w.magnitude[k];
    count[ring] += 2;
  }
  float gain[kRings], largest = 0;
  for (size_t r = 0; r < kRings; ++r) {
    gain[r] = product[r] / (norm[r] + 1e-20f);
    largest = std::max(largest, gain[r]);
  }
  for (size_t i = 0; i < kPilotSize; ++i) {
    const size_t k = layout.pilot[i], ring = RingOf(kBand[k]);
    const float re = w.re[k] - gain[ring] * w.magnitude[k] * layout.pilot_re[i];
    const float im = w.im[k] - gain[ring] * w.magnitude[k] * layout.pilot_im[i];
    noise[ring] += re * re + im * im;
  }
  for (size_t r = 0; r < kRings; ++r) {
    const float variance = noise[r] / count[r] + 1e-9f;
    const bool turned = gain[r] < -kClearly * std::sqrt(variance / (norm[r] + 1e-20f));
    reliability[r] = (turned ? gain[r] : std::max(gain[r], kLeastShare * largest)) / variance;
  }
}

// One component of the payload's coefficients: what was seen, weighted, and the sign that the key
// gives it when its coded bit is 0.
struct Component {
  float value;
  int8_t sign;
  uint16_t bit;
};

using Components = std::array<Component, 2 * kPayloadSize>;

Components WeighComponents(const Whitened& w, const Layout& layout, const float* reliability) {
  Components components;
  for (size_t i = 0; i < kPayloadSize; ++i) {
    const size_t k = layout.payload[i];
    const float scale = Interpolate(reliability, kBand[k]) * w.magnitude[k];
    components[2 * i] = {scale * w.re[k], layout.sign[2 * i], layout.bit[2 * i]};
    components[2 * i + 1] = {scale * w.im[k], layout.sign[2 * i + 1], layout.bit[2 * i + 1]};
  }
  return components;
}

// A weighted sum of signs, in deviations of chance.
class SignedSum {
 public:
  void Add(float value, int sign) {
    const double v = static_cast<double>(value);
    sum_ += sign * v;
    squares_ += v * v;
  }
  double Deviations() const { return sum_ / std::sqrt(squares_ + 1e-30); }

 private:
  double sum_ = 0, squares_ = 0;
};

// How well the payload's part of the pattern fits.
double PayloadLikeness(const Components& components, const Word& word) {
  const auto coded = EncodeMessage(word);
  SignedSum sum;
  for (const Component& c : components) sum.Add(c.value, coded[c.bit] != 0 ? -c.sign : c.sign);
  return sum.Deviations();
}

// How well the pilot fits, weighted by nothing that was learned from it.
double PilotLikeness(const Whitened& w, const Layout& layout) {
  SignedSum sum;
  for (size_t i = 0; i < kPilotSize; ++i) {
    const size_t k = layout.pilot[i];
    sum.Add(w.re[k] * w.magnitude[k], layout.pilot_re[i]);
    sum.Add(w.im[k] * w.magnitude[k], layout.pilot_im[i]);
  }
  return sum.Deviations();
}

// Less than one of so many keys says nothing: there are 2^128.
constexpr double kLeastRate = 1e-30;
constexpr double kWords = 0x1p68;
static_assert(kPayloadBits + kVariantBits == 68);

// The payload's signs are random to the picture, and to all that was learned from the pilot: the
// placement, the shift and the weights. So, for one word and one placement, the likeness exceeds t
// with a probability below 3.178 Q(t), Q being the tail of the normal distribution (Bentkus and
// Dzindzalieta, "A tight Gaussian bound for weighted sums of Rademacher random variables", 2015).
// That times all that might have been read: every word in every reading of one call.
double RateAnywhere(double payload_likeness) {
  constexpr double kTailFactor = 3.178, kRootOfHalf = 0.70710678118654752;
  const double tail = 0.5 * std::erfc(payload_likeness * kRootOfHalf);
  return kMostReadings * kWords * kTailFactor * tail;
}

// A picture that was not cropped has the tile where the word says, in one of eight symmetries and
// one of two signs; nothing was chosen by the pilot, and its fit counts as well. Given the pilot's
// signs, those of the payload are still random: for one word and place, whatever the picture,
// a L_pilot + b L_payload, a^2 + b^2 = 1, exceeds t with a probability below exp(-t^2 / 2)
// (Hoeffding). The shares are those of the pilot and the payload in the pattern.
double RateInPlace(double pilot_likeness, double payload_likeness) {
  constexpr double kPlaces = kFixedPlacements * kSymmetries * 2;
  constexpr double kPilotShare = 1.0 / kPilotDivisor;
  const double both =
      std::sqrt(kPilotShare) * pilot_likeness + std::sqrt(1 - kPilotShare) * payload_likeness;
  return kPlaces * kWords * std::exp(-0.5 * both * std::max(both, 0.0));
}

// Whether the shift is that of a picture whose centre is where it was when it was marked.
bool IsInPlace(const PilotPeak& peak, const Origin& origin) {
  const Symmetry s = SymmetryOf(peak.symmetry);
  const auto same = [](float shift, int place) {
    return static_cast<int>(shift) == (place % kTile + kTile) % kTile;
  };
  return same(peak.x, s.xx * origin.x + s.xy * origin.y) &&
         same(peak.y, s.yx * origin.x + s.yy * origin.y);
}

// Weighs by what the pilot tells.
Components ComponentsOf(const Spectrum& fold, const float* weight, const PilotPeak& peak,
                        const Layout& layout, Whitened* w) {
  *w = Undo(fold, weight, peak);
  LimitOutliers(w);
  float reliability[kRings];
  MeasureRings(*w, layout, reliability);
  return WeighComponents(*w, layout, reliability);
}

// kCodedBits values, positive for 0.
void SoftBits(const Components& components, float* soft) {
  std::fill_n(soft, kCodedBits, 0.0f);
  for (const Component& c : components) soft[c.bit] += c.value * c.sign;
}

// Longer lists take longer, in pictures without a mark too.
size_t CandidatesFor(const PilotPeak& peak, Hint hint) {
  constexpr float kLikelyScore = 5.8f;
  constexpr size_t kInPlace = 1024;
  if (peak.score >= kLikelyScore) return MessageDecoder::kMostCandidates;
  return hint == Hint::kFixedPlacement ? kInPlace : 1;
}

}  // namespace

bool ReadMessage(const Spectrum& fold, const float* weight, const PilotPeak& peak, Hint hint,
                 double trials, const Layout& layout, MessageDecoder& decoder, Message* message) {
  Whitened w;
  const Components components = ComponentsOf(fold, weight, peak, layout, &w);
  float soft[kCodedBits];
  SoftBits(components, soft);
  if (!decoder.Decode(soft, CandidatesFor(peak, hint), &message->word)) return false;
  message->likeness = PayloadLikeness(components, message->word);
  double rate = RateAnywhere(message->likeness);
  if (hint == Hint::kFixedPlacement && IsInPlace(peak, layout.OriginOf(message->word))) {
    rate = std::min(rate, RateInPlace(PilotLikeness(w, layout), message->likeness));
  }
  // Twice, because either of two ways to count would do.
  message->false_positive_rate = std::clamp(2 * trials * rate, kLeastRate, 1.0);
  return message->false_positive_rate <= kMostFalsePositives;
}

void MeasureMargins(const Spectrum& fold, const float* weight, const PilotPeak& peak,
                    const Layout& layout, const Word& word, float* margins) {
  Whitened w;
  SoftBits(ComponentsOf(fold, weight, peak, layout, &w), margins);
  float squares = 0;
  for (size_t i = 0; i < kCodedBits; ++i) squares += margins[i] * margins[i];
  const float unit = 1 / (std::sqrt(squares / kCodedBits) + 1e-20f);
  const auto coded = EncodeMessage(word);
  for (size_t i = 0; i < kCodedBits; ++i) margins[i] *= coded[i] != 0 ? -unit : unit;
}

}  // namespace countermark
