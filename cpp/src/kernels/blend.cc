#include "kernels/blend.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

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

void AddResidual(const uint8_t* in, PixelFormat format, const int16_t* residual,
                 const ResidualPlan& plan, uint8_t* out) {
  reference::AddResidual(in, format, plan.width, residual, plan.positions, out);
}
#else
namespace hn = hwy::HWY_NAMESPACE;

// A sample's low byte is looked up first, and pairs of samples are stored as one number.
static_assert(std::endian::native == std::endian::little);

template <class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D> > FixedPoint(D d, hn::Vec<D> residual) {
  const auto limit = hn::Set(d, static_cast<float>(kResidualLimit));
  const auto scaled = hn::Mul(residual, hn::Set(d, static_cast<float>(1 << kResidualFractionBits)));
  return hn::NearestInt(hn::Max(hn::Min(scaled, limit), hn::Neg(limit)));
}

void QuantiseResidual(const float* row, size_t count, int16_t* out) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  const auto outer = hn::Set(d, kHalfwayOuter), inner = hn::Set(d, kHalfwayInner);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto halfway = hn::Mul(hn::LoadU(d, row + i), outer);
    halfway = hn::Add(halfway, hn::Mul(hn::LoadU(d, row + i + 1), inner));
    halfway = hn::Add(halfway, hn::Mul(hn::LoadU(d, row + i + 2), inner));
    halfway = hn::Add(halfway, hn::Mul(hn::LoadU(d, row + i + 3), outer));
    const auto low = hn::And(FixedPoint(d, hn::LoadU(d, row + i + 1)), hn::Set(di, 0xFFFF));
    const auto high = hn::ShiftLeft<16>(FixedPoint(d, halfway));
    hn::StoreU(hn::Or(low, high), di, reinterpret_cast<int32_t*>(out + 2 * i));
  }
  reference::QuantiseResidual(row + i, count - i, out + 2 * i);
}

// Vectors are one or two blocks of 128 bits, each of which looks up bytes within itself.
constexpr size_t kBlocks = HWY_TARGET == HWY_AVX2 ? 2 : 1;
using D8 = hn::FixedTag<uint8_t, 16 * kBlocks>;
using D16 = hn::FixedTag<int16_t, 8 * kBlocks>;
using V8 = hn::Vec<D8>;
using V16 = hn::Vec<D16>;

// The second block, if there is one, is loaded from or stored `apart` elements further.
template <typename T>
HWY_INLINE auto LoadBlocks(const T* from, size_t apart) {
  const hn::FixedTag<T, 16 / sizeof(T)> block;
  if constexpr (kBlocks == 1) {
    (void)apart;
    return hn::LoadU(block, from);
  } else {
    const hn::Twice<decltype(block)> both;
    return hn::Combine(both, hn::LoadU(block, from + apart), hn::LoadU(block, from));
  }
}

HWY_INLINE void StoreBlocks(V8 v, uint8_t* to, size_t apart) {
  if constexpr (kBlocks == 1) {
    (void)apart;
    hn::StoreU(v, D8(), to);
  } else {
    const hn::Half<D8> block;
    hn::StoreU(hn::LowerHalf(block, v), block, to);
    hn::StoreU(hn::UpperHalf(block, v), block, to + apart);
  }
}

// What of `bytes` lies in the window that holds bytes 16 `window` and on; zero elsewhere.
HWY_INLINE V16 LookUpIn(size_t window, V16 samples, V8 bytes) {
  const D8 d8;
  const auto here = hn::Sub(bytes, hn::Set(d8, static_cast<uint8_t>(16 * window)));
  const auto index =
      hn::And(hn::SaturatedAdd(here, hn::Set(d8, uint8_t{0x70})), hn::Set(d8, uint8_t{0x8F}));
  return hn::BitCast(D16(), hn::TableLookupBytesOr0(hn::BitCast(d8, samples), index));
}

// What one group of pixels in each block takes: the nearer sample, and the rise from the left to
// the right one. Groups 0 (with 2) or 1 (with 3) of the taps for `odd` 0 or 1; one further where
// vectors are one block and `half` is 1.
template <bool kOneWindow>
HWY_INLINE void LookUp(const int16_t* residual, const ResidualTaps& taps, size_t windows,
                       size_t odd, size_t half, V16& base, V16& slope) {
  const D8 d8;
  const D16 d16;
  const uint32_t first = taps.first[2 * half + odd];
  const uint32_t apart = kBlocks == 1 ? 0 : taps.first[2 + odd] - first;
  const int16_t* samples = residual + first;
  const auto nearer = hn::LoadU(d8, taps.nearer[2 * odd + half]);
  const auto left = hn::LoadU(d8, taps.left[2 * odd + half]);
  base = LoadBlocks(samples, apart);
  slope = hn::Sub(LoadBlocks(samples + 1, apart), base);
  if constexpr (kOneWindow) {
    base = hn::TableLookupBytes(base, hn::BitCast(d16, nearer));
    slope = hn::TableLookupBytes(slope, hn::BitCast(d16, left));
  } else {
    base = LookUpIn(0, base, nearer);
    slope = LookUpIn(0, slope, left);
    for (size_t i = 1; i < windows; ++i) {
      const V16 more = LoadBlocks(samples + 8 * i, apart);
      const V16 rise = hn::Sub(LoadBlocks(samples + 8 * i + 1, apart), more);
      base = hn::Or(base, LookUpIn(i, more, nearer));
      slope = hn::Or(slope, LookUpIn(i, rise, left));
    }
  }
}

// The residual of one such group in steps of a sample, which has kBits of the residual's fraction
// below it.
//
// With left and right neighbours l and r and the weight w the twin rounds
// (256 l + (r - l) w) / 2^14, which is (l + floor((r - l) w / 256) + 32) >> 6 (for 8-bit samples,
// of which ten-bit ones are quarters: there it is 2^12, and (... + 8) >> 4). The product's upper
// half is that floor; as a signed number w >= 128 counts as w - 256, and then it is r that is
// added to.
template <int kBits, bool kOneWindow>
HWY_INLINE V16 RoundedResidual(const int16_t* residual, const ResidualTaps& taps, size_t windows,
                               size_t odd, size_t half) {
  const D16 d16;
  V16 base, slope;
  LookUp<kOneWindow>(residual, taps, windows, odd, half, base, slope);
  const auto weight = hn::LoadU(d16, taps.weight[2 * odd + half]);
  const auto sum = hn::Add(base, hn::MulHigh(slope, weight));
  return hn::ShiftRight<kBits>(hn::Add(sum, hn::Set(d16, int16_t{1 << (kBits - 1)})));
}

// Bytes of one block's sixteen pixels, of which the first eight stand in the even bytes, for each
// byte of their colours; 0x80 gives zero, for alpha.
template <size_t kChannels>
constexpr std::array<uint8_t, 16 * kChannels> kPixelOfByte = [] {
  std::array<uint8_t, 16 * kChannels> table{};
  for (size_t i = 0; i < table.size(); ++i) {
    const size_t pixel = i / kChannels;
    const size_t byte = pixel < 8 ? 2 * pixel : 2 * (pixel - 8) + 1;
    table[i] = static_cast<uint8_t>(i % kChannels == 3 ? 0x80 : byte);
  }
  return table;
}();

// Sixteen pixels in each block: every byte is raised or lowered, saturating.
template <size_t kChannels, bool kOneWindow>
HWY_INLINE void AddToBytes(const uint8_t* in, const int16_t* residual, const ResidualTaps& taps,
                           size_t windows, size_t half, uint8_t* out) {
  const D8 d8;
  const D16 d16;
  constexpr int kBits = kResidualFractionBits;
  const V16 add0 = RoundedResidual<kBits, kOneWindow>(residual, taps, windows, 0, half);
  const V16 add1 = RoundedResidual<kBits, kOneWindow>(residual, taps, windows, 1, half);
  const V16 up0 = hn::Max(add0, hn::Zero(d16)), up1 = hn::Max(add1, hn::Zero(d16));
  const V16 down0 = hn::Sub(up0, add0), down1 = hn::Sub(up1, add1);
  const V8 up = hn::BitCast(d8, hn::Or(up0, hn::ShiftLeft<8>(up1)));
  const V8 down = hn::BitCast(d8, hn::Or(down0, hn::ShiftLeft<8>(down1)));
  for (size_t i = 0; i < kChannels; ++i) {
    const V8 pixel = hn::LoadDup128(d8, kPixelOfByte<kChannels>.data() + 16 * i);
    const V8 colours = LoadBlocks(in + 16 * i, 16 * kChannels);
    const V8 raised = hn::SaturatedAdd(colours, hn::TableLookupBytesOr0(up, pixel));
    const V8 lowered = hn::SaturatedSub(raised, hn::TableLookupBytesOr0(down, pixel));
    StoreBlocks(lowered, out + 16 * i, 16 * kChannels);
  }
}

// The same in the upper ten of sixteen bits.
template <bool kOneWindow>
HWY_INLINE void AddToTenBits(const uint8_t* in, const int16_t* residual, const ResidualTaps& taps,
                             size_t windows, size_t half, uint8_t* out) {
  const D8 d8;
  const D16 d16;
  const hn::RebindToUnsigned<D16> du16;
  for (size_t odd = 0; odd < 2; ++odd) {
    const V16 add =
        RoundedResidual<kResidualFractionBits - 2, kOneWindow>(residual, taps, windows, odd, half);
    const auto words = hn::BitCast(du16, LoadBlocks(in + 16 * odd, 32));
    const V16 sum = hn::Add(hn::BitCast(d16, hn::ShiftRight<6>(words)), add);
    const V16 clipped = hn::Min(hn::Max(sum, hn::Zero(d16)), hn::Set(d16, int16_t{1023}));
    StoreBlocks(hn::BitCast(d8, hn::ShiftLeft<6>(clipped)), out + 16 * odd, 32);
  }
}

// The words of eight pixels in each block, three times each.
alignas(16) constexpr std::array<uint8_t, 48> kThirdOfWord = [] {
  std::array<uint8_t, 48> table{};
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<uint8_t>(i / 6 * 2 + i % 2);
  return table;
}();

// The words of eight pixels in each block for each word of their channels.
template <size_t kChannels>
HWY_INLINE void ForEachChannel(V16 words, V16* spread) {
  const D16 d16;
  if constexpr (kChannels == 1) {
    spread[0] = words;
  } else if constexpr (kChannels == 3) {
    for (size_t i = 0; i < 3; ++i) {
      const V8 word = hn::LoadDup128(D8(), kThirdOfWord.data() + 16 * i);
      spread[i] = hn::TableLookupBytes(words, hn::BitCast(d16, word));
    }
  } else {
    const hn::Repartition<int32_t, D16> d32;
    const auto lower = hn::BitCast(d32, hn::InterleaveLower(d16, words, words));
    const auto upper = hn::BitCast(d32, hn::InterleaveUpper(d16, words, words));
    spread[0] = hn::BitCast(d16, hn::InterleaveLower(d32, lower, lower));
    spread[1] = hn::BitCast(d16, hn::InterleaveUpper(d32, lower, lower));
    spread[2] = hn::BitCast(d16, hn::InterleaveLower(d32, upper, upper));
    spread[3] = hn::BitCast(d16, hn::InterleaveUpper(d32, upper, upper));
  }
}

// The residual of one group of pixels in each block, in steps of a 16-bit sample and modulo 2^16,
// and which of them are below zero. Both halves of the products count: of each pair of pixels one
// lies in the upper half of 32 bits after the other. The twin's x comes as 2^8 x there, of which
// (257 x + 2^13) >> 14 is made.
template <bool kOneWindow>
HWY_INLINE V16 ResidualOf16Bits(const int16_t* residual, const ResidualTaps& taps, size_t windows,
                                size_t odd, size_t half, V16& negative) {
  const D16 d16;
  const hn::Repartition<int32_t, D16> d32;
  const hn::RebindToUnsigned<decltype(d32)> du32;
  V16 base, slope;
  LookUp<kOneWindow>(residual, taps, windows, odd, half, base, slope);
  const auto weight = hn::LoadU(d16, taps.weight[2 * odd + half]);
  const V16 sum = hn::Add(base, hn::MulHigh(slope, weight));
  const auto upper = hn::BitCast(du32, sum), lower = hn::BitCast(du32, hn::Mul(slope, weight));
  const auto above = hn::MaskFromVec(hn::Set(du32, 0xFFFF0000u));
  const auto first = hn::IfThenElse(above, hn::ShiftLeft<16>(upper), lower);
  const auto second = hn::IfThenElse(above, upper, hn::ShiftRight<16>(lower));
  const auto times257 = [d32](auto x256) HWY_ATTR {
    const auto x = hn::BitCast(d32, x256);
    return hn::Add(hn::Add(x, hn::ShiftRight<8>(x)), hn::Set(d32, 1 << 13));
  };
  const auto add = hn::IfThenElse(above, hn::BitCast(du32, hn::ShiftLeft<2>(times257(second))),
                                  hn::BitCast(du32, hn::ShiftRight<14>(times257(first))));
  negative = hn::BroadcastSignBit(sum);
  return hn::BitCast(d16, add);
}

// Eight pixels in each block.
template <size_t kChannels, bool kOneWindow>
HWY_INLINE void AddToWords(const uint8_t* in, const int16_t* residual, const ResidualTaps& taps,
                           size_t windows, size_t odd, size_t half, uint8_t* out) {
  const D8 d8;
  const hn::RebindToUnsigned<D16> du16;
  V16 negative, up[kChannels], down[kChannels];
  const V16 add = ResidualOf16Bits<kOneWindow>(residual, taps, windows, odd, half, negative);
  const V16 raise = hn::AndNot(negative, add);
  ForEachChannel<kChannels>(raise, up);
  ForEachChannel<kChannels>(hn::Sub(raise, add), down);
  const hn::Repartition<uint64_t, D16> du64;
  const auto colour = hn::BitCast(du16, hn::Set(du64, uint64_t{0x0000FFFFFFFFFFFF}));
  for (size_t i = 0; i < kChannels; ++i) {
    const auto before = hn::BitCast(du16, LoadBlocks(in + 16 * i, 32 * kChannels));
    const auto raised = hn::SaturatedAdd(before, hn::BitCast(du16, up[i]));
    auto after = hn::SaturatedSub(raised, hn::BitCast(du16, down[i]));
    if constexpr (kChannels == 4) after = hn::IfThenElse(hn::MaskFromVec(colour), after, before);
    StoreBlocks(hn::BitCast(d8, after), out + 16 * i, 32 * kChannels);
  }
}

template <PixelFormat kFormat, bool kOneWindow>
HWY_INLINE void AddStep(const uint8_t* in, const int16_t* residual, const ResidualTaps& taps,
                        size_t windows, uint8_t* out) {
  for (size_t half = 0; half < 2; half += kBlocks) {
    const size_t skipped = half * (kResidualStep / 2) * BytesPerPixel(kFormat);
    if constexpr (kFormat == PixelFormat::kP010) {
      AddToTenBits<kOneWindow>(in + skipped, residual, taps, windows, half, out + skipped);
    } else if constexpr (IsSixteenBit(kFormat)) {
      constexpr size_t kChannels = Channels(kFormat);
      for (size_t odd = 0; odd < 2; ++odd) {
        const size_t at = skipped + 16 * odd * kChannels;
        AddToWords<kChannels, kOneWindow>(in + at, residual, taps, windows, odd, half, out + at);
      }
    } else {
      AddToBytes<Channels(kFormat), kOneWindow>(in + skipped, residual, taps, windows, half,
                                                out + skipped);
    }
  }
}

template <PixelFormat kFormat, bool kOneWindow>
HWY_NOINLINE void AddWholeRow(const uint8_t* in, const int16_t* residual, const ResidualPlan& plan,
                              uint8_t* out) {
  constexpr size_t kBytes = kResidualStep * BytesPerPixel(kFormat);
  // Copies, since for all the compiler knows `out` might be the plan.
  const size_t whole = plan.width / kResidualStep, windows = plan.windows;
  const ResidualTaps* taps = plan.taps;
  for (size_t i = 0; i < whole; ++i) {
    AddStep<kFormat, kOneWindow>(in + i * kBytes, residual, taps[i], windows, out + i * kBytes);
  }
  const size_t left = plan.width % kResidualStep * BytesPerPixel(kFormat);
  if (left == 0) return;
  uint8_t last[kBytes] = {};
  std::memcpy(last, in + whole * kBytes, left);
#if HWY_ARCH_ARM_V7
  // In a loop by itself gcc 12 keeps fewer constants in its 16 registers.
  AddStep<kFormat, kOneWindow>(last, residual, taps[whole], windows, last);
#else
  // By the same code once more, of which there would be two otherwise.
  const ResidualPlan rest{kResidualStep, plan.positions, taps + whole, windows};
  AddWholeRow<kFormat, kOneWindow>(last, residual, rest, last);
#endif
  std::memcpy(out + whole * kBytes, last, left);
}

template <PixelFormat kFormat>
void AddToRow(const uint8_t* in, const int16_t* residual, const ResidualPlan& plan, uint8_t* out) {
  const auto add = plan.windows == 1 ? AddWholeRow<kFormat, true> : AddWholeRow<kFormat, false>;
  add(in, residual, plan, out);
}

void AddResidual(const uint8_t* in, PixelFormat format, const int16_t* residual,
                 const ResidualPlan& plan, uint8_t* out) {
  // In a browser's module there is no room for vectors of what no browser has.
  if (plan.windows > kMostResidualWindows || (HWY_ARCH_WASM && IsSixteenBit(format))) {
    return reference::AddResidual(in, format, plan.width, residual, plan.positions, out);
  }
  switch (format) {
    case PixelFormat::kGray8:
    case PixelFormat::kPlanarRgb8:
      return AddToRow<PixelFormat::kGray8>(in, residual, plan, out);
    case PixelFormat::kRgb8:
    case PixelFormat::kBgr8:
      return AddToRow<PixelFormat::kRgb8>(in, residual, plan, out);
    case PixelFormat::kRgba8:
    case PixelFormat::kBgra8:
      return AddToRow<PixelFormat::kRgba8>(in, residual, plan, out);
#if !HWY_ARCH_WASM
    case PixelFormat::kGray16:
    case PixelFormat::kPlanarRgb16:
      return AddToRow<PixelFormat::kGray16>(in, residual, plan, out);
    case PixelFormat::kRgb16:
      return AddToRow<PixelFormat::kRgb16>(in, residual, plan, out);
    case PixelFormat::kRgba16:
      return AddToRow<PixelFormat::kRgba16>(in, residual, plan, out);
    case PixelFormat::kP010:
      return AddToRow<PixelFormat::kP010>(in, residual, plan, out);
#else
    default:
      return;
#endif
  }
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(QuantiseResidual);
HWY_EXPORT(AddResidual);

void QuantiseResidual(const float* row, size_t count, int16_t* out) {
  HWY_DYNAMIC_DISPATCH(QuantiseResidual)(row, count, out);
}

void AddResidual(const uint8_t* in, PixelFormat format, const int16_t* residual,
                 const ResidualPlan& plan, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(AddResidual)(in, format, residual, plan, out);
}

ResidualPlan PlanResidual(const uint32_t* positions, size_t width, ResidualTaps* taps) {
  constexpr size_t kPlaceOfGroup[4] = {0, 2, 1, 3};
  size_t farthest = 0;
  for (size_t x = 0; x < ResidualTapsCount(width) * kResidualStep; ++x) {
    ResidualTaps& to = taps[x / kResidualStep];
    const size_t group = x % kResidualStep / 8, place = kPlaceOfGroup[group], i = x % 8;
    // Past the row's end: the last pixel again.
    const uint32_t position = positions[std::min(x, width - 1)];
    const uint32_t index = position >> 8, weight = position & 255;
    if (i == 0) to.first[group] = index;
    const uint32_t left = index - to.first[group], nearer = left + (weight >> 7);
    farthest = std::max<size_t>(farthest, left + 1);
    for (uint32_t byte = 0; byte < 2; ++byte) {
      to.left[place][2 * i + byte] = static_cast<uint8_t>(2 * left + byte);
      to.nearer[place][2 * i + byte] = static_cast<uint8_t>(2 * nearer + byte);
    }
    to.weight[place][i] = static_cast<int16_t>(static_cast<uint16_t>(weight << 8));
  }
  return {width, positions, taps, farthest / 8 + 1};
}

}  // namespace countermark
#endif
