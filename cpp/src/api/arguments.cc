#include "api/arguments.h"

#include <algorithm>
#include <limits>

#include "api/refusal.h"
#include "api/target.h"

namespace countermark {
namespace {

static_assert(static_cast<int>(PixelFormat::kGray8) == CMK_FORMAT_GRAY8);
static_assert(static_cast<int>(PixelFormat::kRgb8) == CMK_FORMAT_RGB8);
static_assert(static_cast<int>(PixelFormat::kRgba8) == CMK_FORMAT_RGBA8);
static_assert(static_cast<int>(PixelFormat::kGray16) == CMK_FORMAT_GRAY16);
static_assert(static_cast<int>(PixelFormat::kRgb16) == CMK_FORMAT_RGB16);
static_assert(static_cast<int>(PixelFormat::kRgba16) == CMK_FORMAT_RGBA16);
static_assert(static_cast<int>(PixelFormat::kBgr8) == CMK_FORMAT_BGR8);
static_assert(static_cast<int>(PixelFormat::kBgra8) == CMK_FORMAT_BGRA8);
static_assert(static_cast<int>(PixelFormat::kPlanarRgb8) == CMK_FORMAT_PLANAR_RGB8);
static_assert(static_cast<int>(PixelFormat::kPlanarRgb16) == CMK_FORMAT_PLANAR_RGB16);
static_assert(static_cast<int>(PixelFormat::kP010) == CMK_FORMAT_P010);

PixelFormat Format(const cmk_image& image) { return static_cast<PixelFormat>(image.format); }

uint64_t RowBytes(const cmk_image& image) {
  return uint64_t{image.width} * BytesPerPixel(Format(image));
}

uint64_t Magnitude(ptrdiff_t stride) {
  return stride < 0 ? uint64_t{0} - static_cast<uint64_t>(stride) : static_cast<uint64_t>(stride);
}

constexpr uint64_t kMemory = std::numeric_limits<ptrdiff_t>::max();

bool PlaneFitsMemory(const cmk_image& image) {
  const uint64_t row = RowBytes(image);
  if (row > kMemory) return false;
  return image.height == 1 || Magnitude(image.stride_bytes) <= (kMemory - row) / (image.height - 1);
}

// After the check that it fits.
uint64_t PlaneBytes(const cmk_image& image) {
  return Magnitude(image.stride_bytes) * (image.height - 1) + RowBytes(image);
}

bool PlanesLieApart(const cmk_image& image) {
  const uint64_t distance = Magnitude(image.plane_stride_bytes);
  if (Planes(Format(image)) == 1) return distance == 0;
  const uint64_t plane = PlaneBytes(image);
  return distance >= plane && distance <= (kMemory - plane) / (Planes(Format(image)) - 1);
}

// Addresses from the first byte of the lowest row to behind the last byte of the highest one.
struct Span {
  uintptr_t begin;
  uintptr_t end;

  bool Meets(const Span& other) const { return begin < other.end && other.begin < end; }
};

Span SpanOf(const cmk_image& image) {
  const uintptr_t first = reinterpret_cast<uintptr_t>(image.data);
  const auto reach = [](ptrdiff_t stride, size_t steps) {
    return static_cast<uintptr_t>(Magnitude(stride)) * steps;
  };
  const uintptr_t down = reach(image.stride_bytes, image.height - 1);
  const uintptr_t across = reach(image.plane_stride_bytes, Planes(Format(image)) - 1);
  const uintptr_t begin =
      first - (image.stride_bytes < 0 ? down : 0) - (image.plane_stride_bytes < 0 ? across : 0);
  return {begin, begin + down + across + static_cast<uintptr_t>(RowBytes(image))};
}

// With the same stride, rows of two pictures may lie side by side in the same memory; the rows of
// the one then repeat the rows of the other at a distance that decides.
bool RowsShareBytes(const cmk_image& in, const cmk_image& out) {
  const uint64_t stride = Magnitude(in.stride_bytes);
  const Span a = SpanOf(in), b = SpanOf(out);
  if (!a.Meets(b)) return false;
  if (in.stride_bytes != out.stride_bytes || in.height == 1 || Planes(Format(in)) > 1) return true;
  const uint64_t distance = a.begin < b.begin ? b.begin - a.begin : a.begin - b.begin;
  const uint64_t offset = distance % stride;
  return offset < RowBytes(in) || stride - offset < RowBytes(in);
}

}  // namespace

cmk_status CheckShape(const cmk_image* image, uint32_t side_min) {
  COUNTERMARK_REQUIRE(TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_REQUIRE(image != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(image->struct_size == sizeof(cmk_image), CMK_STATUS_STRUCT_SIZE);
  COUNTERMARK_REQUIRE(image->format <= CMK_FORMAT_P010, CMK_STATUS_UNKNOWN_FORMAT);
  COUNTERMARK_REQUIRE(image->width >= side_min, CMK_STATUS_IMAGE_TOO_SMALL);
  COUNTERMARK_REQUIRE(image->height >= side_min, CMK_STATUS_IMAGE_TOO_SMALL);
  COUNTERMARK_REQUIRE(image->width <= CMK_SIDE_MAX, CMK_STATUS_IMAGE_TOO_LARGE);
  COUNTERMARK_REQUIRE(image->height <= CMK_SIDE_MAX, CMK_STATUS_IMAGE_TOO_LARGE);
  return CMK_STATUS_OK;
}

cmk_status CheckImage(const cmk_image* image, uint32_t side_min) {
  COUNTERMARK_CHECK(CheckShape(image, side_min));
  COUNTERMARK_REQUIRE(image->data != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(Magnitude(image->stride_bytes) >= RowBytes(*image), CMK_STATUS_BAD_STRIDE);
  COUNTERMARK_REQUIRE(PlaneFitsMemory(*image), CMK_STATUS_BAD_STRIDE);
  COUNTERMARK_REQUIRE(PlanesLieApart(*image), CMK_STATUS_BAD_STRIDE);
  const uintptr_t odd =
      (reinterpret_cast<uintptr_t>(image->data) | static_cast<uintptr_t>(image->stride_bytes) |
       static_cast<uintptr_t>(image->plane_stride_bytes)) &
      1;
  COUNTERMARK_REQUIRE(!IsSixteenBit(Format(*image)) || odd == 0, CMK_STATUS_MISALIGNED);
  return CMK_STATUS_OK;
}

cmk_status CheckOutput(const cmk_image& in, const cmk_image& out) {
  COUNTERMARK_REQUIRE(in.width == out.width, CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_REQUIRE(in.height == out.height, CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_REQUIRE(in.format == out.format, CMK_STATUS_SHAPE_MISMATCH);
  const bool same = in.data == out.data && in.stride_bytes == out.stride_bytes &&
                    in.plane_stride_bytes == out.plane_stride_bytes;
  COUNTERMARK_REQUIRE(same || !RowsShareBytes(in, out), CMK_STATUS_OVERLAP);
  return CMK_STATUS_OK;
}

cmk_status CheckScratch(const void* scratch, size_t scratch_size, size_t needed,
                        const cmk_image& image) {
  COUNTERMARK_REQUIRE(scratch != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(scratch_size >= needed, CMK_STATUS_SCRATCH_TOO_SMALL);
  const uintptr_t begin = reinterpret_cast<uintptr_t>(scratch);
  const Span used = {begin, begin + needed};
  COUNTERMARK_REQUIRE(!used.Meets(SpanOf(image)), CMK_STATUS_OVERLAP);
  return CMK_STATUS_OK;
}

cmk_status CheckStrength(float strength) {
  // Written so that NaN fails.
  COUNTERMARK_REQUIRE(strength > 0 && strength <= CMK_STRENGTH_MAX, CMK_STATUS_BAD_STRENGTH);
  return CMK_STATUS_OK;
}

Key KeyFrom(const uint8_t* bytes) {
  Key key;
  std::copy(bytes, bytes + key.size(), key.begin());
  return key;
}

ImageView View(const cmk_image& image) {
  return {static_cast<const uint8_t*>(image.data),
          image.width,
          image.height,
          image.stride_bytes,
          Format(image),
          image.plane_stride_bytes};
}

MutableImageView MutableView(const cmk_image& image) {
  return {static_cast<uint8_t*>(image.data),
          image.width,
          image.height,
          image.stride_bytes,
          Format(image),
          image.plane_stride_bytes};
}

}  // namespace countermark

uint32_t cmk_side_min() { return CMK_SIDE_MIN; }
uint32_t cmk_side_max() { return CMK_SIDE_MAX; }
