// From a folded sound, its tile where it begins, to the message.
#ifndef COUNTERMARK_AUDIO_READING_H_
#define COUNTERMARK_AUDIO_READING_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "audio/tile.h"
#include "code/message.h"

namespace countermark::audio {

struct Message {
  Word word;
  // How well the payload's part of the tile fits, in deviations of chance.
  double likeness;
  // Upper bound of the probability that a sound without this key's mark gives any message.
  double false_positive_rate;
};

// One search in one window reads no more often than this: the bound counts on it.
inline constexpr int kMostReadings = 64;

// Nothing with a larger bound is a message.
inline constexpr double kMostFalsePositives = 1e-8;

// What carries the payload: values, weighted, each of which is positive where its coded bit is 0
// and its sign 1.
struct Evidence {
  const float* values;
  const uint16_t* bit_of;
  const int8_t* sign;
  size_t count;
};

// To three times the root of their mean square.
void LimitOutliers(float* values, size_t count);

// Decodes, with so many candidates. False when the check bits disagree, or chance might have done
// it. `trials`: by how much the bound is larger because of other searches, and where any variant
// will do; 1 when this is the only search, for one variant.
bool ReadEvidence(const Evidence& evidence, size_t candidates, double trials,
                  MessageDecoder& decoder, Message* message);

// Gain over variance of the noise in each zone, as the pilot tells them.
using ZoneWeights = std::array<float, kZones>;
ZoneWeights WeighZones(const Spectrum& aligned, const Layout& layout);

// Weighs zones and reads. False also where the message names another variant.
bool ReadMessage(const Spectrum& aligned, const Layout& layout, uint8_t variant, size_t candidates,
                 double trials, MessageDecoder& decoder, Message* message);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_READING_H_
