// What a key decides: which lines of the tile are pilot, their phases, where each coded bit lies,
// and which lines change sides together.
#ifndef COUNTERMARK_AUDIO_TILE_H_
#define COUNTERMARK_AUDIO_TILE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "audio/format.h"
#include "base/key.h"
#include "code/message.h"

namespace countermark::audio {

// Fourier coefficients at the mark's lines; line kFirstLine comes first.
struct Spectrum {
  std::array<float, kLines> re, im;
};

// Which signs a sound's tile has, and where in time it and the cells of the second layer begin.
struct Choice {
  uint16_t word;       // below kSignWords
  size_t origin;       // in samples at kRate, below kTile
  size_t gain_origin;  // in frames, below kGainPeriod
};

// Decided by the sound (`content`, a checksum of some of it) and the key: sounds marked with one
// key bear different tiles at different places, and added up they do not show any of them.
Choice ChooseTile(const Key& key, uint32_t content);

// The message's variant, in a sound that chose this word.
constexpr uint8_t VariantOf(uint16_t word) { return word % kVariants; }

struct Layout {
  // Of the word in which all signs are +1.
  explicit Layout(const Key& key);
  Layout With(uint16_t word) const;
  void Turn(uint16_t word);  // this one, to that word from the first

  // Indices into a Spectrum, ascending.
  std::array<uint16_t, kPilotLines> pilot;
  std::array<uint16_t, kPayloadLines> payload;
  // Known phases of the pilot, one of four: signs of the real and of the imaginary part.
  std::array<int8_t, kPilotLines> pilot_re, pilot_im;
  // Of each line. Of kGroups neighbours each belongs to another group.
  std::array<uint8_t, kLines> group;
  // Payload line i carries bit bit_of[2 i] in its real and bit_of[2 i + 1] in its imaginary part,
  // negated where the sign is -1. Of kCodedBits neighbours each carries another bit.
  std::array<uint16_t, kDimensions> bit_of;
  std::array<int8_t, kDimensions> sign;
};

// Coded bits as amplitudes: 1 for a 0, -1 for a 1.
std::array<float, kCodedBits> Amplitudes(const Word& word);

// Pilot, and payload with an amplitude for each coded bit. Lines have magnitude 1 where the
// amplitudes are 1 or -1.
void MakeSpectrum(const Layout& layout, const float* amplitudes, Spectrum* spectrum);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_TILE_H_
