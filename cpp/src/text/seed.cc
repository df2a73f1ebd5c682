#include "text/seed.h"

#include "base/generator.h"

namespace countermark {
namespace {

// Where other marks have the number of a stream, small: their blocks are never those of a text.
constexpr uint32_t kTextStream = 0x54584554;  // "TEXT"

uint32_t LittleEndian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 |
         uint32_t{bytes[3]} << 24;
}

}  // namespace

TextSeed SeedOfContext(const Key& key, const uint32_t* context, uint32_t message) {
  std::array<uint32_t, 4> words;
  for (size_t i = 0; i < words.size(); ++i) words[i] = LittleEndian(key.data() + 4 * i);
  TextSeed seed = Threefry4x32({context[0], context[1], context[2], kTextStream}, words);
  seed[1] |= 1;
  seed[2] += message * kTextMessageStep;
  seed[3] |= 1;
  return seed;
}

}  // namespace countermark
