#include "audio/gain_layout.h"

#include <algorithm>
#include <numeric>

#include "base/generator.h"
#include "base/trigonometry.h"
#include "code/message.h"

namespace countermark::audio {
namespace {

// Streams of the key's generator.
enum : uint32_t {
  kCellOrderStream = 0x110,
  kCellBitStream = 0x111,
  kCellSignStream = 0x112,
};

constexpr double kBinHertz = static_cast<double>(kRate) / kFrame;

}  // namespace

GainLayout::GainLayout(const Key& key) {
  std::array<uint16_t, kGainCells> order;
  std::iota(order.begin(), order.end(), uint16_t{0});
  Generator(key, kCellOrderStream).Shuffle(order.data(), order.size());
  bit_of.fill(0);
  for (size_t i = 0; i < kGainPilotCells; ++i) bit_of[order[i]] = kPilot;

  Generator places(key, kCellBitStream);
  std::array<uint16_t, kCodedBits> bits;
  size_t next = kCodedBits;
  for (uint16_t& bit : bit_of) {
    if (bit == kPilot) continue;
    if (next == kCodedBits) {
      std::iota(bits.begin(), bits.end(), uint16_t{0});
      places.Shuffle(bits.data(), bits.size());
      next = 0;
    }
    bit = bits[next++];
  }

  Generator signs(key, kCellSignStream);
  for (int8_t& s : sign) s = (signs.Next() & 1) != 0 ? -1 : 1;
}

void FillGainBands(double first, size_t count, GainBand* bands) {
  // Of a bin, around its own frequency.
  const auto edge = [](size_t bin) { return (static_cast<double>(bin) - 0.5) * kBinHertz; };
  const auto lower_edge = [&](size_t b) {
    return kGainLowest / Exponential(-kGainWidth * (first + static_cast<double>(b)));
  };
  for (size_t b = 0; b < count; ++b) {
    GainBand& band = bands[b];
    const double low = lower_edge(b), high = lower_edge(b + 1);
    band.first = static_cast<size_t>(low / kBinHertz + 0.5);
    band.count = static_cast<size_t>(high / kBinHertz + 0.5) - band.first + 1;
    band.width = 0;
    for (size_t i = 0; i < band.count; ++i) {
      const double from = std::max(low, edge(band.first + i));
      const double to = std::min(high, edge(band.first + i + 1));
      band.share[i] = static_cast<float>((to - from) / kBinHertz);
      band.width += band.share[i];
    }
  }
}

}  // namespace countermark::audio
