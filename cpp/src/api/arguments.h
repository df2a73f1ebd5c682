// Checks of what comes through the C header, and its translation into the types of the core.
#ifndef COUNTERMARK_API_ARGUMENTS_H_
#define COUNTERMARK_API_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>

#include "base/image.h"
#include "base/key.h"
#include "countermark/countermark.h"

namespace countermark {

// Size and format; not the pixels. Also fails where no kernel may run (COUNTERMARK_TARGET).
cmk_status CheckShape(const cmk_image* image, uint32_t side_min);

// Also data, stride and alignment.
cmk_status CheckImage(const cmk_image* image, uint32_t side_min);

// Whether an input and an output of the same shape are the same picture or share no byte.
cmk_status CheckOutput(const cmk_image& in, const cmk_image& out);

// `needed` bytes that no picture lies in.
cmk_status CheckScratch(const void* scratch, size_t scratch_size, size_t needed,
                        const cmk_image& image);

// In (0, CMK_STRENGTH_MAX].
cmk_status CheckStrength(float strength);

// After the checks.
Key KeyFrom(const uint8_t* bytes);
ImageView View(const cmk_image& image);
MutableImageView MutableView(const cmk_image& image);

}  // namespace countermark

#endif  // COUNTERMARK_API_ARGUMENTS_H_
