#include "watermark/reading.h"

#include <algorithm>
#include <cmath>

namespace countermark {
namespace {

constexpr size_t kRings = 6;
// Of the root mean square magnitude.
constexpr float kOutlier = 1.6f;

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
    out.magnitude[i] = weight[from] * Tilt(kBand[i]);
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

}  // namespace

bool ReadMessage(const Spectrum& fold, const float* weight, const PilotPeak& peak,
                 const Layout& layout, MessageDecoder& decoder, uint64_t* payload) {
  Whitened w = Undo(fold, weight, peak);
  LimitOutliers(&w);
  float reliability[kRings];
  MeasureRings(w, layout, reliability);
  float soft[kCodedBits] = {};
  for (size_t i = 0; i < kPayloadSize; ++i) {
    const size_t k = layout.payload[i];
    const float scale = reliability[RingOf(kBand[k])] * w.magnitude[k];
    soft[layout.bit[2 * i]] += scale * w.re[k] * layout.sign[2 * i];
    soft[layout.bit[2 * i + 1]] += scale * w.im[k] * layout.sign[2 * i + 1];
  }
  return decoder.Decode(soft, peak.score >= 6.0f ? 1024 : 1, payload);
}

}  // namespace countermark
