#include "kernels/checksum.h"

#include "kernels/checksum_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/checksum.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::Checksum;
#else
namespace hn = hwy::HWY_NAMESPACE;

uint64_t Checksum(const uint8_t* bytes, size_t size) {
  const hn::Full128<uint64_t> d64;
  const hn::Full128<uint8_t> d8;
  const hn::Full128<uint32_t> d32;
  const hn::Half<decltype(d32)> half;
  auto a0 = hn::Zero(d64), a1 = a0, a2 = a0, a3 = a0;
  auto b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  for (size_t i = 0; i < size; i += kChecksumBlockBytes) {
    const auto left = hn::BitCast(d32, hn::LoadU(d8, bytes + i));
    const auto right = hn::BitCast(d32, hn::LoadU(d8, bytes + i + 16));
    a0 = hn::Add(a0, hn::PromoteTo(d64, hn::LowerHalf(half, left)));
    a1 = hn::Add(a1, hn::PromoteTo(d64, hn::UpperHalf(half, left)));
    a2 = hn::Add(a2, hn::PromoteTo(d64, hn::LowerHalf(half, right)));
    a3 = hn::Add(a3, hn::PromoteTo(d64, hn::UpperHalf(half, right)));
    b0 = hn::Add(b0, a0);
    b1 = hn::Add(b1, a1);
    b2 = hn::Add(b2, a2);
    b3 = hn::Add(b3, a3);
  }
  uint64_t sums[kChecksumStreams], sums_of_sums[kChecksumStreams];
  hn::StoreU(a0, d64, sums);
  hn::StoreU(a1, d64, sums + 2);
  hn::StoreU(a2, d64, sums + 4);
  hn::StoreU(a3, d64, sums + 6);
  hn::StoreU(b0, d64, sums_of_sums);
  hn::StoreU(b1, d64, sums_of_sums + 2);
  hn::StoreU(b2, d64, sums_of_sums + 4);
  hn::StoreU(b3, d64, sums_of_sums + 6);
  return reference::FoldSums(sums, sums_of_sums, size);
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(Checksum);

uint64_t Checksum(const uint8_t* bytes, size_t size) {
  return HWY_DYNAMIC_DISPATCH(Checksum)(bytes, size);
}

}  // namespace countermark
#endif
