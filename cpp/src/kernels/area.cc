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
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(AddWeightedRow);

void AddWeightedRow(const uint8_t* row, uint16_t weight, size_t count, uint16_t* sums) {
  HWY_DYNAMIC_DISPATCH(AddWeightedRow)(row, weight, count, sums);
}

}  // namespace countermark
#endif
