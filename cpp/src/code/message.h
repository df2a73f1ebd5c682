// 64 payload bits and a CRC-32, protected by a tail-biting convolutional code.
//
// Rate 1/4, constraint length 13, generators 11145 12477 15573 16727 (octal): 96 bits become 384.
// Tail-biting (the register starts with the word's last bits) spends no bits on ending the word.
#ifndef COUNTERMARK_CODE_MESSAGE_H_
#define COUNTERMARK_CODE_MESSAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/arena.h"

namespace countermark {

inline constexpr size_t kPayloadBits = 64;
inline constexpr size_t kCheckBits = 32;
inline constexpr size_t kWordBits = kPayloadBits + kCheckBits;
inline constexpr size_t kCodeRate = 4;
inline constexpr size_t kCodedBits = kWordBits * kCodeRate;

// Coded bits, each 0 or 1.
std::array<uint8_t, kCodedBits> EncodeMessage(uint64_t payload);

// Soft-decision decoder (Viterbi over a circle of 96 steps, run round until the ends agree).
class MessageDecoder {
 public:
  explicit MessageDecoder(Arena& arena);

  // soft: kCodedBits values, positive for 0, negative for 1, magnitude by confidence.
  // Returns whether the check bits agree.
  bool Decode(const float* soft, uint64_t* payload);

 private:
  float* signs_;        // [kCodeRate][half the states]: output bit of each even state, as +-1
  float* metrics_;      // two generations of path metrics
  float* branch_;       // branch metric of each even state
  uint8_t* decisions_;  // [step][state]: low bit of the surviving predecessor
};

}  // namespace countermark

#endif  // COUNTERMARK_CODE_MESSAGE_H_
