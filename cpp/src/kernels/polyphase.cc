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

using Four = hn::FixedTag<float, 4>;
constexpr size_t kOutputs = 4;

// The eight sums of an output.
#if HWY_MAX_BYTES >= 32
using Eight = hn::FixedTag<float, 8>;
using Sums = hn::Vec<Eight>;

HWY_INLINE Sums NoSums() { return hn::Zero(Eight()); }
HWY_INLINE Sums AddProducts(Sums sums, const float* in, const float* row) {
  const Eight d;
  return hn::Add(sums, hn::Mul(hn::LoadU(d, in), hn::LoadU(d, row)));
}
// Sum i + 4 on top of sum i.
HWY_INLINE hn::Vec<Four> Folded(Sums sums) {
  const Four half;
  return hn::Add(hn::LowerHalf(half, sums), hn::UpperHalf(half, sums));
}
#else
struct Sums {
  // What a compiler adds by itself is not for the target, and could not hold its vectors.
  HWY_INLINE Sums(hn::Vec<Four> low, hn::Vec<Four> high) : lower(low), upper(high) {}

  hn::Vec<Four> lower, upper;
};

HWY_INLINE Sums NoSums() { return {hn::Zero(Four()), hn::Zero(Four())}; }
HWY_INLINE Sums AddProducts(Sums sums, const float* in, const float* row) {
  const Four d;
  return {hn::Add(sums.lower, hn::Mul(hn::LoadU(d, in), hn::LoadU(d, row))),
          hn::Add(sums.upper, hn::Mul(hn::LoadU(d, in + 4), hn::LoadU(d, row + 4)))};
}
HWY_INLINE hn::Vec<Four> Folded(Sums sums) { return hn::Add(sums.lower, sums.upper); }
#endif

// What is multiplied for an output.
struct Terms {
  const float *in, *row;
};

HWY_INLINE Terms NextTerms(const PolyphaseWalk& walk, const float** in, uint32_t* part) {
  const Terms terms = {*in, PolyphaseRow(walk, *part)};
  *in += StepPolyphase(walk, part);
  return terms;
}

// Four outputs at a time, whose sums are added across.
size_t FilterPolyphase(const float* in, const PolyphaseWalk& walk, uint32_t* part, size_t count,
                       float* out) {
  const Four d;
  const float* first = in;
  const PolyphaseWalk own = walk;  // nothing that is written is part of it
  uint32_t at = *part;
  size_t i = 0;
  for (; i + kOutputs <= count; i += kOutputs) {
    Terms terms[kOutputs];
    for (Terms& t : terms) t = NextTerms(own, &in, &at);
    Sums eight0 = NoSums(), eight1 = NoSums(), eight2 = NoSums(), eight3 = NoSums();
    for (size_t t = 0; t < own.taps; t += kPolyphaseTaps) {
      eight0 = AddProducts(eight0, terms[0].in + t, terms[0].row + t);
      eight1 = AddProducts(eight1, terms[1].in + t, terms[1].row + t);
      eight2 = AddProducts(eight2, terms[2].in + t, terms[2].row + t);
      eight3 = AddProducts(eight3, terms[3].in + t, terms[3].row + t);
    }
    const auto sums0 = Folded(eight0), sums1 = Folded(eight1);
    const auto sums2 = Folded(eight2), sums3 = Folded(eight3);
    const auto low_even = hn::InterleaveLower(d, sums0, sums2);
    const auto low_odd = hn::InterleaveLower(d, sums1, sums3);
    const auto high_even = hn::InterleaveUpper(d, sums0, sums2);
    const auto high_odd = hn::InterleaveUpper(d, sums1, sums3);
    // Sum k of each of the four outputs.
    const auto sum0 = hn::InterleaveLower(d, low_even, low_odd);
    const auto sum1 = hn::InterleaveUpper(d, low_even, low_odd);
    const auto sum2 = hn::InterleaveLower(d, high_even, high_odd);
    const auto sum3 = hn::InterleaveUpper(d, high_even, high_odd);
    hn::StoreU(hn::Add(hn::Add(sum0, sum2), hn::Add(sum1, sum3)), d, out + i);
  }
  *part = at;
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
