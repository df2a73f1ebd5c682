// From a folded tile to the message.
#ifndef COUNTERMARK_WATERMARK_READING_H_
#define COUNTERMARK_WATERMARK_READING_H_

#include <cstdint>

#include "watermark/pilot.h"

namespace countermark {

// Undoes shift, symmetry and sign, weighs the coefficients by what the pilot met at their
// frequency, and decodes. False when the check bits disagree.
bool ReadMessage(const Spectrum& fold, const float* weight, const PilotPeak& peak,
                 const Layout& layout, MessageDecoder& decoder, uint64_t* payload);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_READING_H_
