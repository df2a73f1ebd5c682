#include "kernels/magnitude.h"

#include "kernels/magnitude_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/magnitude.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::LargestMagnitude;
#else
namespace hn = hwy::HWY_NAMESPACE;

// The order does not matter to the result; two maxima at once keep the processor busy.
float LargestMagnitude(const float* values, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto even = hn::Zero(d), odd = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    even = hn::Max(even, hn::Abs(hn::LoadU(d, values + i)));
    odd = hn::Max(odd, hn::Abs(hn::LoadU(d, values + i + lanes)));
  }
  const float rest = reference::LargestMagnitude(values + i, count - i);
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(even, odd), hn::Set(d, rest))));
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(LargestMagnitude);

float LargestMagnitude(const float* values, size_t count) {
  return HWY_DYNAMIC_DISPATCH(LargestMagnitude)(values, count);
}

}  // namespace countermark
#endif
