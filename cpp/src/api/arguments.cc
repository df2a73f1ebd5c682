#include "api/arguments.h"

#include <limits>

#include "api/target.h"

namespace countermark {
namespace {

static_assert(static_cast<int>(PixelFormat::kGray8) == CMK_FORMAT_GRAY8);
static_assert(static_cast<int>(PixelFormat::kRgb8) == CMK_FORMAT_RGB8);
static_assert(static_cast<int>(PixelFormat::kRgba8) == CMK_FORMAT_RGBA8);
static_assert(static_cast<int>(PixelFormat::kGray16) == CMK_FORMAT_GRAY16);
static_assert(static_cast<int>(PixelFormat::kRgb16) == CMK_FORMAT_RGB16);
static_assert(static_cast<int>(PixelFormat::kRgba16) == CMK_FORMAT_RGBA16);

PixelFormat Format(const cmk_image& image) { return static_cast<PixelFormat>(image.format); }

uint64_t RowBytes(const cmk_image& image) {
  return uint64_t{image.width} * BytesPerPixel(Format(image));
}

uint64_t Magnitude(ptrdiff_t stride) {
  return stride < 0 ? uint64_t{0} - static_cast<uint64_t>(stride) : static_cast<uint64_t>(stride);
}

bool FitsMemory(const cmk_image& image) {
  constexpr uint64_t kMemory = std::numeric_limits<ptrdiff_t>::max();
  const uint64_t row = RowBytes(image);
  if (row > kMemory) return false;
  return image.height == 1 || Magnitude(image.stride_bytes) <= (kMemory - row) / (image.height - 1);
}

// Addresses from the first byte of the lowest row to behind the last byte of the highest one.
struct Span {
  uintptr_t begin;
  uintptr_t end;

  bool Meets(const Span& other) const { return begin < other.end && other.begin < end; }
};

Span SpanOf(const cmk_image& image) {
  const uintptr_t first = reinterpret_cast<uintptr_t>(image.data);
  const uintptr_t reach =
      static_cast<uintptr_t>(Magnitude(image.stride_bytes)) * (image.height - 1);
  const uintptr_t begin = image.stride_bytes < 0 ? first - reach : first;
  return {begin, begin + reach + static_cast<uintptr_t>(RowBytes(image))};
}

// With the same stride, rows of two pictures may lie side by side in the same memory; the rows of
// the one then repeat the rows of the other at a distance that decides.
bool RowsShareBytes(const cmk_image& in, const cmk_image& out) {
  const uint64_t stride = Magnitude(in.stride_bytes);
  const Span a = SpanOf(in), b = SpanOf(out);
  if (!a.Meets(b)) return false;
  if (in.stride_bytes != out.stride_bytes || in.height == 1) return true;
  const uint64_t distance = a.begin < b.begin ? b.begin - a.begin : a.begin - b.begin;
  const uint64_t offset = distance % stride;
  return offset < RowBytes(in) || stride - offset < RowBytes(in);
}

}  // namespace

cmk_status CheckShape(const cmk_image* image, uint32_t side_min) {
  if (!TargetIsAvailable()) return CMK_STATUS_UNKNOWN_TARGET;
  if (image == nullptr) return CMK_STATUS_NULL_POINTER;
  if (image->struct_size != sizeof(cmk_image)) return CMK_STATUS_STRUCT_SIZE;
  if (image->format > CMK_FORMAT_RGBA16) return CMK_STATUS_UNKNOWN_FORMAT;
  if (image->width < side_min || image->height < side_min) return CMK_STATUS_IMAGE_TOO_SMALL;
  if (image->width > CMK_SIDE_MAX || image->height > CMK_SIDE_MAX) {
    return CMK_STATUS_IMAGE_TOO_LARGE;
  }
  return CMK_STATUS_OK;
}

cmk_status CheckImage(const cmk_image* image, uint32_t side_min) {
  const cmk_status status = CheckShape(image, side_min);
  if (status != CMK_STATUS_OK) return status;
  if (image->data == nullptr) return CMK_STATUS_NULL_POINTER;
  if (Magnitude(image->stride_bytes) < RowBytes(*image) || !FitsMemory(*image)) {
    return CMK_STATUS_BAD_STRIDE;
  }
  const uintptr_t odd =
      (reinterpret_cast<uintptr_t>(image->data) | static_cast<uintptr_t>(image->stride_bytes)) & 1;
  if (IsSixteenBit(Format(*image)) && odd != 0) return CMK_STATUS_MISALIGNED;
  return CMK_STATUS_OK;
}

cmk_status CheckOutput(const cmk_image& in, const cmk_image& out) {
  if (in.width != out.width || in.height != out.height || in.format != out.format) {
    return CMK_STATUS_SHAPE_MISMATCH;
  }
  const bool same = in.data == out.data && in.stride_bytes == out.stride_bytes;
  return same || !RowsShareBytes(in, out) ? CMK_STATUS_OK : CMK_STATUS_OVERLAP;
}

cmk_status CheckScratch(const void* scratch, size_t scratch_size, size_t needed,
                        const cmk_image& image) {
  if (scratch == nullptr) return CMK_STATUS_NULL_POINTER;
  if (scratch_size < needed) return CMK_STATUS_SCRATCH_TOO_SMALL;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(scratch);
  const Span used = {begin, begin + needed};
  return used.Meets(SpanOf(image)) ? CMK_STATUS_OVERLAP : CMK_STATUS_OK;
}

ImageView View(const cmk_image& image) {
  return {static_cast<const uint8_t*>(image.data), image.width, image.height, image.stride_bytes,
          Format(image)};
}

MutableImageView MutableView(const cmk_image& image) {
  return {static_cast<uint8_t*>(image.data), image.width, image.height, image.stride_bytes,
          Format(image)};
}

}  // namespace countermark

uint32_t cmk_side_min() { return CMK_SIDE_MIN; }
uint32_t cmk_side_max() { return CMK_SIDE_MAX; }
