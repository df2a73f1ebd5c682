// Pictures with their memory, as a caller of the C header has them.
#ifndef COUNTERMARK_TESTS_API_IMAGES_H_
#define COUNTERMARK_TESTS_API_IMAGES_H_

#include <cstdint>
#include <vector>

#include "countermark/countermark.h"

namespace countermark {

struct OwnedImage {
  OwnedImage(uint32_t width, uint32_t height, cmk_format format, size_t bytes_per_pixel)
      : memory(size_t{width} * height * bytes_per_pixel), image{} {
    uint32_t state = 1;
    for (uint8_t& byte : memory) {
      state = state * 1664525 + 1013904223;
      byte = static_cast<uint8_t>(64 + (state >> 25));
    }
    image.struct_size = sizeof(image);
    image.width = width;
    image.height = height;
    image.format = format;
    image.data = memory.data();
    image.stride_bytes = static_cast<ptrdiff_t>(width * bytes_per_pixel);
  }

  std::vector<uint8_t> memory;
  cmk_image image;
};

inline OwnedImage Rgb(uint32_t width, uint32_t height) {
  return OwnedImage(width, height, CMK_FORMAT_RGB8, 3);
}

}  // namespace countermark

#endif  // COUNTERMARK_TESTS_API_IMAGES_H_
