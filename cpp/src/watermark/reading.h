// From a folded tile to the message.
#ifndef COUNTERMARK_WATERMARK_READING_H_
#define COUNTERMARK_WATERMARK_READING_H_

#include <cstdint>

#include "watermark/pilot.h"

namespace countermark {

struct Message {
  uint64_t payload;
  // How well the pattern of this payload fits the fold, in deviations of chance.
  double likeness;
  // Upper bound of the probability that a picture without this key's mark gives any message, from
  // how well all of the pattern, pilot and payload, fits the fold.
  double false_positive_rate;
};

// Nothing with a larger bound is a message.
inline constexpr double kMostFalsePositives = 1e-8;

// Undoes shift, symmetry and sign, weighs the coefficients by what the pilot met at their
// frequency, and decodes. False when the check bits disagree or chance might have done it.
bool ReadMessage(const Spectrum& fold, const float* weight, const PilotPeak& peak,
                 const Layout& layout, MessageDecoder& decoder, Message* message);

// By how much each coded bit speaks for this payload, kCodedBits values of mean square 1: negative
// where the decoder had to correct.
void MeasureMargins(const Spectrum& fold, const float* weight, const PilotPeak& peak,
                    const Layout& layout, uint64_t payload, float* margins);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_READING_H_
