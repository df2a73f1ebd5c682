#ifndef COUNTERMARK_KERNELS_LUMA_REFERENCE_H_
#define COUNTERMARK_KERNELS_LUMA_REFERENCE_H_

#include <cstddef>
#include <cstdint>

#include "base/image.h"

namespace countermark::reference {

inline uint32_t Luma(uint32_t red, uint32_t green, uint32_t blue) {
  return (77 * red + 150 * green + 29 * blue + 128) >> 8;
}

// round(value * 255 / 65535), exact for every 16-bit value.
inline uint8_t EightBits(uint32_t value) {
  return static_cast<uint8_t>((value * 255 + 32895) >> 16);
}

inline void LumaRow(const uint8_t* row, PixelFormat format, size_t width, uint8_t* luma) {
  const size_t channels = Channels(format);
  if (IsSixteenBit(format)) {
    const uint16_t* pixel = reinterpret_cast<const uint16_t*>(row);
    for (size_t x = 0; x < width; ++x, pixel += channels) {
      luma[x] = EightBits(channels == 1 ? pixel[0] : Luma(pixel[0], pixel[1], pixel[2]));
    }
  } else {
    const uint8_t* pixel = row;
    for (size_t x = 0; x < width; ++x, pixel += channels) {
      luma[x] = static_cast<uint8_t>(channels == 1 ? pixel[0] : Luma(pixel[0], pixel[1], pixel[2]));
    }
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_LUMA_REFERENCE_H_
