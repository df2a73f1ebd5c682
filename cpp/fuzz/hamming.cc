// The exact search: an index is damaged, checked and searched; nothing outside it is read, and what
// an undamaged one finds is what a scan finds.
#include <algorithm>
#include <utility>
#include <vector>

#include "arguments.h"

namespace countermark {
namespace {

void FillWithHashes(uint32_t state, uint8_t spread, uint8_t* hashes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    state = state * 1664525 + 1013904223;
    hashes[i] = static_cast<uint8_t>((state >> 24) & spread);  // few bits set: many that are alike
  }
}

// Takes 4 MiB however few hashes it holds, and is therefore built once and repaired after each run.
struct BuiltIndex {
  static constexpr size_t kCount = 257;

  BuiltIndex() : hashes(kCount * CMK_PDQ_BYTES), labels(kCount) {
    FillWithHashes(1, 0x11, hashes.data(), hashes.size());
    for (size_t i = 0; i < kCount; ++i) labels[i] = 3 * i;
    Require(cmk_hamming_index_size(kCount, &size) == CMK_STATUS_OK);
    block = Block(size, 0);
    const uint8_t stamp[CMK_HAMMING_STAMP_BYTES] = {1};
    Require(cmk_hamming_index_build(hashes.data(), labels.data(), kCount, stamp, block.data(),
                                    size) == CMK_STATUS_OK);
  }

  std::vector<uint8_t> hashes;
  std::vector<uint64_t> labels;
  size_t size = 0;
  Block block;
};

// Bytes of the index that are other ones while this lives.
class Damage {
 public:
  Damage(FuzzedDataProvider& bytes, const BuiltIndex& index) : memory_(index.block.data()) {
    const size_t count = bytes.ConsumeIntegralInRange<size_t>(0, 8);
    for (size_t i = 0; i < count; ++i) {
      const size_t last = bytes.ConsumeBool() ? 255 : index.size - 1;
      const size_t at = bytes.ConsumeIntegralInRange<size_t>(0, last);
      const auto bits = bytes.ConsumeIntegral<uint8_t>();
      before_.emplace_back(at, memory_[at]);
      memory_[at] = static_cast<uint8_t>(memory_[at] ^ bits);
    }
  }
  ~Damage() {
    for (auto i = before_.rbegin(); i != before_.rend(); ++i) memory_[i->first] = i->second;
  }
  Damage(const Damage&) = delete;
  Damage& operator=(const Damage&) = delete;

  bool IsNone() const {  // several may undo each other: the oldest value of a place decides
    std::vector<std::pair<size_t, uint8_t>> oldest;
    for (const auto& [at, value] : before_) {
      const size_t place = at;
      const bool is_known = std::any_of(oldest.begin(), oldest.end(), [place](const auto& known) {
        return known.first == place;
      });
      if (!is_known) oldest.emplace_back(at, value);
    }
    return std::all_of(oldest.begin(), oldest.end(),
                       [this](const auto& known) { return memory_[known.first] == known.second; });
  }

 private:
  uint8_t* memory_;
  std::vector<std::pair<size_t, uint8_t>> before_;
};

std::vector<uint64_t> Labels(const std::vector<cmk_hamming_match>& matches, size_t count) {
  std::vector<uint64_t> labels;
  for (size_t i = 0; i < count; ++i) labels.push_back(matches[i].label);
  std::sort(labels.begin(), labels.end());
  return labels;
}

void Run(FuzzedDataProvider& bytes) {
  static const BuiltIndex index;
  const Damage damage(bytes, index);
  size_t told = index.size;
  if (Rarely(bytes, 10)) told = bytes.ConsumeIntegralInRange<size_t>(0, index.size);
  const bool is_whole = damage.IsNone() && told == index.size;

  if (Rarely(bytes, 30)) {  // which reads 4 MiB
    size_t count = 0;
    const Block stamp(CMK_HAMMING_STAMP_BYTES, 0);
    const cmk_status status =
        cmk_hamming_index_check(index.block.data(), told, &count, stamp.data());
    Require((status == CMK_STATUS_OK) == is_whole);
  }

  const size_t query_count = bytes.ConsumeIntegralInRange<size_t>(0, 9);
  const Block queries(query_count * CMK_PDQ_BYTES, 0);
  FillWithHashes(bytes.ConsumeIntegralInRange<uint32_t>(1, 4), 0x11, queries.data(),
                 query_count * CMK_PDQ_BYTES);
  const uint32_t radius = Rarely(bytes, 10) ? bytes.ConsumeIntegral<uint32_t>()
                                            : bytes.ConsumeIntegralInRange<uint32_t>(0, 60);
  std::vector<cmk_hamming_match> found(bytes.ConsumeIntegralInRange<size_t>(0, BuiltIndex::kCount));
  size_t found_count = 0;
  const cmk_status status =
      cmk_hamming_index_search(index.block.data(), told, queries.data(), query_count, radius,
                               found.data(), found.size(), &found_count);
  Require(status == CMK_STATUS_OK || !is_whole);
  if (!is_whole) return;

  std::vector<cmk_hamming_match> scanned(BuiltIndex::kCount);
  size_t scanned_count = 0;
  Require(cmk_hamming_scan(index.hashes.data(), index.labels.data(), BuiltIndex::kCount,
                           queries.data(), query_count, radius, scanned.data(), scanned.size(),
                           &scanned_count) == CMK_STATUS_OK);
  Require(found_count == scanned_count);
  if (found_count > found.size()) return;
  Require(Labels(found, found_count) == Labels(scanned, scanned_count));
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  countermark::Run(bytes);
  return 0;
}
