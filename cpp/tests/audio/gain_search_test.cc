#include "audio/gain_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "audio/gain_layer.h"
#include "audio/memory.h"
#include "kernels/targets.h"

namespace countermark::audio {
namespace {

constexpr size_t kSeconds = 20;
constexpr Word kWord = {0xfedcba9876543210, 5};

std::vector<float> SoundOf(uint32_t seed) {
  return Noise(seed).Floats(kSeconds * kRate, 0.2f / 32768);
}

// Noise that bears the second layer alone, `times` as deep as an embedder makes it.
std::vector<float> Marked(float times) {
  const std::vector<float> sound = SoundOf(1);
  InMemory<ShortTime> transform;
  InMemory<GainLayer> layer;
  layer->Begin(kDefaultKey, {0, 0, 77}, Amplitudes(kWord).data());
  std::vector<float> marked(sound.size() + kBlockSpan), cells(kBlockCells);
  std::vector<float> growth(kGainBins * kFrames);
  for (size_t block = 0; block * kBlockHop + kBlockSpan <= sound.size(); ++block) {
    transform->Forward(sound.data() + block * kBlockHop, cells.data());
    layer->Measure(cells.data() + kGainFirstBin * kBinStep, block * kFrames, growth.data());
    for (size_t k = 0; k < kGainBins; ++k) {
      for (size_t i = 0; i < kBinStep; ++i) {
        cells[(kGainFirstBin + k) * kBinStep + i] *= 1 + times * growth[k * kFrames + i % kFrames];
      }
    }
    transform->Inverse(cells.data(), marked.data() + block * kBlockHop);
  }
  marked.resize(sound.size());
  return marked;
}

struct Search {
  Search() {
    Arena counting;
    const MessageDecoder counted(counting);
    memory.resize(counting.SizeNeeded());
    Arena arena(memory.data(), memory.size());
    decoder = std::make_unique<MessageDecoder>(arena);
  }

  bool Run(const std::vector<float>& sound) {
    return gains->Run({sound.data(), sound.size()}, 1, *whitener, *decoder, &message, &where);
  }

  InMemory<GainSearch> gains{kDefaultKey};
  InMemory<Whitener> whitener;
  std::vector<uint8_t> memory;
  std::unique_ptr<MessageDecoder> decoder;
  Message message{};
  GainPeak where{};
};

TEST(GainSearchTest, ReadsWhatTheLayerSays) {
  Search search;
  ASSERT_TRUE(search.Run(Marked(4)));
  EXPECT_EQ(search.message.word.payload, kWord.payload);
  EXPECT_EQ(search.message.word.variant, kWord.variant);
  EXPECT_LE(search.message.false_positive_rate, kMostFalsePositives);
  EXPECT_NEAR(search.where.tempo, 1, 0.005);
  EXPECT_NEAR(search.where.Pitch(), 1, 0.005);
}

// Cells that lie later by 4 % are those of a sound that runs slower: what a change of tempo does to
// the cells, done to the frames of noise that has no pitch.
TEST(GainSearchTest, ReadsAnotherTempo) {
  const std::vector<float> marked = Marked(4);
  constexpr double kTempo = 0.96;
  std::vector<float> slow(static_cast<size_t>(double(marked.size()) / kTempo) - kFrame);
  std::vector<float> weight(slow.size());
  for (size_t begin = 0; begin + kFrame < slow.size(); begin += kHop) {
    const size_t from = static_cast<size_t>(double(begin) * kTempo);
    for (size_t n = 0; n < kFrame && from + n < marked.size(); ++n) {
      const float w = 0.5f - 0.5f * std::cos(6.2831853f * float(n) / kFrame);
      slow[begin + n] += w * marked[from + n];
      weight[begin + n] += w;
    }
  }
  for (size_t n = 0; n < slow.size(); ++n) slow[n] /= weight[n] + 1e-3f;
  Search search;
  ASSERT_TRUE(search.Run(slow));
  EXPECT_EQ(search.message.word.payload, kWord.payload);
  EXPECT_NEAR(search.where.tempo, kTempo, 0.003);
}

TEST(GainSearchTest, FindsNothingWhereNothingIs) {
  Search search;
  EXPECT_FALSE(search.Run(SoundOf(2)));
  EXPECT_FALSE(search.Run(std::vector<float>(kRate)));
  EXPECT_FALSE(search.Run(std::vector<float>(1)));
}

}  // namespace
}  // namespace countermark::audio
