// Texts by formula, marked as a generator would mark them.
#ifndef COUNTERMARK_TESTS_TEXT_TEXTS_H_
#define COUNTERMARK_TESTS_TEXT_TEXTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/key.h"
#include "kernels/text_draws.h"
#include "text/seed.h"

namespace countermark {

// The model of the golden vectors: at each place eight tokens are equally likely.
inline uint32_t Candidate(uint32_t place, uint32_t choice) {
  return (place * 7919 + choice * 104729) % 128256;
}

// The first tokens are the first candidates. Of several with the least draw the first is taken.
inline std::vector<uint32_t> MarkedText(size_t count, const Key& key, uint32_t message) {
  std::vector<uint32_t> text;
  for (uint32_t place = 0; place < count; ++place) {
    uint32_t token = Candidate(place, 0), least = UINT32_MAX;
    for (uint32_t choice = 0; place >= kTextContext && choice < 8; ++choice) {
      const TextSeed seed = SeedOfContext(key, &text[place - kTextContext], message);
      uint32_t draw;
      TextDraws(seed.data(), Candidate(place, choice), 1, &draw);
      if (draw < least) {
        token = Candidate(place, choice);
        least = draw;
      }
    }
    text.push_back(token);
  }
  return text;
}

}  // namespace countermark

#endif  // COUNTERMARK_TESTS_TEXT_TEXTS_H_
