// A picture in memory that somebody else owns.
#ifndef COUNTERMARK_BASE_IMAGE_H_
#define COUNTERMARK_BASE_IMAGE_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

// 16-bit samples are in the machine's byte order; those of kP010 have their ten bits on top.
enum class PixelFormat {
  kGray8,
  kRgb8,
  kRgba8,
  kGray16,
  kRgb16,
  kRgba16,
  kBgr8,
  kBgra8,
  kPlanarRgb8,
  kPlanarRgb16,
  kP010
};

constexpr size_t Planes(PixelFormat format) {
  return format == PixelFormat::kPlanarRgb8 || format == PixelFormat::kPlanarRgb16 ? 3 : 1;
}

// Of one plane, interleaved.
constexpr size_t Channels(PixelFormat format) {
  switch (format) {
    case PixelFormat::kRgb8:
    case PixelFormat::kBgr8:
    case PixelFormat::kRgb16:
      return 3;
    case PixelFormat::kRgba8:
    case PixelFormat::kBgra8:
    case PixelFormat::kRgba16:
      return 4;
    default:
      return 1;
  }
}

constexpr bool IsSixteenBit(PixelFormat format) {
  switch (format) {
    case PixelFormat::kGray16:
    case PixelFormat::kRgb16:
    case PixelFormat::kRgba16:
    case PixelFormat::kPlanarRgb16:
    case PixelFormat::kP010:
      return true;
    default:
      return false;
  }
}

// Of one plane.
constexpr size_t BytesPerPixel(PixelFormat format) {
  return Channels(format) * (IsSixteenBit(format) ? 2 : 1);
}

// Rows may be padded (stride_bytes > width * bytes per pixel) or run upwards (negative stride).
// Byte is uint8_t, const where the picture is only read.
template <typename Byte>
struct BasicImageView {
  Byte* data;
  size_t width;
  size_t height;
  ptrdiff_t stride_bytes;
  PixelFormat format;
  ptrdiff_t plane_stride_bytes = 0;  // between planes

  Byte* Row(size_t y, size_t plane = 0) const {
    return data + static_cast<ptrdiff_t>(y) * stride_bytes +
           static_cast<ptrdiff_t>(plane) * plane_stride_bytes;
  }

  // A rectangle of it. There is none of a picture without pixels, of which only the size is asked.
  BasicImageView Part(size_t left, size_t top, size_t part_width, size_t part_height) const {
    BasicImageView part = *this;
    part.width = part_width;
    part.height = part_height;
    if (data != nullptr) part.data = Row(top) + left * BytesPerPixel(format);
    return part;
  }
};
using ImageView = BasicImageView<const uint8_t>;
using MutableImageView = BasicImageView<uint8_t>;

}  // namespace countermark

#endif  // COUNTERMARK_BASE_IMAGE_H_
