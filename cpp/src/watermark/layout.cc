#include "watermark/layout.h"

#include <cmath>
#include <cstdlib>
#include <numeric>

#include "base/generator.h"

namespace countermark {
namespace {

// Streams of the key's generator.
enum : uint32_t {
  kOrderStream = 1,
  kPilotStream = 2,
  kBitStream = 3,
  kSignStream = 4,
  // 5: watermark/schedule.cc
  kOriginStream = 16,  // and one more for each variant
};

int8_t Sign(uint32_t bit) { return bit != 0 ? -1 : 1; }

// Fine grain shows less than coarse, and the detector reads it as well: amplitudes grow with the
// root of the frequency.
float AmplitudeAt(Frequency k) {
  return std::sqrt(std::sqrt(static_cast<float>(k.kx * k.kx + k.ky * k.ky)));
}

// How many roots of the frequency more than in pictures the amplitudes of a movie grow with, by the
// pixels of a frame to one of the canonical plane.
int RootsFor(Size frame) {
  const double side = std::sqrt(static_cast<double>(frame.Area()));
  const double scale = side / static_cast<double>(kCanonicalSide);
  if (scale < 1.15) return -2;
  if (scale < 1.65) return -1;
  return scale < 2.3 ? 0 : 1;
}

void Normalise(Spectrum* pattern) {
  const float scale = 1.0f / std::sqrt(MeanSquare(*pattern));
  for (size_t i = 0; i < kBandSize; ++i) {
    pattern->re[i] *= scale;
    pattern->im[i] *= scale;
  }
}

}  // namespace

Layout::Layout(const Key& its_key) : key(its_key) {
  std::array<uint16_t, kBandSize> order;
  std::iota(order.begin(), order.end(), uint16_t{0});
  Generator(key, kOrderStream).Shuffle(order.data(), order.size());
  for (size_t i = 0; i < kPilotSize; ++i) pilot[i] = order[i];
  for (size_t i = 0; i < kPayloadSize; ++i) payload[i] = order[kPilotSize + i];

  Generator phases(key, kPilotStream);
  for (size_t i = 0; i < kPilotSize; ++i) {
    const uint32_t bits = phases.Next();
    pilot_re[i] = Sign(bits & 1);
    pilot_im[i] = Sign(bits & 2);
  }

  // Whole permutations of the coded bits one after the other, so that all are carried as often.
  Generator places(key, kBitStream);
  std::array<uint16_t, kCodedBits> permutation;
  for (size_t i = 0; i < bit.size(); ++i) {
    if (i % kCodedBits == 0) {
      std::iota(permutation.begin(), permutation.end(), uint16_t{0});
      places.Shuffle(permutation.data(), permutation.size());
    }
    bit[i] = permutation[i % kCodedBits];
  }

  Generator signs(key, kSignStream);
  for (int8_t& s : sign) s = Sign(signs.Next() & 1);
}

Origin OriginUnder(const Key& key, const Word& word) {
  Generator places(key, kOriginStream + word.variant, word.payload);
  const int x = static_cast<int>(places.Below(kTile));
  return {x, static_cast<int>(places.Below(kTile))};
}

void MakePattern(const Layout& layout, const Word& word, float limit_x, float limit_y,
                 Spectrum* pattern) {
  for (size_t i = 0; i < kPilotSize; ++i) {
    pattern->re[layout.pilot[i]] = layout.pilot_re[i];
    pattern->im[layout.pilot[i]] = layout.pilot_im[i];
  }
  const auto coded = EncodeMessage(word);
  for (size_t i = 0; i < kPayloadSize; ++i) {
    const auto value = [&](size_t j) {
      return static_cast<float>(coded[layout.bit[j]] != 0 ? -layout.sign[j] : layout.sign[j]);
    };
    pattern->re[layout.payload[i]] = value(2 * i);
    pattern->im[layout.payload[i]] = value(2 * i + 1);
  }
  for (size_t i = 0; i < kBandSize; ++i) {
    const bool held = static_cast<float>(kBand[i].kx) <= limit_x &&
                      static_cast<float>(std::abs(kBand[i].ky)) <= limit_y;
    const float amplitude = held ? AmplitudeAt(kBand[i]) : 0.0f;
    pattern->re[i] *= amplitude;
    pattern->im[i] *= amplitude;
  }
  Normalise(pattern);
}

void SuitGrain(Size frame, Spectrum* pattern) {
  const int roots = RootsFor(frame);
  for (size_t i = 0; i < kBandSize; ++i) {
    const float root = AmplitudeAt(kBand[i]);
    float factor = 1;
    for (int k = 0; k < std::abs(roots); ++k) factor *= root;
    pattern->re[i] = roots < 0 ? pattern->re[i] / factor : pattern->re[i] * factor;
    pattern->im[i] = roots < 0 ? pattern->im[i] / factor : pattern->im[i] * factor;
  }
  Normalise(pattern);
}

}  // namespace countermark
