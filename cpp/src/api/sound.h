// Checks of what comes through the C header about a sound.
#ifndef COUNTERMARK_API_SOUND_H_
#define COUNTERMARK_API_SOUND_H_

#include <cstddef>

#include "audio/samples.h"
#include "countermark/countermark.h"

namespace countermark {

// Rate, channels and format. Also fails where no kernel may run (COUNTERMARK_TARGET).
cmk_status CheckSound(const cmk_sound* sound);

// So many frames, in memory that does not overlap the object. `frames` may be null if there are
// none.
cmk_status CheckFrames(const void* frames, size_t count, size_t frame_bytes, const void* object,
                       size_t object_size);

// Whether two blocks of memory are the same or share no byte.
cmk_status CheckApart(const void* in, const void* out, size_t size);

// After the check.
inline audio::SampleFormat FormatOf(const cmk_sound& sound) {
  return static_cast<audio::SampleFormat>(sound.format);
}

}  // namespace countermark

#endif  // COUNTERMARK_API_SOUND_H_
