// Quotients, roots and sums of products, each rounded as IEEE 754 demands. Included by a kernel
// after Highway, again for each target.
#if defined(COUNTERMARK_KERNELS_EXACT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COUNTERMARK_KERNELS_EXACT_INL_H_
#undef COUNTERMARK_KERNELS_EXACT_INL_H_
#else
#define COUNTERMARK_KERNELS_EXACT_INL_H_
#endif

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

#if HWY_ARCH_ARM_V7
// NEON of 32 bits has estimates only: each lane goes through the unit for single numbers.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D> >
HWY_INLINE V ExactQuotient(D d, V dividend, V divisor) {
  constexpr size_t kLanes = hwy::HWY_NAMESPACE::MaxLanes(d);
  HWY_ALIGN float above[kLanes], below[kLanes];
  hwy::HWY_NAMESPACE::Store(dividend, d, above);
  hwy::HWY_NAMESPACE::Store(divisor, d, below);
  for (size_t i = 0; i < kLanes; ++i) above[i] = above[i] / below[i];
  return hwy::HWY_NAMESPACE::Load(d, above);
}

template <class D, class V = hwy::HWY_NAMESPACE::Vec<D> >
HWY_INLINE V ExactRoot(D d, V square) {
  constexpr size_t kLanes = hwy::HWY_NAMESPACE::MaxLanes(d);
  HWY_ALIGN float values[kLanes];
  hwy::HWY_NAMESPACE::Store(square, d, values);
  for (size_t i = 0; i < kLanes; ++i) values[i] = std::sqrt(values[i]);
  return hwy::HWY_NAMESPACE::Load(d, values);
}

// One instruction, which unlike that of 64 bits rounds the product, too; Highway has none for it.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D> >
HWY_INLINE V AddProduct(D, V sum, V a, V b) {
  return V(vmlaq_f32(sum.raw, a.raw, b.raw));
}
#else
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D> >
HWY_INLINE V ExactQuotient(D, V dividend, V divisor) {
  return hwy::HWY_NAMESPACE::Div(dividend, divisor);
}

template <class D, class V = hwy::HWY_NAMESPACE::Vec<D> >
HWY_INLINE V ExactRoot(D, V square) {
  return hwy::HWY_NAMESPACE::Sqrt(square);
}

template <class D, class V = hwy::HWY_NAMESPACE::Vec<D> >
HWY_INLINE V AddProduct(D, V sum, V a, V b) {
  return hwy::HWY_NAMESPACE::Add(sum, hwy::HWY_NAMESPACE::Mul(a, b));
}
#endif

#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#endif  // COUNTERMARK_KERNELS_EXACT_INL_H_
