#include "audio/tile.h"

#include <algorithm>
#include <numeric>

#include "base/generator.h"

namespace countermark::audio {
namespace {

// Streams of the key's generator. Their branches are the variants, or the content.
enum : uint32_t {
  kOrderStream = 0x100,
  kPilotStream = 0x101,
  kBitStream = 0x102,
  kSignStream = 0x103,
  kChoiceStream = 0x104,
};

constexpr float kHalfRoot = 0.70710678118654752f;

int8_t Sign(uint32_t bit) { return bit != 0 ? -1 : 1; }

}  // namespace

Choice ChooseTile(const Key& key, uint32_t content) {
  Generator choices(key, kChoiceStream, content);
  const uint8_t variant = static_cast<uint8_t>(choices.Below(kVariants));
  const size_t origin = choices.Below(kTile);
  return {variant, origin, choices.Below(kGainPeriod)};
}

Layout::Layout(const Key& key, uint8_t variant) {
  std::array<uint16_t, kLines> order;
  std::iota(order.begin(), order.end(), uint16_t{0});
  Generator(key, kOrderStream, variant).Shuffle(order.data(), order.size());
  std::copy_n(order.begin(), kPilotLines, pilot.begin());
  std::copy_n(order.begin() + kPilotLines, kPayloadLines, payload.begin());
  std::sort(pilot.begin(), pilot.end());
  std::sort(payload.begin(), payload.end());

  Generator phases(key, kPilotStream, variant);
  for (size_t i = 0; i < kPilotLines; ++i) {
    const uint32_t bits = phases.Next();
    pilot_re[i] = Sign(bits & 1);
    pilot_im[i] = Sign(bits & 2);
  }

  // Every bit has dimensions all over the band, as many as any other, give or take one.
  Generator places(key, kBitStream, variant);
  for (size_t begin = 0; begin < kDimensions; begin += kCodedBits) {
    std::array<uint16_t, kCodedBits> bits;
    std::iota(bits.begin(), bits.end(), uint16_t{0});
    places.Shuffle(bits.data(), bits.size());
    std::copy_n(bits.begin(), std::min(kCodedBits, kDimensions - begin), bit_of.begin() + begin);
  }

  Generator signs(key, kSignStream, variant);
  for (int8_t& s : sign) s = Sign(signs.Next() & 1);
}

std::array<float, kCodedBits> Amplitudes(const Word& word) {
  const auto coded = EncodeMessage(word);
  std::array<float, kCodedBits> amplitudes;
  for (size_t i = 0; i < kCodedBits; ++i) amplitudes[i] = coded[i] != 0 ? -1.0f : 1.0f;
  return amplitudes;
}

void MakeSpectrum(const Layout& layout, const float* amplitudes, Spectrum* spectrum) {
  for (size_t i = 0; i < kPilotLines; ++i) {
    spectrum->re[layout.pilot[i]] = kHalfRoot * static_cast<float>(layout.pilot_re[i]);
    spectrum->im[layout.pilot[i]] = kHalfRoot * static_cast<float>(layout.pilot_im[i]);
  }
  const auto value = [&](size_t i) {
    return kHalfRoot * static_cast<float>(layout.sign[i]) * amplitudes[layout.bit_of[i]];
  };
  for (size_t i = 0; i < kPayloadLines; ++i) {
    spectrum->re[layout.payload[i]] = value(2 * i);
    spectrum->im[layout.payload[i]] = value(2 * i + 1);
  }
}

}  // namespace countermark::audio
