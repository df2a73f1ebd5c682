// 64 payload bits, 4 bits of a variant and a CRC-32, protected by a tail-biting convolutional code.
//
// Rate 1/4, constraint length 13, generators 11145 12477 15573 16727 (octal): 100 bits become 400.
// Tail-biting (the register starts with the word's last bits) spends no bits on ending the word.
#ifndef COUNTERMARK_CODE_MESSAGE_H_
#define COUNTERMARK_CODE_MESSAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/arena.h"

namespace countermark {

inline constexpr size_t kPayloadBits = 64;
inline constexpr size_t kVariantBits = 4;
inline constexpr size_t kCheckBits = 32;
inline constexpr size_t kWordBits = kPayloadBits + kVariantBits + kCheckBits;
inline constexpr size_t kCodeRate = 4;
inline constexpr size_t kCodedBits = kWordBits * kCodeRate;

// What a mark says: the caller's bits, and which of the tile's places its embedder chose.
struct Word {
  uint64_t payload;
  uint8_t variant;  // below 1 << kVariantBits
};

// Coded bits, each 0 or 1.
using CodedBits = std::array<uint8_t, kCodedBits>;
CodedBits EncodeMessage(const Word& word);

// Of a payload with each of its variants, faster than one by one.
void EncodeVariants(uint64_t payload, std::array<CodedBits, size_t{1} << kVariantBits>* coded);

// Soft-decision list decoder: Viterbi over a circle of 100 steps, run round until the ends agree;
// then the paths that differ from the best one in the least likely places, best first (Soong and
// Huang, "A tree-trellis based fast search", 1991), until the check bits agree.
class MessageDecoder {
 public:
  static constexpr size_t kMostCandidates = 4096;

  // Built over an Arena without memory it only counts.
  explicit MessageDecoder(Arena& arena);

  bool IsCounting() const { return offered_ == nullptr; }

  // soft: kCodedBits values, positive for 0, negative for 1, magnitude by confidence.
  // Returns whether the check bits agree in one of so many candidates.
  bool Decode(const float* soft, size_t candidates, Word* word);

 private:
  class StateBits;

  // A path that leaves its parent's at `step`, going back from the end, and then survives.
  struct Path {
    float loss;  // of metric, against the best path
    uint16_t parent;
    uint16_t step;
    uint16_t state;  // after the step
  };

  uint32_t RunForward(const float* soft);
  uint32_t Predecessor(size_t step, uint32_t state, bool survivor) const;
  // The states of a path, those of the path it comes from being known.
  void Trace(uint32_t end, size_t path);
  // Offers the paths that leave path `parent` before it left its own parent.
  void Branch(size_t parent);
  void Offer(const Path& path);
  float* LeadAt(size_t step) const;

  float* signs_;    // [kCodeRate][half the states]: output bit of each even state, as +-1
  float* metrics_;  // two generations of path metrics
  float* branch_;   // branch metric of each even state
  // [step from the first that is looked at][state]: by how much the odd predecessor's metric is
  // larger than the even one's.
  float* lead_;
  Path* paths_;      // taken so far
  StateBits* bits_;  // of each, the steps that are looked at
  Path* offered_;    // a heap, least loss first
  size_t offers_ = 0;
};

}  // namespace countermark

#endif  // COUNTERMARK_CODE_MESSAGE_H_
