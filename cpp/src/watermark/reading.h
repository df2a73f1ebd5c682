// From a folded tile to the message.
#ifndef COUNTERMARK_WATERMARK_READING_H_
#define COUNTERMARK_WATERMARK_READING_H_

#include <cstdint>
#include <iterator>

#include "watermark/pilot.h"
#include "watermark/whitening.h"

namespace countermark {

struct Message {
  Word word;
  // How well the payload's part of the pattern fits the fold, in deviations of chance.
  double likeness;
  // Upper bound of the probability that a picture without this key's mark gives any message in one
  // call, from how well the pattern fits the fold.
  double false_positive_rate;
};

// One call reads no more often than this, and under so many placements that were not found by
// following the pilot: the bound counts on it.
inline constexpr int kMostReadings = 40;
inline constexpr int kFixedPlacements = std::size(kFloors);

// Where a peak comes from: a placement that was given, or one to which the pilot led.
enum class Hint { kFixedPlacement, kFoundPlacement };

// Nothing with a larger bound is a message.
inline constexpr double kMostFalsePositives = 1e-8;

// Undoes shift, symmetry and sign, weighs the coefficients by what the pilot met at their
// frequency, and decodes. False when the check bits disagree or chance might have done it.
// `trials`: by how much the bound of this call is larger because of others; 1 when it is the only
// one.
bool ReadMessage(const Spectrum& fold, const float* weight, const PilotPeak& peak, Hint hint,
                 double trials, const Layout& layout, MessageDecoder& decoder, Message* message);

// By how much each coded bit speaks for this word, kCodedBits values of mean square 1: negative
// where the decoder had to correct.
void MeasureMargins(const Spectrum& fold, const float* weight, const PilotPeak& peak,
                    const Layout& layout, const Word& word, float* margins);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_READING_H_
