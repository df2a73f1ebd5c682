#include "kernels/hamming.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "api/refusal.h"
#include "api/target.h"
#include "countermark/countermark.h"
#include "fingerprint/hamming_index.h"
#include "fingerprint/hamming_search.h"

namespace countermark {
namespace {

static_assert(kHashBytes == CMK_PDQ_BYTES);
static_assert(kHammingCountMax == CMK_HAMMING_COUNT_MAX);
static_assert(kStampBytes == CMK_HAMMING_STAMP_BYTES);
static_assert(CMK_HAMMING_RADIUS_MAX == 8 * kHashBytes);
static_assert(sizeof(HammingMatch) == sizeof(cmk_hamming_match));
static_assert(offsetof(HammingMatch, label) == offsetof(cmk_hamming_match, label));
static_assert(offsetof(HammingMatch, distance) == offsetof(cmk_hamming_match, distance));
static_assert(offsetof(HammingMatch, query) == offsetof(cmk_hamming_match, query));

bool IsAligned(const void* address) {
  return reinterpret_cast<uintptr_t>(address) % alignof(uint64_t) == 0;
}

bool Overlap(const void* a, size_t a_size, const void* b, size_t b_size) {
  const uintptr_t a_begin = reinterpret_cast<uintptr_t>(a);
  const uintptr_t b_begin = reinterpret_cast<uintptr_t>(b);
  return a_begin < b_begin + b_size && b_begin < a_begin + a_size;
}

cmk_status CheckCount(size_t count) {
  COUNTERMARK_REQUIRE(TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_REQUIRE(count <= kHammingCountMax, CMK_STATUS_TOO_MANY_HASHES);
  return CMK_STATUS_OK;
}

cmk_status CheckBuilding(const uint8_t* hashes, const uint64_t* labels, size_t count,
                         const uint8_t* stamp, const void* index, size_t index_size) {
  COUNTERMARK_CHECK(CheckCount(count));
  COUNTERMARK_REQUIRE(stamp != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(index != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(count == 0 || (hashes != nullptr && labels != nullptr),
                      CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(IsAligned(index), CMK_STATUS_MISALIGNED);
  COUNTERMARK_REQUIRE(IsAligned(labels), CMK_STATUS_MISALIGNED);
  const size_t needed = HammingIndexSize(count);
  COUNTERMARK_REQUIRE(index_size >= needed, CMK_STATUS_SCRATCH_TOO_SMALL);
  const bool overlap = Overlap(index, needed, hashes, count * kHashBytes) ||
                       Overlap(index, needed, labels, count * sizeof(uint64_t)) ||
                       Overlap(index, needed, stamp, kStampBytes);
  COUNTERMARK_REQUIRE(!overlap, CMK_STATUS_OVERLAP);
  return CMK_STATUS_OK;
}

cmk_status CheckQueries(const uint8_t* queries, size_t query_count,
                        const cmk_hamming_match* matches, size_t capacity,
                        const size_t* match_count) {
  COUNTERMARK_REQUIRE(TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_REQUIRE(query_count <= 0 || queries != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(capacity <= 0 || matches != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(match_count != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(IsAligned(matches), CMK_STATUS_MISALIGNED);
  return CMK_STATUS_OK;
}

cmk_status OpenIndex(const void* block, size_t size, HammingIndex* index) {
  COUNTERMARK_REQUIRE(TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_REQUIRE(block != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(IsAligned(block), CMK_STATUS_MISALIGNED);
  COUNTERMARK_REQUIRE(index->Open(block, size), CMK_STATUS_DAMAGED_INDEX);
  return CMK_STATUS_OK;
}

HammingQueries Queries(const uint8_t* hashes, size_t count, uint32_t radius) {
  return {hashes, count, std::min<uint32_t>(radius, CMK_HAMMING_RADIUS_MAX)};
}

HammingMatches Matches(cmk_hamming_match* matches, size_t capacity) {
  return {reinterpret_cast<HammingMatch*>(matches), capacity};
}

}  // namespace
}  // namespace countermark

size_t cmk_hamming_count_max() { return CMK_HAMMING_COUNT_MAX; }
size_t cmk_hamming_stamp_bytes() { return CMK_HAMMING_STAMP_BYTES; }
uint32_t cmk_hamming_radius_max() { return CMK_HAMMING_RADIUS_MAX; }

cmk_status cmk_hamming_index_size(size_t count, size_t* size) {
  COUNTERMARK_CHECK(countermark::CheckCount(count));
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  *size = countermark::HammingIndexSize(count);
  return CMK_STATUS_OK;
}

cmk_status cmk_hamming_index_build(const uint8_t* hashes, const uint64_t* labels, size_t count,
                                   const uint8_t* stamp, void* index, size_t index_size) {
  COUNTERMARK_CHECK(countermark::CheckBuilding(hashes, labels, count, stamp, index, index_size));
  countermark::BuildHammingIndex(hashes, labels, count, stamp, index);
  return CMK_STATUS_OK;
}

cmk_status cmk_hamming_index_check(const void* index, size_t index_size, size_t* count,
                                   uint8_t* stamp) {
  countermark::HammingIndex opened;
  COUNTERMARK_CHECK(countermark::OpenIndex(index, index_size, &opened));
  COUNTERMARK_REQUIRE(count != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(stamp != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(opened.IsWhole(), CMK_STATUS_DAMAGED_INDEX);
  *count = opened.count();
  std::copy(opened.stamp(), opened.stamp() + CMK_HAMMING_STAMP_BYTES, stamp);
  return CMK_STATUS_OK;
}

cmk_status cmk_hamming_index_search(const void* index, size_t index_size, const uint8_t* queries,
                                    size_t query_count, uint32_t radius, cmk_hamming_match* matches,
                                    size_t capacity, size_t* match_count) {
  countermark::HammingIndex opened;
  COUNTERMARK_CHECK(countermark::OpenIndex(index, index_size, &opened));
  COUNTERMARK_CHECK(
      countermark::CheckQueries(queries, query_count, matches, capacity, match_count));
  countermark::HammingMatches found = countermark::Matches(matches, capacity);
  countermark::SearchIndex(opened, countermark::Queries(queries, query_count, radius), &found);
  *match_count = found.count();
  return CMK_STATUS_OK;
}

cmk_status cmk_hamming_scan(const uint8_t* hashes, const uint64_t* labels, size_t count,
                            const uint8_t* queries, size_t query_count, uint32_t radius,
                            cmk_hamming_match* matches, size_t capacity, size_t* match_count) {
  COUNTERMARK_CHECK(
      countermark::CheckQueries(queries, query_count, matches, capacity, match_count));
  COUNTERMARK_REQUIRE(count <= 0 || hashes != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(countermark::IsAligned(labels), CMK_STATUS_MISALIGNED);
  countermark::HammingMatches found = countermark::Matches(matches, capacity);
  countermark::ScanHashes(hashes, labels, count, countermark::Queries(queries, query_count, radius),
                          &found);
  *match_count = found.count();
  return CMK_STATUS_OK;
}
