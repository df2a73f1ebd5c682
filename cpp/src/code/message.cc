#include "code/message.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "code/crc32.h"

namespace countermark {
namespace {

constexpr unsigned kConstraint = 13;
constexpr uint32_t kStates = 1u << (kConstraint - 1);
constexpr uint32_t kHalf = kStates / 2;
constexpr std::array<uint32_t, kCodeRate> kGenerators = {011145, 012477, 015573, 016727};
// Steps before and after the word's own, for the survivors to forget where they began.
constexpr size_t kRunIn = 64;
constexpr size_t kSteps = kRunIn + kWordBits + kRunIn;
// The word is read from two windows, one a little earlier and one a little later: an error that
// is cut by the ends of one lies whole inside the other.
constexpr size_t kWindows[] = {kRunIn - 16, kRunIn + 16};
// Outside of these, and of what reaches into them, there is nothing to read.
constexpr size_t kFirst = kWindows[0], kLast = kWindows[1] + kWordBits + kConstraint;
constexpr size_t kLookedAt = kLast - kFirst;
// So many that throwing away those that will never be taken is rare.
constexpr size_t kMostOffers = 4 * MessageDecoder::kMostCandidates;
constexpr uint16_t kRoot = 0xffff;
// Bits of the state before the first step that is looked at, which is in that after it.
constexpr size_t kOlder = kConstraint - 2;

// Every generator has its first and last bit set. So, of the two states 2j and 2j + 1 and the two
// input bits, the four outputs are one word and its complement, and one metric serves all four.
static_assert([] {
  for (uint32_t g : kGenerators) {
    if ((g & 1) == 0 || (g >> (kConstraint - 1)) == 0) return false;
  }
  return true;
}());

uint8_t OutputBit(uint32_t state, uint32_t input, uint32_t generator) {
  return std::popcount(((input << (kConstraint - 1)) | state) & generator) & 1;
}

// Of the payload's eight bytes, most significant first, and one byte of the variant.
uint32_t CheckBits(const Word& word) {
  std::array<uint8_t, 9> bytes;
  for (size_t i = 0; i < 8; ++i) bytes[i] = uint8_t(word.payload >> (56 - 8 * i));
  bytes[8] = word.variant;
  return Crc32(bytes.data(), bytes.size());
}

// Payload, variant, check, most significant bits first.
std::array<uint8_t, kWordBits> BitsOf(const Word& word) {
  std::array<uint8_t, kWordBits> bits;
  auto next = bits.begin();
  const auto append = [&](uint64_t value, size_t count) {
    while (count-- > 0) *next++ = (value >> count) & 1;
  };
  append(word.payload, kPayloadBits);
  append(word.variant, kVariantBits);
  append(CheckBits(word), kCheckBits);
  return bits;
}

// One step of add-compare-select. Predecessors of state s are 2j and 2j + 1, j = s mod kHalf.
void Advance(const float* branch, const float* old_metrics, float* new_metrics, float* lead) {
  for (uint32_t j = 0; j < kHalf; ++j) {
    const float even = old_metrics[2 * j], odd = old_metrics[2 * j + 1];
    const float even0 = even + branch[j], odd0 = odd - branch[j];
    const float even1 = even - branch[j], odd1 = odd + branch[j];
    lead[j] = odd0 - even0;
    lead[j + kHalf] = odd1 - even1;
    new_metrics[j] = odd0 > even0 ? odd0 : even0;
    new_metrics[j + kHalf] = odd1 > even1 ? odd1 : even1;
  }
}

// Orders a heap so that the least loss is on top.
constexpr auto LosesMore = [](const auto& a, const auto& b) { return a.loss > b.loss; };

}  // namespace

// The states of a path, step by step from the first that is looked at. A state holds the last bits,
// the newest on top: so all of them are one string of bits.
class MessageDecoder::StateBits {
 public:
  uint16_t StateAt(size_t step) const {
    const size_t bit = step % 64;
    const uint64_t* word = &words_[step / 64];
    uint64_t bits = word[0] >> bit;
    if (bit > 64 - (kConstraint - 1)) bits |= word[1] << (64 - bit);
    return bits & (kStates - 1);
  }
  // The last states of all.
  void End(uint16_t state) {
    for (size_t i = 0; i < kConstraint - 1; ++i) Set(kLookedAt - 1 + i, state >> i & 1);
  }
  // Of a state after which the next is right already.
  void Put(size_t step, uint16_t state) { Set(step, state & 1); }

  // The word in a circle of steps, whose first is that of word bit `first`, if its check bits
  // agree.
  bool ReadWord(size_t circle, size_t first, Word* word) const;

 private:
  void Set(size_t at, uint64_t bit) {
    uint64_t& word = words_[at / 64];
    word = (word & ~(uint64_t{1} << at % 64)) | bit << at % 64;
  }

  uint64_t words_[(kLookedAt + kOlder) / 64 + 1];
};

bool MessageDecoder::StateBits::ReadWord(size_t circle, size_t first, Word* word) const {
  size_t next = (kWordBits - first) % kWordBits;
  const auto take = [&](size_t count) {
    uint64_t value = 0;
    while (count-- > 0) {
      const size_t newest = circle + next++ + kOlder;
      value = value << 1 | (words_[newest / 64] >> newest % 64 & 1);
      if (next == kWordBits) next = 0;
    }
    return value;
  };
  word->payload = take(kPayloadBits);
  word->variant = static_cast<uint8_t>(take(kVariantBits));
  return take(kCheckBits) == CheckBits(*word);
}

CodedBits EncodeMessage(const Word& word) {
  const auto bits = BitsOf(word);
  uint32_t state = 0;
  for (size_t i = kWordBits - (kConstraint - 1); i < kWordBits; ++i) {
    state = ((uint32_t{bits[i]} << (kConstraint - 1)) | state) >> 1;
  }
  CodedBits coded;
  for (size_t i = 0; i < kWordBits; ++i) {
    for (size_t g = 0; g < kCodeRate; ++g) {
      coded[i * kCodeRate + g] = OutputBit(state, bits[i], kGenerators[g]);
    }
    state = ((uint32_t{bits[i]} << (kConstraint - 1)) | state) >> 1;
  }
  return coded;
}

// Check and code are linear, but for a constant: a bit of the variant changes the same coded bits
// whatever the other bits are.
void EncodeVariants(uint64_t payload, std::array<CodedBits, size_t{1} << kVariantBits>* coded) {
  CodedBits& first = (*coded)[0];
  first = EncodeMessage({payload, 0});
  for (size_t bit = 1; bit < coded->size(); bit *= 2) {
    const CodedBits changed = EncodeMessage({payload, static_cast<uint8_t>(bit)});
    for (size_t variant = 0; variant < bit; ++variant) {
      const CodedBits& from = (*coded)[variant];
      CodedBits& to = (*coded)[bit + variant];
      for (size_t i = 0; i < kCodedBits; ++i) to[i] = from[i] ^ changed[i] ^ first[i];
    }
  }
}

MessageDecoder::MessageDecoder(Arena& arena)
    : signs_(arena.Allocate<float>(kCodeRate * kHalf)),
      metrics_(arena.Allocate<float>(2 * kStates)),
      branch_(arena.Allocate<float>(kHalf)),
      lead_(arena.Allocate<float>((kSteps - kFirst) * kStates)),
      paths_(arena.Allocate<Path>(kMostCandidates)),
      bits_(arena.Allocate<StateBits>(kMostCandidates)),
      offered_(arena.Allocate<Path>(kMostOffers)) {
  if (offered_ == nullptr) return;
  for (size_t g = 0; g < kCodeRate; ++g) {
    for (uint32_t j = 0; j < kHalf; ++j) {
      signs_[g * kHalf + j] = OutputBit(2 * j, 0, kGenerators[g]) != 0 ? -1.0f : 1.0f;
    }
  }
}

bool MessageDecoder::Decode(const float* soft, size_t candidates, Word* word) {
  const uint32_t end = RunForward(soft);
  offers_ = 0;
  paths_[0] = {0, kRoot, kSteps, static_cast<uint16_t>(end)};
  for (size_t path = 0;;) {
    Trace(end, path);
    for (size_t window : kWindows) {
      const size_t first = (window + kWordBits - kRunIn) % kWordBits;
      if (bits_[path].ReadWord(window - kFirst, first, word)) return true;
    }
    if (path + 1 == std::min(candidates, kMostCandidates)) return false;
    Branch(path);
    if (offers_ == 0) return false;
    std::pop_heap(offered_, offered_ + offers_, LosesMore);
    paths_[++path] = offered_[--offers_];
  }
}

// Returns the state in which the best path ends.
uint32_t MessageDecoder::RunForward(const float* soft) {
  float* current = metrics_;
  float* next = metrics_ + kStates;
  std::fill_n(current, kStates, 0.0f);
  for (size_t step = 0; step < kSteps; ++step) {
    const float* s = soft + (step + kWordBits - kRunIn) % kWordBits * kCodeRate;
    for (uint32_t j = 0; j < kHalf; ++j) {
      branch_[j] = (signs_[j] * s[0] + signs_[kHalf + j] * s[1]) +
                   (signs_[2 * kHalf + j] * s[2] + signs_[3 * kHalf + j] * s[3]);
    }
    // What nobody looks at lies where the first that counts will.
    Advance(branch_, current, next, LeadAt(std::max(step, kFirst)));
    std::swap(current, next);
  }
  return static_cast<uint32_t>(std::max_element(current, current + kStates) - current);
}

float* MessageDecoder::LeadAt(size_t step) const { return lead_ + (step - kFirst) * kStates; }

uint32_t MessageDecoder::Predecessor(size_t step, uint32_t state, bool survivor) const {
  const bool odd = (LeadAt(step)[state] > 0) == survivor;
  return ((state << 1) & (kStates - 1)) | static_cast<uint32_t>(odd);
}

void MessageDecoder::Trace(uint32_t end, size_t path) {
  const Path& p = paths_[path];
  StateBits& bits = bits_[path];
  if (p.parent == kRoot) {
    uint32_t state = end;
    for (size_t step = kSteps; step-- > kFirst; state = Predecessor(step, state, true)) {
      if (step == kLast - 1) bits.End(static_cast<uint16_t>(state));
      if (step < kLast - 1) bits.Put(step - kFirst, static_cast<uint16_t>(state));
    }
    return;
  }
  // From where it meets its parent, which has not left the survivors there, they are one.
  const StateBits& parent = bits_[p.parent];
  bits = parent;
  uint32_t state = Predecessor(p.step, p.state, false);
  for (size_t step = p.step; step-- > kFirst && state != parent.StateAt(step - kFirst);) {
    bits.Put(step - kFirst, static_cast<uint16_t>(state));
    state = Predecessor(step, state, true);
  }
}

void MessageDecoder::Branch(size_t parent) {
  const Path& p = paths_[parent];
  for (size_t step = p.parent == kRoot ? kLast : p.step; step-- > kFirst;) {
    const uint16_t state = bits_[parent].StateAt(step - kFirst);
    Offer({p.loss + std::fabs(LeadAt(step)[state]), static_cast<uint16_t>(parent),
           static_cast<uint16_t>(step), state});
  }
}

// No more than kMostCandidates are ever taken: when there is no room, the others go.
void MessageDecoder::Offer(const Path& path) {
  if (offers_ == kMostOffers) {
    offers_ = kMostCandidates;
    std::nth_element(offered_, offered_ + offers_, offered_ + kMostOffers,
                     [](const Path& a, const Path& b) { return a.loss < b.loss; });
    std::make_heap(offered_, offered_ + offers_, LosesMore);
  }
  offered_[offers_++] = path;
  std::push_heap(offered_, offered_ + offers_, LosesMore);
}

}  // namespace countermark
