#include "fingerprint/pdq.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/targets.h"
#include "vectors.h"

namespace countermark {
namespace {

// tests/vectors/pdq.txt: a picture by formula, then its quality and its eight hashes.
struct Vector {
  size_t width, height, channels, bits;
  int quality;
  std::vector<std::string> hashes;
};

std::vector<Vector> ReadVectors() {
  std::ifstream file = OpenVectors("pdq.txt");
  std::vector<Vector> vectors;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    Vector vector{};
    fields >> vector.width >> vector.height >> vector.channels >> vector.bits >> vector.quality;
    for (std::string hash; fields >> hash;) vector.hashes.push_back(hash);
    vectors.push_back(vector);
  }
  return vectors;
}

uint32_t Sample(size_t x, size_t y, size_t channel, size_t bits) {
  const uint32_t rings = static_cast<uint32_t>(x * x + 3 * y * y + x * y * channel);
  return (rings >> (16 - bits)) & ((1u << bits) - 1);
}

template <typename T>
std::vector<T> Picture(const Vector& vector) {
  std::vector<T> samples;
  for (size_t y = 0; y < vector.height; ++y) {
    for (size_t x = 0; x < vector.width; ++x) {
      for (size_t channel = 0; channel < vector.channels; ++channel) {
        samples.push_back(static_cast<T>(Sample(x, y, channel, vector.bits)));
      }
    }
  }
  return samples;
}

std::string Hex(const PdqBits& bits) {
  std::string text;
  for (const uint8_t byte : bits) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

template <typename T>
void ExpectVector(const Vector& vector, PixelFormat format) {
  const std::vector<T> samples = Picture<T>(vector);
  const ptrdiff_t stride = static_cast<ptrdiff_t>(vector.width * BytesPerPixel(format));
  const ImageView image = {reinterpret_cast<const uint8_t*>(samples.data()), vector.width,
                           vector.height, stride, format};
  std::vector<uint8_t> memory(PdqScratchSize(image.width, image.height, format));
  Arena arena(memory.data(), memory.size());
  PdqHashes hashes;
  ComputePdq(image, kDihedralCount, arena, &hashes);
  EXPECT_EQ(hashes.quality, vector.quality);
  for (size_t i = 0; i < kDihedralCount; ++i) EXPECT_EQ(Hex(hashes.bits[i]), vector.hashes[i]);
}

void ExpectVector(const Vector& vector) {
  const bool sixteen = vector.bits == 16;
  const size_t index = vector.channels == 1 ? 0 : vector.channels - 2;
  const PixelFormat format = static_cast<PixelFormat>(index + (sixteen ? 3 : 0));
  if (sixteen) {
    ExpectVector<uint16_t>(vector, format);
  } else {
    ExpectVector<uint8_t>(vector, format);
  }
}

TEST(PdqTest, GivesGoldenHashesOnEveryTarget) {
  const std::vector<Vector> vectors = ReadVectors();
  ASSERT_GE(vectors.size(), 8u);
  ForEachTarget([&] {
    for (const Vector& vector : vectors) {
      ASSERT_EQ(vector.hashes.size(), kDihedralCount);
      SCOPED_TRACE(std::to_string(vector.width) + " x " + std::to_string(vector.height));
      ExpectVector(vector);
    }
  });
}

}  // namespace
}  // namespace countermark
