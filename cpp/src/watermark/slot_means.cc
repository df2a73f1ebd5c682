#include "watermark/slot_means.h"

#include <algorithm>

namespace countermark {
namespace {

constexpr uint32_t kParts = 64;  // of a grey level, in means
// By how much differences of means are magnified, that they may be shown in 8 bits.
constexpr float kMagnified = 8;
constexpr size_t kAtOnce = 512;  // pixels that stay in the cache

uint8_t Rounded(float level) {
  return static_cast<uint8_t>(std::min(std::max(level + 0.5f, 0.0f), 255.0f));
}

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
    mean[i] = static_cast<uint16_t>((sums[i] * kParts + frames / 2) / frames);
  }
}

void SlotMeans::Average(size_t begin, size_t end, size_t first, size_t count, float* level) const {
  const float share = 1 / static_cast<float>(end - begin);
  std::fill_n(level, count, 0.0f);
  for (size_t k = begin; k < end; ++k) {
    const uint16_t* const mean = MeanOf(k) + first;
    for (size_t i = 0; i < count; ++i) level[i] += share * static_cast<float>(mean[i]);
  }
}

void SlotMeans::Show(size_t begin, size_t end, uint8_t* pixels) const {
  constexpr float kTimes = 1 / static_cast<float>(kParts);
  float level[kAtOnce];
  for (size_t at = 0; at < size_.Area(); at += kAtOnce) {
    const size_t count = std::min(kAtOnce, size_.Area() - at);
    Average(begin, end, at, count, level);
    for (size_t i = 0; i < count; ++i) pixels[at + i] = Rounded(kTimes * level[i]);
  }
}

void SlotMeans::ShareOfAll(uint16_t* common) const {
  float level[kAtOnce];
  for (size_t at = 0; at < size_.Area(); at += kAtOnce) {
    const size_t amount = std::min(kAtOnce, size_.Area() - at);
    Average(0, count(), at, amount, level);
    for (size_t i = 0; i < amount; ++i) {
      common[at + i] = static_cast<uint16_t>(level[i] + 0.5f);
    }
  }
}

void SlotMeans::ShowLess(const uint16_t* common, size_t begin, size_t end, uint8_t* pixels) const {
  constexpr float kTimes = kMagnified / static_cast<float>(kParts);
  float level[kAtOnce];
  for (size_t at = 0; at < size_.Area(); at += kAtOnce) {
    const size_t amount = std::min(kAtOnce, size_.Area() - at);
    Average(begin, end, at, amount, level);
    for (size_t i = 0; i < amount; ++i) {
      const float difference = level[i] - static_cast<float>(common[at + i]);
      pixels[at + i] = Rounded(128 + kTimes * difference);
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
