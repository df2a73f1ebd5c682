#include "kernels/polyphase.h"

#include "kernels/polyphase_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/polyphase.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::FilterPolyphase;
#else
namespace hn = hwy::HWY_NAMESPACE;

// Sum i + 4 on top of sum i.
HWY_INLINE hn::Vec<hn::FixedTag<float, 4> > FourSums(const float* in, const float* row,
                                                     size_t taps) {
#if HWY_MAX_BYTES >= 32
  const hn::FixedTag<float, 8> d;
  const hn::FixedTag<float, 4> half;
  auto sums = hn::Zero(d);
  for (size_t t = 0; t < taps; t += 8) {
    sums = hn::Add(sums, hn::Mul(hn::LoadU(d, in + t), hn::LoadU(d, row + t)));
  }
  return hn::Add(hn::LowerHalf(half, sums), hn::UpperHalf(half, sums));
#else
  const hn::FixedTag<float, 4> d;
  auto lower = hn::Zero(d), upper = hn::Zero(d);
  for (size_t t = 0; t < taps; t += 8) {
    lower = hn::Add(lower, hn::Mul(hn::LoadU(d, in + t), hn::LoadU(d, row + t)));
    upper = hn::Add(upper, hn::Mul(hn::LoadU(d, in + t + 4), hn::LoadU(d, row + t + 4)));
  }
  return hn::Add(lower, upper);
#endif
}

// Four outputs at a time, whose sums are added across.
size_t FilterPolyphase(const float* in, const PolyphaseWalk& walk, uint32_t* part, size_t count,
                       float* out) {
  const hn::FixedTag<float, 4> d;
  const float* first = in;
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    hn::Vec<decltype(d)> sums[4];
    for (auto& s : sums) {
      s = FourSums(in, PolyphaseRow(walk, *part), walk.taps);
      in += StepPolyphase(walk, part);
    }
    const auto low_even = hn::InterleaveLower(d, sums[0], sums[2]);
    const auto low_odd = hn::InterleaveLower(d, sums[1], sums[3]);
    const auto high_even = hn::InterleaveUpper(d, sums[0], sums[2]);
    const auto high_odd = hn::InterleaveUpper(d, sums[1], sums[3]);
    // Sum k of each of the four outputs.
    const auto sum0 = hn::InterleaveLower(d, low_even, low_odd);
    const auto sum1 = hn::InterleaveUpper(d, low_even, low_odd);
    const auto sum2 = hn::InterleaveLower(d, high_even, high_odd);
    const auto sum3 = hn::InterleaveUpper(d, high_even, high_odd);
    hn::StoreU(hn::Add(hn::Add(sum0, sum2), hn::Add(sum1, sum3)), d, out + i);
  }
  return static_cast<size_t>(in - first) +
         reference::FilterPolyphase(in, walk, part, count - i, out + i);
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(FilterPolyphase);

size_t FilterPolyphase(const float* in, const PolyphaseWalk& walk, uint32_t* part, size_t count,
                       float* out) {
  return HWY_DYNAMIC_DISPATCH(FilterPolyphase)(in, walk, part, count, out);
}

}  // namespace countermark
#endif
