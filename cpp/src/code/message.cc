#include "code/message.h"

#include <algorithm>
#include <bit>
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

std::array<uint8_t, 8> BigEndian(uint64_t payload) {
  std::array<uint8_t, 8> bytes;
  for (size_t i = 0; i < 8; ++i) bytes[i] = uint8_t(payload >> (56 - 8 * i));
  return bytes;
}

uint32_t CheckBits(uint64_t payload) {
  const auto bytes = BigEndian(payload);
  return Crc32(bytes.data(), bytes.size());
}

// Payload then check, most significant bit first.
std::array<uint8_t, kWordBits> Word(uint64_t payload) {
  std::array<uint8_t, kWordBits> word;
  const uint32_t check = CheckBits(payload);
  for (size_t i = 0; i < kPayloadBits; ++i) word[i] = (payload >> (kPayloadBits - 1 - i)) & 1;
  for (size_t i = 0; i < kCheckBits; ++i) {
    word[kPayloadBits + i] = (check >> (kCheckBits - 1 - i)) & 1;
  }
  return word;
}

// One step of add-compare-select. Predecessors of state s are 2j and 2j + 1, j = s mod kHalf.
void Advance(const float* branch, const float* old_metrics, float* new_metrics,
             uint8_t* decisions) {
  for (uint32_t j = 0; j < kHalf; ++j) {
    const float even = old_metrics[2 * j], odd = old_metrics[2 * j + 1];
    const float even0 = even + branch[j], odd0 = odd - branch[j];
    const float even1 = even - branch[j], odd1 = odd + branch[j];
    decisions[j] = odd0 > even0;
    decisions[j + kHalf] = odd1 > even1;
    new_metrics[j] = odd0 > even0 ? odd0 : even0;
    new_metrics[j + kHalf] = odd1 > even1 ? odd1 : even1;
  }
}

}  // namespace

std::array<uint8_t, kCodedBits> EncodeMessage(uint64_t payload) {
  const auto word = Word(payload);
  uint32_t state = 0;
  for (size_t i = kWordBits - (kConstraint - 1); i < kWordBits; ++i) {
    state = ((uint32_t{word[i]} << (kConstraint - 1)) | state) >> 1;
  }
  std::array<uint8_t, kCodedBits> coded;
  for (size_t i = 0; i < kWordBits; ++i) {
    for (size_t g = 0; g < kCodeRate; ++g) {
      coded[i * kCodeRate + g] = OutputBit(state, word[i], kGenerators[g]);
    }
    state = ((uint32_t{word[i]} << (kConstraint - 1)) | state) >> 1;
  }
  return coded;
}

MessageDecoder::MessageDecoder(Arena& arena)
    : signs_(arena.Allocate<float>(kCodeRate * kHalf)),
      metrics_(arena.Allocate<float>(2 * kStates)),
      branch_(arena.Allocate<float>(kHalf)),
      decisions_(arena.Allocate<uint8_t>(kSteps * kStates)) {
  if (signs_ == nullptr) return;
  for (size_t g = 0; g < kCodeRate; ++g) {
    for (uint32_t j = 0; j < kHalf; ++j) {
      signs_[g * kHalf + j] = OutputBit(2 * j, 0, kGenerators[g]) != 0 ? -1.0f : 1.0f;
    }
  }
}

bool MessageDecoder::Decode(const float* soft, uint64_t* payload) {
  float* current = metrics_;
  float* next = metrics_ + kStates;
  std::fill_n(current, kStates, 0.0f);
  for (size_t step = 0; step < kSteps; ++step) {
    const float* s = soft + (step + kWordBits - kRunIn) % kWordBits * kCodeRate;
    for (uint32_t j = 0; j < kHalf; ++j) {
      branch_[j] = (signs_[j] * s[0] + signs_[kHalf + j] * s[1]) +
                   (signs_[2 * kHalf + j] * s[2] + signs_[3 * kHalf + j] * s[3]);
    }
    Advance(branch_, current, next, decisions_ + step * kStates);
    std::swap(current, next);
  }
  uint32_t state = uint32_t(std::max_element(current, current + kStates) - current);
  std::array<uint8_t, kWordBits> word{};
  for (size_t step = kSteps; step-- > 0;) {
    const uint8_t bit = uint8_t(state >> (kConstraint - 2));
    if (step >= kRunIn && step < kRunIn + kWordBits) word[step - kRunIn] = bit;
    state = ((state << 1) & (kStates - 1)) | decisions_[step * kStates + state];
  }
  uint64_t read = 0;
  uint32_t check = 0;
  for (size_t i = 0; i < kPayloadBits; ++i) read = read << 1 | word[i];
  for (size_t i = kPayloadBits; i < kWordBits; ++i) check = check << 1 | word[i];
  *payload = read;
  return check == CheckBits(read);
}

}  // namespace countermark
