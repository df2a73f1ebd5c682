#include "watermark/slot_means.h"

#include <algorithm>

namespace countermark {
namespace {

constexpr int kParts = 64;  // of a grey level, in means
// By how much differences of means are magnified, that they may be shown in 8 bits.
constexpr int kMagnified = 8;
constexpr size_t kAtOnce = 512;  // pixels that stay in the cache

}  // namespace

SlotMeans::SlotMeans(Size frame, Arena& arena)
    : size_(frame),
      means_(arena.Allocate<uint16_t>(kMost * frame.Area())),
      slots_(arena.Allocate<size_t>(kMost)) {}

void SlotMeans::Keep(size_t slot, const uint16_t* sums, uint32_t frames) {
  const size_t place = static_cast<size_t>(kept_++ % kMost);
  uint16_t* const mean = means_ + place * size_.Area();
  slots_[place] = slot;
  for (size_t i = 0; i < size_.Area(); ++i) {
    mean[i] = static_cast<uint16_t>((sums[i] * uint32_t{kParts} + frames / 2) / frames);
  }
}

void SlotMeans::Average(size_t begin, size_t end, size_t first, size_t amount,
                        uint16_t* mean) const {
  if (end - begin == 1) {
    std::copy_n(MeanOf(begin) + first, amount, mean);
    return;
  }
  const uint32_t slots = static_cast<uint32_t>(end - begin);
  uint32_t sum[kAtOnce];
  std::fill_n(sum, amount, slots / 2);
  for (size_t k = begin; k < end; ++k) {
    const uint16_t* const one = MeanOf(k) + first;
    for (size_t i = 0; i < amount; ++i) sum[i] += one[i];
  }
  for (size_t i = 0; i < amount; ++i) mean[i] = static_cast<uint16_t>(sum[i] / slots);
}

void SlotMeans::Show(size_t begin, size_t end, uint8_t* pixels) const {
  uint16_t mean[kAtOnce];
  for (size_t at = 0; at < size_.Area(); at += kAtOnce) {
    const size_t amount = std::min(kAtOnce, size_.Area() - at);
    Average(begin, end, at, amount, mean);
    for (size_t i = 0; i < amount; ++i) {
      pixels[at + i] = static_cast<uint8_t>((mean[i] + kParts / 2) / kParts);
    }
  }
}

void SlotMeans::ShareOfAll(uint16_t* common) const {
  for (size_t at = 0; at < size_.Area() && count() > 0; at += kAtOnce) {
    Average(0, count(), at, std::min(kAtOnce, size_.Area() - at), common + at);
  }
}

void SlotMeans::ShowLess(const uint16_t* common, size_t begin, size_t end, uint8_t* pixels) const {
  constexpr int kParted = kParts / kMagnified, kMiddle = 128 * kParted + kParted / 2;
  uint16_t mean[kAtOnce];
  for (size_t at = 0; at < size_.Area(); at += kAtOnce) {
    const size_t amount = std::min(kAtOnce, size_.Area() - at);
    Average(begin, end, at, amount, mean);
    for (size_t i = 0; i < amount; ++i) {
      const int level = std::max(kMiddle + mean[i] - common[at + i], 0) / kParted;
      pixels[at + i] = static_cast<uint8_t>(std::min(level, 255));
    }
  }
}

SlotReader::SlotReader(const SlotMeans& means, const uint16_t* common, Arena& arena)
    : means_(means), common_(common), pixels_(arena.Allocate<uint8_t>(means.size().Area())) {}

void SlotReader::Read(size_t begin, size_t end, const Part& part, const Plane& luma,
                      Arena& arena) const {
  const Arena::Scope scope(arena);
  const size_t left = static_cast<size_t>(part.left), top = static_cast<size_t>(part.top);
  const Size shown{static_cast<size_t>(part.width), static_cast<size_t>(part.height)};
  LumaReader reader(shown, luma.size(), arena);
  if (pixels_ == nullptr || luma.data == nullptr || means_.count() == 0) return;
  if (common_ == nullptr) {
    means_.Show(begin, end, pixels_);
  } else {
    means_.ShowLess(common_, begin, end, pixels_);
  }
  reader.Read(means_.ViewOf(pixels_).Part(left, top, shown.width, shown.height), luma);
}

}  // namespace countermark
