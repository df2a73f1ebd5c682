#include "kernels/area.h"

#include "kernels/area_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/area.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::AddWeightedRow;
using reference::AverageAreas;
#else
namespace hn = hwy::HWY_NAMESPACE;

void AddWeightedRow(const uint8_t* row, uint16_t weight, size_t count, uint16_t* sums) {
  const hn::ScalableTag<uint16_t> d16;
  const hn::Rebind<uint8_t, decltype(d16)> d8;
  const size_t lanes = hn::Lanes(d16);
  const auto w = hn::Set(d16, weight);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::PromoteTo(d16, hn::LoadU(d8, row + i));
    hn::StoreU(hn::Add(hn::LoadU(d16, sums + i), hn::Mul(value, w)), d16, sums + i);
  }
  reference::AddWeightedRow(row + i, weight, count - i, sums + i);
}

// In four parts, of the sums less 2^15 each.
template <bool kOnce>
HWY_INLINE hn::Vec<hn::Full128<int32_t> > PartsOf(const uint16_t* from, const int16_t* weights,
                                                  size_t taps) {
  const hn::Full128<int32_t> d32;
  const hn::Full128<int16_t> d16;
  const hn::Full128<uint16_t> du;
  auto even = hn::Zero(d32), odd = hn::Zero(d32);
  for (size_t t = 0; t < (kOnce ? kAreaTaps : taps); t += kAreaTaps) {
    const auto less = hn::BitCast(d16, hn::LoadU(du, from + t));
    even = hn::ReorderWidenMulAccumulate(d32, less, hn::LoadU(d16, weights + t), even, odd);
  }
  return hn::Add(even, odd);
}

template <bool kOnce>
HWY_INLINE void AverageFour(const uint16_t* sums, const AreaTaps& areas, size_t i, float* out) {
  const hn::Full128<int32_t> d32;
  const hn::Half<decltype(d32)> half;
  const hn::Full128<float> df;
  const size_t taps = kOnce ? kAreaTaps : areas.taps;
  const uint32_t* const first = areas.first + i;
  const int16_t* const weights = areas.weights + i * taps;
  const auto a = PartsOf<kOnce>(sums + first[0], weights, taps);
  const auto b = PartsOf<kOnce>(sums + first[1], weights + taps, taps);
  const auto c = PartsOf<kOnce>(sums + first[2], weights + 2 * taps, taps);
  const auto d = PartsOf<kOnce>(sums + first[3], weights + 3 * taps, taps);
  const auto ab = hn::Add(hn::InterleaveLower(d32, a, b), hn::InterleaveUpper(d32, a, b));
  const auto cd = hn::Add(hn::InterleaveLower(d32, c, d), hn::InterleaveUpper(d32, c, d));
  const auto inner = hn::CombineShiftRightBytes<8>(d32, cd, ab);
  const auto outer = hn::Combine(d32, hn::UpperHalf(half, cd), hn::LowerHalf(half, ab));
  const auto less = hn::Add(inner, outer);
  const auto sum = hn::Add(less, hn::ShiftLeft<15>(hn::LoadU(d32, areas.widths + i)));
  hn::StoreU(hn::Mul(hn::ConvertTo(df, sum), hn::LoadU(df, areas.scales + i)), df, out + i);
}

// The last four overlap those before.
template <bool kOnce>
void AverageFours(const uint16_t* sums, AreaTaps areas, float* out) {
  for (size_t i = 0; i + 4 <= areas.count; i += 4) AverageFour<kOnce>(sums, areas, i, out);
  if (areas.count % 4 != 0) AverageFour<kOnce>(sums, areas, areas.count - 4, out);
}

// In pictures of up to 12 megapixels an area's pixels fit into one vector.
void AverageAreas(const uint16_t* sums, const AreaTaps& areas, float* out) {
  if (areas.count < 4) return reference::AverageAreas(sums, areas, out);
  const auto average = areas.taps == kAreaTaps ? AverageFours<true> : AverageFours<false>;
  average(sums, areas, out);
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(AddWeightedRow);
HWY_EXPORT(AverageAreas);

void AddWeightedRow(const uint8_t* row, uint16_t weight, size_t count, uint16_t* sums) {
  HWY_DYNAMIC_DISPATCH(AddWeightedRow)(row, weight, count, sums);
}

void AverageAreas(const uint16_t* sums, const AreaTaps& areas, float* out) {
  HWY_DYNAMIC_DISPATCH(AverageAreas)(sums, areas, out);
}

}  // namespace countermark
#endif
