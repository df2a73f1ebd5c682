#include "kernels/luma.h"

#include <cstring>

#include "kernels/luma_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/luma.cc"
#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void LumaRow(const uint8_t* row, ptrdiff_t plane_stride_bytes, PixelFormat format, size_t width,
             uint8_t* luma) {
  reference::LumaRow(row, plane_stride_bytes, format, width, luma);
}

#else

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_ARCH_X86
// Which of three vectors of RGB bytes the first, second or third channel is in, byte by byte, and
// then where it is: pixel k's lies at byte 3 k + channel, modulo 16.
alignas(16) constexpr uint8_t kEveryThird[3][16] = {
    {255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255},
    {0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0},
    {0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0}};
alignas(16) constexpr uint8_t kPlace[3][16] = {
    {0, 3, 6, 9, 12, 15, 2, 5, 8, 11, 14, 1, 4, 7, 10, 13},
    {1, 4, 7, 10, 13, 0, 3, 6, 9, 12, 15, 2, 5, 8, 11, 14},
    {2, 5, 8, 11, 14, 1, 4, 7, 10, 13, 0, 3, 6, 9, 12, 15}};

// Bytes of sixteen pixels to each block of 128 bits.
template <class D>
HWY_INLINE hn::Vec<D> LoadBlocks(D d, const uint8_t* bytes) {
  if constexpr (hn::MaxLanes(d) == 16) {
    return hn::LoadU(d, bytes);
  } else {
    const hn::Half<D> block;
    return hn::Combine(d, hn::LoadU(block, bytes + 48), hn::LoadU(block, bytes));
  }
}

// Two blends and a shuffle a channel, where LoadInterleaved3 takes three shuffles and more.
template <class D, class V>
HWY_INLINE void LoadRgb8(D d, const uint8_t* pixels, V& red, V& green, V& blue) {
  static_assert(hn::MaxLanes(d) <= 32);
  const V a = LoadBlocks(d, pixels);
  const V b = LoadBlocks(d, pixels + 16);
  const V c = LoadBlocks(d, pixels + 32);
  const auto first = hn::MaskFromVec(hn::LoadDup128(d, kEveryThird[0]));
  const auto second = hn::MaskFromVec(hn::LoadDup128(d, kEveryThird[1]));
  const auto third = hn::MaskFromVec(hn::LoadDup128(d, kEveryThird[2]));
  red = hn::IfThenElse(first, a, hn::IfThenElse(third, b, c));
  green = hn::IfThenElse(second, a, hn::IfThenElse(first, b, c));
  blue = hn::IfThenElse(third, a, hn::IfThenElse(second, b, c));
  red = hn::TableLookupBytes(red, hn::LoadDup128(d, kPlace[0]));
  green = hn::TableLookupBytes(green, hn::LoadDup128(d, kPlace[1]));
  blue = hn::TableLookupBytes(blue, hn::LoadDup128(d, kPlace[2]));
}
#endif

// The first three channels in the order in which they lie; planes are `apart` samples apart.
template <PixelFormat kFormat, class D, class V, typename T>
HWY_INLINE void LoadChannels(D d, const T* pixels, ptrdiff_t apart, V& first, V& second, V& third) {
  if constexpr (Planes(kFormat) == 3) {
    first = hn::LoadU(d, pixels);
    second = hn::LoadU(d, pixels + apart);
    third = hn::LoadU(d, pixels + 2 * apart);
  } else if constexpr (Channels(kFormat) == 3) {
#if HWY_ARCH_X86
    if constexpr (sizeof(T) == 1) return LoadRgb8(d, pixels, first, second, third);
#endif
    hn::LoadInterleaved3(d, pixels, first, second, third);
  } else {
    V alpha;
    hn::LoadInterleaved4(d, pixels, first, second, third, alpha);
  }
}

template <PixelFormat kFormat, class D, class V, typename T>
HWY_INLINE void LoadRgb(D d, const T* pixels, ptrdiff_t apart, V& red, V& green, V& blue) {
  if constexpr (kFormat == PixelFormat::kBgr8 || kFormat == PixelFormat::kBgra8) {
    LoadChannels<kFormat>(d, pixels, apart, blue, green, red);
  } else {
    LoadChannels<kFormat>(d, pixels, apart, red, green, blue);
  }
}

template <class DW, class VW>
HWY_INLINE VW WeightedSum(DW dw, VW red, VW green, VW blue) {
  using T = hn::TFromD<DW>;
  const VW a = hn::Add(hn::Mul(red, hn::Set(dw, T{77})), hn::Mul(green, hn::Set(dw, T{150})));
  const VW b = hn::Add(hn::Mul(blue, hn::Set(dw, T{29})), hn::Set(dw, T{128}));
  return hn::Add(a, b);
}

// Luma, not yet shifted, of the samples in the upper or the lower bytes.
template <bool kUpper, class DW, class VW>
HWY_INLINE VW WeightedBytes(DW dw, VW red, VW green, VW blue) {
#if HWY_ARCH_X86
  // The upper half of (sample 2^8) (weight 2^8) is the same product: compilers know better than to
  // multiply by constants and would make five instructions of one.
  const auto times = [dw](VW v, uint16_t weight) HWY_ATTR {
    const VW upper = kUpper ? hn::And(v, hn::Set(dw, uint16_t{0xFF00})) : hn::ShiftLeft<8>(v);
    return hn::MulHigh(upper, hn::Set(dw, static_cast<uint16_t>(weight << 8)));
  };
  const VW sum = hn::Add(times(red, 77), times(green, 150));
  return hn::Add(sum, hn::Add(times(blue, 29), hn::Set(dw, uint16_t{128})));
#else
  const auto byte = [dw](VW v) HWY_ATTR {
    return kUpper ? hn::ShiftRight<8>(v) : hn::And(v, hn::Set(dw, uint16_t{0x00FF}));
  };
  return WeightedSum(dw, byte(red), byte(green), byte(blue));
#endif
}

// Even and odd samples are widened where they lie, so that nothing crosses lanes.
template <PixelFormat kFormat>
size_t LumaRow8(const uint8_t* row, ptrdiff_t plane_stride_bytes, size_t width, uint8_t* luma) {
  const hn::ScalableTag<uint8_t> d;
  const hn::Repartition<uint16_t, decltype(d)> dw;
  const auto high = hn::Set(dw, uint16_t{0xFF00});
  size_t x = 0;
  for (; x + hn::Lanes(d) <= width; x += hn::Lanes(d)) {
    hn::Vec<decltype(d)> r8, g8, b8;
    LoadRgb<kFormat>(d, row + x * Channels(kFormat), plane_stride_bytes, r8, g8, b8);
    const auto r = hn::BitCast(dw, r8);
    const auto g = hn::BitCast(dw, g8);
    const auto b = hn::BitCast(dw, b8);
    const auto even = WeightedBytes<false>(dw, r, g, b);
    const auto odd = WeightedBytes<true>(dw, r, g, b);
    const auto both = hn::Or(hn::ShiftRight<8>(even), hn::And(odd, high));
    hn::StoreU(hn::BitCast(d, both), d, luma + x);
  }
  return x;
}

template <PixelFormat kFormat, class D>
HWY_INLINE hn::Vec<D> LumaOf16(D d, const uint16_t* pixels, ptrdiff_t plane_stride) {
  if constexpr (Planes(kFormat) * Channels(kFormat) == 1) {
    return hn::LoadU(d, pixels);
  } else {
    const hn::Repartition<uint32_t, D> dw;
    const auto low = hn::Set(dw, 0xFFFFu), high = hn::Set(dw, 0xFFFF0000u);
    hn::Vec<D> r16, g16, b16;
    LoadRgb<kFormat>(d, pixels, plane_stride, r16, g16, b16);
    const auto r = hn::BitCast(dw, r16);
    const auto g = hn::BitCast(dw, g16);
    const auto b = hn::BitCast(dw, b16);
    const auto even = WeightedSum(dw, hn::And(r, low), hn::And(g, low), hn::And(b, low));
    const auto odd =
        WeightedSum(dw, hn::ShiftRight<16>(r), hn::ShiftRight<16>(g), hn::ShiftRight<16>(b));
    return hn::BitCast(d, hn::Or(hn::ShiftRight<8>(even), hn::And(hn::ShiftLeft<8>(odd), high)));
  }
}

// The twin's EightBits, still in the upper bytes: its (255 v + 32895) >> 16 is
// (w - (w >> 8)) >> 8 of w = v + 128, also where sixteen bits are too few for w.
template <class D, class V>
HWY_INLINE V EightBitsAbove(D d, V value) {
  const V w = hn::SaturatedAdd(value, hn::Set(d, uint16_t{128}));
  return hn::Sub(w, hn::ShiftRight<8>(w));
}

template <PixelFormat kFormat>
size_t LumaRow16(const uint8_t* bytes, ptrdiff_t plane_stride_bytes, size_t width, uint8_t* luma) {
  const uint16_t* row = reinterpret_cast<const uint16_t*>(bytes);
  const ptrdiff_t plane_stride = plane_stride_bytes / 2;
  const hn::ScalableTag<uint16_t> d;
  const hn::Repartition<uint8_t, decltype(d)> d8;
  const size_t lanes = hn::Lanes(d);
  constexpr size_t kStep = Channels(kFormat);
  size_t x = 0;
  for (; x + 2 * lanes <= width; x += 2 * lanes) {
    const auto first = LumaOf16<kFormat>(d, row + x * kStep, plane_stride);
    const auto second = LumaOf16<kFormat>(d, row + (x + lanes) * kStep, plane_stride);
    const auto lower = hn::BitCast(d8, EightBitsAbove(d, first));
    const auto upper = hn::BitCast(d8, EightBitsAbove(d, second));
    hn::StoreU(hn::ConcatOdd(d8, upper, lower), d8, luma + x);
  }
  return x;
}

size_t LumaRowP010(const uint8_t* bytes, size_t width, uint8_t* luma) {
  const uint16_t* row = reinterpret_cast<const uint16_t*>(bytes);
  const hn::ScalableTag<uint16_t> d;
  const hn::Repartition<uint8_t, decltype(d)> d8;
  const auto half = hn::Set(d, uint16_t{128});
  const size_t lanes = hn::Lanes(d);
  size_t x = 0;
  for (; x + 2 * lanes <= width; x += 2 * lanes) {
    const auto lower = hn::SaturatedAdd(hn::LoadU(d, row + x), half);
    const auto upper = hn::SaturatedAdd(hn::LoadU(d, row + x + lanes), half);
    hn::StoreU(hn::ConcatOdd(d8, hn::BitCast(d8, upper), hn::BitCast(d8, lower)), d8, luma + x);
  }
  return x;
}

size_t LumaOfWholeVectors(const uint8_t* row, ptrdiff_t plane_stride_bytes, PixelFormat format,
                          size_t width, uint8_t* luma) {
  switch (format) {
    case PixelFormat::kGray8:
      if (width != 0) std::memcpy(luma, row, width);
      return width;
    case PixelFormat::kRgb8:
      return LumaRow8<PixelFormat::kRgb8>(row, plane_stride_bytes, width, luma);
    case PixelFormat::kRgba8:
      return LumaRow8<PixelFormat::kRgba8>(row, plane_stride_bytes, width, luma);
    case PixelFormat::kGray16:
      return LumaRow16<PixelFormat::kGray16>(row, plane_stride_bytes, width, luma);
    case PixelFormat::kRgb16:
      return LumaRow16<PixelFormat::kRgb16>(row, plane_stride_bytes, width, luma);
    case PixelFormat::kRgba16:
      return LumaRow16<PixelFormat::kRgba16>(row, plane_stride_bytes, width, luma);
    case PixelFormat::kBgr8:
      return LumaRow8<PixelFormat::kBgr8>(row, plane_stride_bytes, width, luma);
    case PixelFormat::kBgra8:
      return LumaRow8<PixelFormat::kBgra8>(row, plane_stride_bytes, width, luma);
    case PixelFormat::kPlanarRgb8:
      return LumaRow8<PixelFormat::kPlanarRgb8>(row, plane_stride_bytes, width, luma);
    case PixelFormat::kPlanarRgb16:
      return LumaRow16<PixelFormat::kPlanarRgb16>(row, plane_stride_bytes, width, luma);
    default:
      return LumaRowP010(row, width, luma);
  }
}

void LumaRow(const uint8_t* row, ptrdiff_t plane_stride_bytes, PixelFormat format, size_t width,
             uint8_t* luma) {
  const size_t done = LumaOfWholeVectors(row, plane_stride_bytes, format, width, luma);
  reference::LumaRow(row + done * BytesPerPixel(format), plane_stride_bytes, format, width - done,
                     luma + done);
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(LumaRow);

void LumaRow(const uint8_t* row, ptrdiff_t plane_stride_bytes, PixelFormat format, size_t width,
             uint8_t* luma) {
  HWY_DYNAMIC_DISPATCH(LumaRow)(row, plane_stride_bytes, format, width, luma);
}

}  // namespace countermark
#endif  // HWY_ONCE
