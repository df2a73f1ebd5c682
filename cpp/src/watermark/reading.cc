#include "watermark/reading.h"

#include <algorithm>
#include <cmath>

namespace countermark {
namespace {

constexpr size_t kRings = 6;
// Of the root mean square magnitude.
constexpr float kOutlier = 1.6f;
// From this height of the pilot on, a list of candidates is worth its time.
constexpr float kLikelyScore = 5.8f;

// Rings of about equal area between the band's limits.
size_t RingOf(Frequency k) {
  const int radius2 = k.kx * k.kx + k.ky * k.ky;
  const size_t ring = static_cast<size_t>(radius2 - kBandInner2) * kRings /
                      static_cast<size_t>(kBandOuter2 - kBandInner2);
  return std::min(ring, kRings - 1);
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

// Ratio of amplitude to noise power, ring by ring, measured on the pilot.
void MeasureRings(const Whitened& w, const Layout& layout, float* reliability) {
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
    reliability[r] = std::max(gain[r], 0.05f * largest) * count[r] / (noise[r] + 1e-9f);
  }
}

// How well the pattern of this payload fits, in deviations of chance.
//
// The pattern is a sequence of signs that the key's generator draws. For a picture that does not
// carry it, and whatever that picture is, the sum of its coefficients under such signs exceeds t
// times the root of the sum of their squares with a probability below exp(-t^2 / 2) (Hoeffding).
// So the coefficients are weighted by nothing here that was learned from the pilot.
double Likeness(const Whitened& w, const Layout& layout, uint64_t payload) {
  double sum = 0, squares = 0;
  const auto add = [&](float value, float magnitude, int sign) {
    const double v = static_cast<double>(value) * static_cast<double>(magnitude);
    sum += sign * v;
    squares += v * v;
  };
  for (size_t i = 0; i < kPilotSize; ++i) {
    const size_t k = layout.pilot[i];
    add(w.re[k], w.magnitude[k], layout.pilot_re[i]);
    add(w.im[k], w.magnitude[k], layout.pilot_im[i]);
  }
  const auto coded = EncodeMessage(payload);
  const auto sign = [&](size_t j) {
    return coded[layout.bit[j]] != 0 ? -layout.sign[j] : layout.sign[j];
  };
  for (size_t i = 0; i < kPayloadSize; ++i) {
    const size_t k = layout.payload[i];
    add(w.re[k], w.magnitude[k], sign(2 * i));
    add(w.im[k], w.magnitude[k], sign(2 * i + 1));
  }
  return sum / std::sqrt(squares + 1e-30);
}

// The chance of one pattern, times all that might have been found: 2^64 messages, 2^18 shifts,
// symmetries and signs of the tile, and no more than 2^14 placements that one call tries. That the
// placement is improved by following the pilot is taken as trying the placements on the way.
double FalsePositiveRate(double likeness) {
  constexpr double kFoundLog2 = 64 + 18 + 14, kLn2 = 0.69314718055994531;
  // Less than one of so many keys says nothing: there are 2^128.
  constexpr double kLeast = 1e-30;
  const double t = std::max(likeness, 0.0);
  return std::clamp(std::exp(kFoundLog2 * kLn2 - 0.5 * t * t), kLeast, 1.0);
}

// kCodedBits values, positive for 0.
void SoftBits(const Whitened& w, const Layout& layout, float* soft) {
  float reliability[kRings];
  MeasureRings(w, layout, reliability);
  std::fill_n(soft, kCodedBits, 0.0f);
  for (size_t i = 0; i < kPayloadSize; ++i) {
    const size_t k = layout.payload[i];
    const float scale = reliability[RingOf(kBand[k])] * w.magnitude[k];
    soft[layout.bit[2 * i]] += scale * w.re[k] * layout.sign[2 * i];
    soft[layout.bit[2 * i + 1]] += scale * w.im[k] * layout.sign[2 * i + 1];
  }
}

}  // namespace

bool ReadMessage(const Spectrum& fold, const float* weight, const PilotPeak& peak,
                 const Layout& layout, MessageDecoder& decoder, Message* message) {
  Whitened w = Undo(fold, weight, peak);
  LimitOutliers(&w);
  float soft[kCodedBits];
  SoftBits(w, layout, soft);
  const size_t candidates = peak.score >= kLikelyScore ? MessageDecoder::kMostCandidates : 1;
  if (!decoder.Decode(soft, candidates, &message->payload)) return false;
  message->likeness = Likeness(w, layout, message->payload);
  message->false_positive_rate = FalsePositiveRate(message->likeness);
  return message->false_positive_rate <= kMostFalsePositives;
}

void MeasureMargins(const Spectrum& fold, const float* weight, const PilotPeak& peak,
                    const Layout& layout, uint64_t payload, float* margins) {
  Whitened w = Undo(fold, weight, peak);
  LimitOutliers(&w);
  SoftBits(w, layout, margins);
  float squares = 0;
  for (size_t i = 0; i < kCodedBits; ++i) squares += margins[i] * margins[i];
  const float unit = 1 / (std::sqrt(squares / kCodedBits) + 1e-20f);
  const auto coded = EncodeMessage(payload);
  for (size_t i = 0; i < kCodedBits; ++i) margins[i] *= coded[i] != 0 ? -unit : unit;
}

}  // namespace countermark
