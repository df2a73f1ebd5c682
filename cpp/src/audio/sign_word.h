// The word of signs that a sound puts on the groups of lines.
#ifndef COUNTERMARK_AUDIO_SIGN_WORD_H_
#define COUNTERMARK_AUDIO_SIGN_WORD_H_

#include <cstddef>
#include <cstdint>

#include "audio/format.h"

namespace countermark::audio {

struct Complex {
  float re, im;

  float Power() const { return re * re + im * im; }
  float Magnitude() const;
};

// Bit g is set where group g changes sides. The words are the quadratic forms in the five bits of
// g, which are the code of Reed and Muller of order 2, less its constant: any two differ in 8 to 24
// of the 32 groups.
uint32_t SignsOf(uint16_t word);

// The word with which the groups add up to the most, in whatever phase.
uint16_t FindWord(const Complex (&groups)[kGroups]);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_SIGN_WORD_H_
