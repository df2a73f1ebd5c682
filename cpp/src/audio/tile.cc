#include "audio/tile.h"

#include <algorithm>
#include <numeric>

#include "audio/sign_word.h"
#include "base/generator.h"

namespace countermark::audio {
namespace {

// Streams of the key's generator. The branch of kChoiceStream is the content.
enum : uint32_t {
  kOrderStream = 0x100,
  kPilotStream = 0x101,
  kBitStream = 0x102,
  kSignStream = 0x103,
  kChoiceStream = 0x104,
  kGroupStream = 0x105,
};

constexpr float kHalfRoot = 0.70710678118654752f;

int8_t Sign(uint32_t bit) { return bit != 0 ? -1 : 1; }

// Of kEach neighbours each has another of the numbers below kEach.
template <size_t kEach, typename T, size_t kCount>
void DealOut(Generator numbers, std::array<T, kCount>* out) {
  std::array<T, kEach> each;
  for (size_t begin = 0; begin < kCount; begin += kEach) {
    std::iota(each.begin(), each.end(), T{0});
    numbers.Shuffle(each.data(), kEach);
    std::copy_n(each.begin(), std::min(kEach, kCount - begin), out->begin() + begin);
  }
}

}  // namespace

Choice ChooseTile(const Key& key, uint32_t content) {
  Generator choices(key, kChoiceStream, content);
  const uint16_t word = static_cast<uint16_t>(choices.Below(kSignWords));
  const size_t origin = choices.Below(kTile);
  return {word, origin, choices.Below(kGainPeriod)};
}

Layout::Layout(const Key& key) {
  std::array<uint16_t, kLines> order;
  std::iota(order.begin(), order.end(), uint16_t{0});
  Generator(key, kOrderStream).Shuffle(order.data(), order.size());
  std::copy_n(order.begin(), kPilotLines, pilot.begin());
  std::copy_n(order.begin() + kPilotLines, kPayloadLines, payload.begin());
  std::sort(pilot.begin(), pilot.end());
  std::sort(payload.begin(), payload.end());

  Generator phases(key, kPilotStream);
  for (size_t i = 0; i < kPilotLines; ++i) {
    const uint32_t bits = phases.Next();
    pilot_re[i] = Sign(bits & 1);
    pilot_im[i] = Sign(bits & 2);
  }

  // Every bit has dimensions all over the band, as many as any other, give or take one.
  DealOut<kCodedBits>(Generator(key, kBitStream), &bit_of);
  DealOut<kGroups>(Generator(key, kGroupStream), &group);

  Generator signs(key, kSignStream);
  for (int8_t& s : sign) s = Sign(signs.Next() & 1);
}

Layout Layout::With(uint16_t word) const {
  Layout other = *this;
  other.Turn(word);
  return other;
}

void Layout::Turn(uint16_t word) {
  const uint32_t signs = SignsOf(word);
  const auto sign_of = [&](size_t line) { return Sign(signs >> group[line] & 1); };
  for (size_t i = 0; i < kPilotLines; ++i) {
    pilot_re[i] *= sign_of(pilot[i]);
    pilot_im[i] *= sign_of(pilot[i]);
  }
  for (size_t i = 0; i < kDimensions; ++i) sign[i] *= sign_of(payload[i / 2]);
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
