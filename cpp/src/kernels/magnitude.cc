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
using reference::LargestOfParities;
#else
namespace hn = hwy::HWY_NAMESPACE;

// The order does not matter to a maximum.
float LargestOfParities(const float* parts, size_t step, size_t count) {
  const hn::ScalableTag<float> d;
  auto largest = hn::Zero(d);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto even = hn::LoadU(d, parts + i), odd = hn::LoadU(d, parts + step + i);
    const auto even_sine = hn::LoadU(d, parts + 2 * step + i);
    const auto odd_sine = hn::LoadU(d, parts + 3 * step + i);
    const auto outer = hn::Add(hn::Abs(hn::Add(even, odd)), hn::Abs(hn::Add(odd_sine, even_sine)));
    const auto inner = hn::Add(hn::Abs(hn::Sub(even, odd)), hn::Abs(hn::Sub(odd_sine, even_sine)));
    largest = hn::Max(largest, hn::Max(outer, inner));
  }
  const float rest = reference::LargestOfParities(parts + i, step, count - i);
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(largest, hn::Set(d, rest))));
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(LargestOfParities);

float LargestOfParities(const float* parts, size_t step, size_t count) {
  return HWY_DYNAMIC_DISPATCH(LargestOfParities)(parts, step, count);
}

}  // namespace countermark
#endif
