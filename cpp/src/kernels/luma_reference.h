#ifndef COUNTERMARK_KERNELS_LUMA_REFERENCE_H_
#define COUNTERMARK_KERNELS_LUMA_REFERENCE_H_

#include <algorithm>
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

// Of ten bits on top of sixteen.
inline uint8_t EightOfTenBits(uint32_t value) {
  return static_cast<uint8_t>(std::min(value + 128, 65535u) >> 8);
}

inline bool IsBlueFirst(PixelFormat format) {
  return format == PixelFormat::kBgr8 || format == PixelFormat::kBgra8;
}

// In the range of the samples.
template <typename Sample>
inline uint32_t LumaAt(const uint8_t* row, ptrdiff_t plane_stride_bytes, PixelFormat format,
                       size_t x) {
  const uint8_t* pixel = row + x * BytesPerPixel(format);
  const bool planar = Planes(format) > 1;
  if (!planar && Channels(format) == 1) return *reinterpret_cast<const Sample*>(pixel);
  const ptrdiff_t step = planar ? plane_stride_bytes : ptrdiff_t{sizeof(Sample)};
  const uint32_t first = *reinterpret_cast<const Sample*>(pixel);
  const uint32_t second = *reinterpret_cast<const Sample*>(pixel + step);
  const uint32_t third = *reinterpret_cast<const Sample*>(pixel + 2 * step);
  return IsBlueFirst(format) ? Luma(third, second, first) : Luma(first, second, third);
}

inline void LumaRow(const uint8_t* row, ptrdiff_t plane_stride_bytes, PixelFormat format,
                    size_t width, uint8_t* luma) {
  for (size_t x = 0; x < width; ++x) {
    if (format == PixelFormat::kP010) {
      luma[x] = EightOfTenBits(LumaAt<uint16_t>(row, plane_stride_bytes, format, x));
    } else if (IsSixteenBit(format)) {
      luma[x] = EightBits(LumaAt<uint16_t>(row, plane_stride_bytes, format, x));
    } else {
      luma[x] = static_cast<uint8_t>(LumaAt<uint8_t>(row, plane_stride_bytes, format, x));
    }
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_LUMA_REFERENCE_H_
