#include "kernels/accumulate.h"

#include "kernels/accumulate_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/accumulate.cc"
#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
size_t AccumulateWholeVectors(const T* const rows[kAccumulatedRows],
                              const float weights[kAccumulatedRows], size_t count, float* sums) {
#if HWY_TARGET == HWY_SCALAR
  (void)rows, (void)weights, (void)count, (void)sums;
  return 0;
#else
  const hn::ScalableTag<float> df;
  const hn::RebindToSigned<decltype(df)> di;
  const hn::Rebind<T, decltype(df)> dt;
  const auto sample = [&](size_t row, size_t i) HWY_ATTR {
    return hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(dt, rows[row] + i)));
  };
  const auto w0 = hn::Set(df, weights[0]);
  const auto w1 = hn::Set(df, weights[1]);
  const auto w2 = hn::Set(df, weights[2]);
  const auto w3 = hn::Set(df, weights[3]);
  size_t i = 0;
  for (; i + hn::Lanes(df) <= count; i += hn::Lanes(df)) {
    auto sum = hn::LoadU(df, sums + i);
    sum = hn::Add(sum, hn::Mul(w0, sample(0, i)));
    sum = hn::Add(sum, hn::Mul(w1, sample(1, i)));
    sum = hn::Add(sum, hn::Mul(w2, sample(2, i)));
    sum = hn::Add(sum, hn::Mul(w3, sample(3, i)));
    hn::StoreU(sum, df, sums + i);
  }
  return i;
#endif
}

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
