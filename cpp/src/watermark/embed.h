// Adds the mark to a picture.
#ifndef COUNTERMARK_WATERMARK_EMBED_H_
#define COUNTERMARK_WATERMARK_EMBED_H_

#include "base/arena.h"
#include "base/image.h"
#include "base/key.h"

namespace countermark {

// Bytes of scratch memory that Embed takes for a picture of this size.
size_t EmbedScratchSize(size_t width, size_t height);

// `out` has the size and format of `in`, and is either the same memory or does not overlap it.
// Alpha is copied. `strength` scales the amplitude of the mark; 1 is the default.
void Embed(const ImageView& in, const MutableImageView& out, uint64_t payload, const Key& key,
           float strength, Arena& arena);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_EMBED_H_
