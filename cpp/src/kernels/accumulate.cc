#include "kernels/accumulate.h"

#include "kernels/accumulate_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/accumulate.cc"
#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"
#include "kernels/exact-inl.h"

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
template <typename T>
size_t AccumulateWholeVectors(const T* const*, const float*, size_t, float*) {
  return 0;
}
#else
using Floats = hn::ScalableTag<float>;
using V = hn::Vec<Floats>;

#if HWY_ARCH_X86
// One instruction loads and widens as many samples as there are floats in a vector.
template <typename T>
inline constexpr size_t kVectors = 1;

template <typename T>
HWY_INLINE void LoadSamples(const T* from, V* samples) {
  const hn::RebindToSigned<Floats> di;
  const hn::Rebind<T, Floats> dt;
  samples[0] = hn::ConvertTo(Floats(), hn::PromoteTo(di, hn::LoadU(dt, from)));
}
#else
// Elsewhere it takes less to load a whole vector of samples and to widen its parts.
template <typename T>
inline constexpr size_t kVectors = sizeof(float) / sizeof(T);

HWY_INLINE void Widen(hn::Vec<hn::Full128<uint16_t> > narrow, V* samples) {
  const hn::Half<hn::Full128<uint16_t> > half;
  const hn::RebindToSigned<Floats> di;
  samples[0] = hn::ConvertTo(Floats(), hn::PromoteTo(di, hn::LowerHalf(half, narrow)));
  samples[1] = hn::ConvertTo(Floats(), hn::PromoteTo(di, hn::UpperHalf(half, narrow)));
}

HWY_INLINE void LoadSamples(const uint16_t* from, V* samples) {
  Widen(hn::LoadU(hn::Full128<uint16_t>(), from), samples);
}

HWY_INLINE void LoadSamples(const uint8_t* from, V* samples) {
  const hn::Full128<uint8_t> d;
  const hn::Full128<uint16_t> wide;
  const hn::Half<decltype(d)> half;
  const auto bytes = hn::LoadU(d, from);
  Widen(hn::PromoteTo(wide, hn::LowerHalf(half, bytes)), samples);
  Widen(hn::PromoteTo(wide, hn::UpperHalf(half, bytes)), samples + 2);
}
#endif

template <typename T>
size_t AccumulateWholeVectors(const T* const rows[kAccumulatedRows],
                              const float weights[kAccumulatedRows], size_t count, float* sums) {
  const Floats d;
  const V factors[kAccumulatedRows] = {hn::Set(d, weights[0]), hn::Set(d, weights[1]),
                                       hn::Set(d, weights[2]), hn::Set(d, weights[3])};
  const size_t lanes = hn::Lanes(d), step = kVectors<T> * lanes;
  size_t i = 0;
  for (; i + step <= count; i += step) {
    V sum[kVectors<T>], samples[kVectors<T>];
    for (size_t v = 0; v < kVectors<T>; ++v) sum[v] = hn::LoadU(d, sums + i + v * lanes);
    for (size_t row = 0; row < kAccumulatedRows; ++row) {
      LoadSamples(rows[row] + i, samples);
      for (size_t v = 0; v < kVectors<T>; ++v) {
        sum[v] = AddProduct(d, sum[v], factors[row], samples[v]);
      }
    }
    for (size_t v = 0; v < kVectors<T>; ++v) hn::StoreU(sum[v], d, sums + i + v * lanes);
  }
  return i;
}
#endif

void AccumulateRows8(const uint8_t* const* rows, const float* weights, size_t count, float* sums) {
  const size_t done = AccumulateWholeVectors(rows, weights, count, sums);
  reference::AccumulateRows(rows, weights, done, count, sums);
}

void AccumulateRows16(const uint16_t* const* rows, const float* weights, size_t count,
                      float* sums) {
  const size_t done = AccumulateWholeVectors(rows, weights, count, sums);
  reference::AccumulateRows(rows, weights, done, count, sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(AccumulateRows8);
HWY_EXPORT(AccumulateRows16);

void AccumulateRows(const uint8_t* const rows[kAccumulatedRows],
                    const float weights[kAccumulatedRows], size_t count, float* sums) {
  HWY_DYNAMIC_DISPATCH(AccumulateRows8)(rows, weights, count, sums);
}

void AccumulateRows(const uint16_t* const rows[kAccumulatedRows],
                    const float weights[kAccumulatedRows], size_t count, float* sums) {
  HWY_DYNAMIC_DISPATCH(AccumulateRows16)(rows, weights, count, sums);
}

}  // namespace countermark
#endif  // HWY_ONCE
