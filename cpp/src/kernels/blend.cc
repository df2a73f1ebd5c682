#include "kernels/blend.h"

#include <bit>

#include "kernels/blend_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/blend.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::QuantiseResidual;

void AddResidual(const uint8_t* in, PixelFormat format, size_t width, const int16_t* residual,
                 const uint32_t* positions, uint8_t* out) {
  reference::AddResidual(in, format, 0, width, residual, positions, out);
}
#else
namespace hn = hwy::HWY_NAMESPACE;

// One gather of 32 bits fetches both neighbours, the left one in the low half.
static_assert(std::endian::native == std::endian::little);

template <class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D> > FixedPoint(D d, const float* residual) {
  const auto limit = hn::Set(d, static_cast<float>(kResidualLimit));
  const auto scaled =
      hn::Mul(hn::LoadU(d, residual), hn::Set(d, static_cast<float>(1 << kResidualFractionBits)));
  return hn::NearestInt(hn::Max(hn::Min(scaled, limit), hn::Neg(limit)));
}

void QuantiseResidual(const float* even, const float* odd, size_t count, int16_t* out) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto low = hn::And(FixedPoint(d, even + i), hn::Set(di, 0xFFFF));
    const auto high = hn::ShiftLeft<16>(FixedPoint(d, odd + i));
    hn::StoreU(hn::Or(low, high), di, reinterpret_cast<int32_t*>(out + 2 * i));
  }
  reference::QuantiseResidual(even + i, odd + i, count - i, out + 2 * i);
}

// The residual's neighbours of one vector of pixels, the left ones in the low halves.
template <class DI>
HWY_INLINE hn::Vec<DI> Neighbours(DI di, const int16_t* residual, const uint32_t* positions,
                                  bool close) {
  const hn::RebindToUnsigned<DI> du;
  const auto index = hn::BitCast(di, hn::ShiftRight<8>(hn::LoadU(du, positions)));
  const auto* pairs = reinterpret_cast<const int32_t*>(residual);
  if (!close) return hn::GatherOffset(di, pairs, hn::ShiftLeft<1>(index));
  // All neighbours lie within one vector's length: two loads and a permutation beat a gather.
  const uint32_t first = positions[0] >> 8;
  const hn::Rebind<int16_t, DI> d16;
  const auto left = hn::PromoteTo(di, hn::LoadU(d16, residual + first));
  const auto right = hn::PromoteTo(di, hn::LoadU(d16, residual + first + 1));
  const auto both = hn::Or(hn::And(left, hn::Set(di, 0xFFFF)), hn::ShiftLeft<16>(right));
  const auto from_first = hn::Sub(index, hn::Set(di, static_cast<int32_t>(first)));
  return hn::TableLookupLanes(both, hn::IndicesFromVec(di, from_first));
}

template <class DI>
HWY_INLINE hn::Vec<DI> RoundedResidual(DI di, const int16_t* residual, const uint32_t* positions,
                                       bool close) {
  const hn::RebindToUnsigned<DI> du;
  const auto weight = hn::BitCast(di, hn::And(hn::LoadU(du, positions), hn::Set(du, 255u)));
  const auto pair = Neighbours(di, residual, positions, close);
  const auto left = hn::ShiftRight<16>(hn::ShiftLeft<16>(pair));
  const auto right = hn::ShiftRight<16>(pair);
  const auto fixed = hn::Add(hn::ShiftLeft<8>(left), hn::Mul(hn::Sub(right, left), weight));
  return hn::ShiftRight<14>(hn::Add(fixed, hn::Set(di, 1 << 13)));
}

template <class D8, class D16, class V8, class V16>
HWY_INLINE V8 AddTo(D8 d8, D16 d16, V8 sample, V16 add) {
  return hn::DemoteTo(d8, hn::Add(hn::PromoteTo(d16, sample), add));
}

// Whether the pixels advance by less than one sample of the residual each, so that `lanes` pixels
// have their neighbours among `lanes` samples and the next. Positions are evenly spaced.
HWY_INLINE bool AreClose(const uint32_t* positions, size_t width, size_t lanes) {
  if (width < lanes) return false;
  const uint32_t span = positions[width - 1] - positions[0];
  return span + 2 * width < 256 * (width - 1) * (lanes - 1) / lanes;
}

// Handles whole vectors and returns how many pixels that were.
template <size_t kChannels>
size_t AddResidual8(const uint8_t* in, size_t width, const int16_t* residual,
                    const uint32_t* positions, uint8_t* out) {
  const hn::ScalableTag<int32_t> d32;
  const hn::Repartition<int16_t, decltype(d32)> d16;
  const hn::Half<decltype(d16)> half16;
  const hn::Rebind<uint8_t, decltype(d16)> d8;
  const size_t lanes = hn::Lanes(d16);
  const bool close = AreClose(positions, width, lanes / 2);
  size_t x = 0;
  for (; x + lanes <= width; x += lanes) {
    const auto low = RoundedResidual(d32, residual, positions + x, close);
    const auto high = RoundedResidual(d32, residual, positions + x + lanes / 2, close);
    const auto add = hn::Combine(d16, hn::DemoteTo(half16, high), hn::DemoteTo(half16, low));
    const uint8_t* from = in + x * kChannels;
    uint8_t* to = out + x * kChannels;
    if constexpr (kChannels == 1) {
      hn::StoreU(AddTo(d8, d16, hn::LoadU(d8, from), add), d8, to);
    } else {
      hn::Vec<decltype(d8)> r, g, b, a;
      if constexpr (kChannels == 3) {
        hn::LoadInterleaved3(d8, from, r, g, b);
      } else {
        hn::LoadInterleaved4(d8, from, r, g, b, a);
      }
      r = AddTo(d8, d16, r, add);
      g = AddTo(d8, d16, g, add);
      b = AddTo(d8, d16, b, add);
      if constexpr (kChannels == 3) {
        hn::StoreInterleaved3(r, g, b, d8, to);
      } else {
        hn::StoreInterleaved4(r, g, b, a, d8, to);
      }
    }
  }
  return x;
}

// 16-bit pictures are rare: the plain loop serves them.
void AddResidual(const uint8_t* in, PixelFormat format, size_t width, const int16_t* residual,
                 const uint32_t* positions, uint8_t* out) {
  size_t done = 0;
  if (format == PixelFormat::kGray8) {
    done = AddResidual8<1>(in, width, residual, positions, out);
  } else if (format == PixelFormat::kRgb8) {
    done = AddResidual8<3>(in, width, residual, positions, out);
  } else if (format == PixelFormat::kRgba8) {
    done = AddResidual8<4>(in, width, residual, positions, out);
  }
  reference::AddResidual(in, format, done, width, residual, positions, out);
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(QuantiseResidual);
HWY_EXPORT(AddResidual);

void QuantiseResidual(const float* even, const float* odd, size_t count, int16_t* out) {
  HWY_DYNAMIC_DISPATCH(QuantiseResidual)(even, odd, count, out);
}

void AddResidual(const uint8_t* in, PixelFormat format, size_t width, const int16_t* residual,
                 const uint32_t* positions, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(AddResidual)(in, format, width, residual, positions, out);
}

}  // namespace countermark
#endif
