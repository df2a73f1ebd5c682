// A picture in memory that somebody else owns.
#ifndef COUNTERMARK_BASE_IMAGE_H_
#define COUNTERMARK_BASE_IMAGE_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

// Channels are interleaved; 16-bit samples are in the machine's byte order.
enum class PixelFormat { kGray8, kRgb8, kRgba8, kGray16, kRgb16, kRgba16 };

constexpr size_t Channels(PixelFormat format) {
  switch (format) {
    case PixelFormat::kGray8:
    case PixelFormat::kGray16:
      return 1;
    case PixelFormat::kRgb8:
    case PixelFormat::kRgb16:
      return 3;
    default:
      return 4;
  }
}

constexpr bool IsSixteenBit(PixelFormat format) {
  return format == PixelFormat::kGray16 || format == PixelFormat::kRgb16 ||
         format == PixelFormat::kRgba16;
}

constexpr size_t BytesPerPixel(PixelFormat format) {
  return Channels(format) * (IsSixteenBit(format) ? 2 : 1);
}

// Rows may be padded (stride_bytes > width * bytes per pixel) or run upwards (negative stride).
struct ImageView {
  const uint8_t* data;
  size_t width;
  size_t height;
  ptrdiff_t stride_bytes;
  PixelFormat format;

  const uint8_t* Row(size_t y) const { return data + static_cast<ptrdiff_t>(y) * stride_bytes; }
};

struct MutableImageView {
  uint8_t* data;
  size_t width;
  size_t height;
  ptrdiff_t stride_bytes;
  PixelFormat format;

  uint8_t* Row(size_t y) const { return data + static_cast<ptrdiff_t>(y) * stride_bytes; }
};

}  // namespace countermark

#endif  // COUNTERMARK_BASE_IMAGE_H_
