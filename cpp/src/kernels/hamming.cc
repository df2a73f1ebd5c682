#include "kernels/hamming.h"

#include <cstring>

#include "kernels/hamming_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/hamming.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::HammingDistances;
using reference::HammingDistancesOfRows;
#else
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_ARCH_X86
// SSE4 and AVX2 count bits in general registers only; every processor that has them does so in a
// cycle, which beats tables in vectors.
class Query {
 public:
  HWY_INLINE explicit Query(const uint8_t* bytes)
      : a_(WordAt(bytes)), b_(WordAt(bytes + 8)), c_(WordAt(bytes + 16)), d_(WordAt(bytes + 24)) {}

  HWY_INLINE uint16_t DistanceTo(const uint8_t* hash) const {
    return static_cast<uint16_t>(
        hwy::PopCount(WordAt(hash) ^ a_) + hwy::PopCount(WordAt(hash + 8) ^ b_) +
        hwy::PopCount(WordAt(hash + 16) ^ c_) + hwy::PopCount(WordAt(hash + 24) ^ d_));
  }

 private:
  static HWY_INLINE uint64_t WordAt(const uint8_t* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
  }

  uint64_t a_, b_, c_, d_;
};
#else
class Query {
 public:
  HWY_INLINE explicit Query(const uint8_t* bytes)
      : lower_(hn::LoadU(d8_, bytes)), upper_(hn::LoadU(d8_, bytes + 16)) {}

  HWY_INLINE uint16_t DistanceTo(const uint8_t* hash) const {
    const auto lower = hn::PopulationCount(hn::Xor(hn::LoadU(d8_, hash), lower_));
    const auto upper = hn::PopulationCount(hn::Xor(hn::LoadU(d8_, hash + 16), upper_));
    const auto halves = hn::SumsOf8(hn::Add(lower, upper));
    return static_cast<uint16_t>(hn::GetLane(hn::SumOfLanes(hn::Full128<uint64_t>(), halves)));
  }

 private:
  static constexpr hn::Full128<uint8_t> d8_{};
  hn::Vec<hn::Full128<uint8_t> > lower_, upper_;
};
#endif

void HammingDistances(const uint8_t* hashes, size_t count, const uint8_t* query,
                      uint16_t* distances) {
  const Query from(query);
  for (size_t i = 0; i < count; ++i) distances[i] = from.DistanceTo(hashes + kHashBytes * i);
}

// As many cache misses at once as a core keeps under way.
constexpr size_t kAhead = 16;

void HammingDistancesOfRows(const uint8_t* hashes, const uint32_t* rows, size_t count,
                            const uint8_t* query, uint16_t* distances) {
  const Query from(query);
  const auto hash = [&](size_t i) HWY_ATTR { return hashes + kHashBytes * size_t{rows[i]}; };
  for (size_t i = 0; i < count && i < kAhead; ++i) hwy::Prefetch(hash(i));
  size_t i = 0;
  for (; i + kAhead < count; ++i) {
    hwy::Prefetch(hash(i + kAhead));
    distances[i] = from.DistanceTo(hash(i));
  }
  for (; i < count; ++i) distances[i] = from.DistanceTo(hash(i));
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(HammingDistances);
HWY_EXPORT(HammingDistancesOfRows);

void HammingDistances(const uint8_t* hashes, size_t count, const uint8_t* query,
                      uint16_t* distances) {
  HWY_DYNAMIC_DISPATCH(HammingDistances)(hashes, count, query, distances);
}

void HammingDistancesOfRows(const uint8_t* hashes, const uint32_t* rows, size_t count,
                            const uint8_t* query, uint16_t* distances) {
  HWY_DYNAMIC_DISPATCH(HammingDistancesOfRows)(hashes, rows, count, query, distances);
}

}  // namespace countermark
#endif
