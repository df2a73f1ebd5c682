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

constexpr bool IsBlueFirst(PixelFormat format) {
  return format == PixelFormat::kBgr8 || format == PixelFormat::kBgra8;
}

// What depends on the format is settled before the loops.
template <typename Sample>
void LumaRowOf(const uint8_t* row, ptrdiff_t plane_stride_bytes, PixelFormat format, size_t width,
               uint8_t* luma) {
  const auto in_eight_bits = [](uint32_t value) {
    return sizeof(Sample) == 1 ? static_cast<uint8_t>(value) : EightBits(value);
  };
  const Sample* const first = reinterpret_cast<const Sample*>(row);
  const bool planar = Planes(format) > 1;
  const size_t step = Channels(format);
  if (!planar && step == 1) {
    for (size_t x = 0; x < width; ++x) luma[x] = in_eight_bits(first[x]);
    return;
  }
  const ptrdiff_t apart = planar ? plane_stride_bytes / ptrdiff_t{sizeof(Sample)} : 1;
  const bool reversed = IsBlueFirst(format);
  const Sample* const red = first + (reversed ? 2 * apart : 0);
  const Sample* const green = first + apart;
  const Sample* const blue = first + (reversed ? 0 : 2 * apart);
  for (size_t x = 0; x < width; ++x) {
    luma[x] = in_eight_bits(Luma(red[x * step], green[x * step], blue[x * step]));
  }
}

inline void LumaRow(const uint8_t* row, ptrdiff_t plane_stride_bytes, PixelFormat format,
                    size_t width, uint8_t* luma) {
  if (format == PixelFormat::kP010) {
    const uint16_t* const samples = reinterpret_cast<const uint16_t*>(row);
    for (size_t x = 0; x < width; ++x) luma[x] = EightOfTenBits(samples[x]);
  } else if (IsSixteenBit(format)) {
    LumaRowOf<uint16_t>(row, plane_stride_bytes, format, width, luma);
  } else {
    LumaRowOf<uint8_t>(row, plane_stride_bytes, format, width, luma);
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_LUMA_REFERENCE_H_
