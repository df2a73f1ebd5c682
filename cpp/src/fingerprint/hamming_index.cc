#include "fingerprint/hamming_index.h"

#include <algorithm>
#include <cstring>

#include "kernels/checksum.h"
#include "kernels/hamming.h"

namespace countermark {
namespace {

// "cmkhamm" and the version, as a number: in the other byte order it is another one.
constexpr uint64_t kMagic = 0x636D6B68616D6D01;
constexpr size_t kAlignment = 64;
constexpr size_t kStartsOfBand = kBandValues + 1;

struct Header {
  uint64_t magic;
  uint64_t count;
  uint64_t size;
  // Of the header, in which this is the checksum of all that follows it.
  uint64_t checksum;
  uint8_t stamp[kStampBytes];
};
static_assert(sizeof(Header) == kAlignment);

// Where the sections begin.
struct Layout {
  explicit Layout(size_t count)
      : labels(sizeof(Header)),
        hashes(labels + AlignUp(count * sizeof(uint64_t))),
        starts(hashes + AlignUp(count * kHashBytes)),
        rows(starts + AlignUp(kBands * kStartsOfBand * sizeof(uint32_t))),
        size(rows + AlignUp(kBands * count * kRowBytes)) {}

  static size_t AlignUp(size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

  size_t labels, hashes, starts, rows, size;
};

uint64_t ChecksumOf(Header header, const uint8_t* block, size_t size) {
  header.checksum = Checksum(block + sizeof(Header), size - sizeof(Header));
  uint8_t bytes[sizeof(Header)];
  std::memcpy(bytes, &header, sizeof(Header));
  return Checksum(bytes, sizeof(Header));
}

Header HeaderOf(const uint8_t* block) {
  Header header;
  std::memcpy(&header, block, sizeof(Header));
  return header;
}

uint16_t KeyAt(const uint8_t* keys, size_t row) {
  uint16_t key;
  std::memcpy(&key, keys + row * sizeof(key), sizeof(key));
  return key;
}

// Sorts the rows of a band by its value: counts, adds up, distributes.
void SortBand(const uint8_t* keys, size_t count, uint32_t* starts, uint8_t* rows) {
  std::fill_n(starts, kStartsOfBand, 0);
  for (size_t row = 0; row < count; ++row) ++starts[KeyAt(keys, row) + 1];
  for (size_t value = 0; value < kBandValues; ++value) starts[value + 1] += starts[value];
  for (size_t row = 0; row < count; ++row) {
    uint8_t* const place = rows + kRowBytes * starts[KeyAt(keys, row)]++;
    place[0] = static_cast<uint8_t>(row);
    place[1] = static_cast<uint8_t>(row >> 8);
    place[2] = static_cast<uint8_t>(row >> 16);
  }
  // Each start has moved to the next one's place.
  std::copy_backward(starts, starts + kBandValues, starts + kStartsOfBand);
  starts[0] = 0;
}

}  // namespace

size_t HammingIndexSize(size_t count) { return Layout(count).size; }

bool HammingIndex::Open(const void* block, size_t size) {
  if (size < sizeof(Header)) return false;
  block_ = static_cast<const uint8_t*>(block);
  const Header header = HeaderOf(block_);
  if (header.magic != kMagic || header.size != size || header.count > kHammingCountMax)
    return false;
  count_ = static_cast<size_t>(header.count);
  const Layout layout(count_);
  size_ = size;
  labels_ = reinterpret_cast<const uint64_t*>(block_ + layout.labels);
  hashes_ = block_ + layout.hashes;
  starts_ = reinterpret_cast<const uint32_t*>(block_ + layout.starts);
  rows_ = block_ + layout.rows;
  return layout.size == size;
}

bool HammingIndex::IsWhole() const {
  const Header header = HeaderOf(block_);
  return header.checksum == ChecksumOf(header, block_, size_);
}

const uint8_t* HammingIndex::stamp() const { return block_ + offsetof(Header, stamp); }

HammingIndex::List HammingIndex::RowsWith(size_t band, uint16_t value) const {
  const uint32_t* const starts = starts_ + band * kStartsOfBand + value;
  const size_t begin = starts[0], end = starts[1];
  if (begin > end || end > count_) return {rows_, 0};
  return {rows_ + kRowBytes * (band * count_ + begin), end - begin};
}

void BuildHammingIndex(const uint8_t* hashes, const uint64_t* labels, size_t count,
                       const uint8_t* stamp, void* block) {
  const Layout layout(count);
  uint8_t* const base = static_cast<uint8_t*>(block);
  uint8_t* const rows = base + layout.rows;
  uint32_t* const starts = reinterpret_cast<uint32_t*>(base + layout.starts);
  // No other memory is needed: the keys of each band wait where the rows of the next one will be,
  // and those of the last where the labels will.
  const auto keys_of = [&](size_t band) {
    return band + 1 < kBands ? rows + kRowBytes * (band + 1) * count : base + layout.labels;
  };
  for (size_t row = 0; row < count; ++row) {
    const BandKeys keys = BandKeysOf(hashes + kHashBytes * row);
    for (size_t band = 0; band < kBands; ++band) {
      std::memcpy(keys_of(band) + row * sizeof(uint16_t), &keys[band], sizeof(uint16_t));
    }
  }
  for (size_t band = 0; band < kBands; ++band) {
    SortBand(keys_of(band), count, starts + band * kStartsOfBand, rows + kRowBytes * band * count);
  }
  const auto fill = [&](size_t begin, const void* from, size_t size, size_t end) {
    if (size != 0) std::memcpy(base + begin, from, size);
    std::fill(base + begin + size, base + end, uint8_t{0});
  };
  fill(layout.labels, labels, count * sizeof(uint64_t), layout.hashes);
  fill(layout.hashes, hashes, count * kHashBytes, layout.starts);
  fill(layout.rows + kBands * count * kRowBytes, nullptr, 0, layout.size);

  Header header = {kMagic, count, layout.size, 0, {}};
  std::copy(stamp, stamp + kStampBytes, header.stamp);
  header.checksum = ChecksumOf(header, base, layout.size);
  std::memcpy(base, &header, sizeof(Header));
}

}  // namespace countermark
