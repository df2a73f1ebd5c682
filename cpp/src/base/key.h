// The secret that decides where every bit of a mark lies.
#ifndef COUNTERMARK_BASE_KEY_H_
#define COUNTERMARK_BASE_KEY_H_

#include <array>
#include <cstdint>

namespace countermark {

using Key = std::array<uint8_t, 16>;

// Published: marks made with it can be read by everyone. ASCII "countermark v1 .".
inline constexpr Key kDefaultKey = {'c', 'o', 'u', 'n', 't', 'e', 'r', 'm',
                                    'a', 'r', 'k', ' ', 'v', '1', ' ', '.'};

}  // namespace countermark

#endif  // COUNTERMARK_BASE_KEY_H_
