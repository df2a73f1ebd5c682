#include "audio/samples.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace countermark::audio {
namespace {

// Numbers beyond full scale are allowed, but not any: their powers are added up.
constexpr float kMost = 8;

// How integers of each width are read and written, and how many make up full scale.
struct Int16 {
  static constexpr int64_t kUnits = 1 << 15;
  static int32_t Load(const uint8_t* at) {
    int16_t value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  static void Store(int32_t value, uint8_t* at) {
    const int16_t narrow = static_cast<int16_t>(value);
    std::memcpy(at, &narrow, sizeof(narrow));
  }
};

struct Int24 {
  static constexpr int64_t kUnits = 1 << 23;
  static int32_t Load(const uint8_t* at) {
    const uint32_t bits = uint32_t{at[0]} << 8 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 24;
    return static_cast<int32_t>(bits) / 256;
  }
  static void Store(int32_t value, uint8_t* at) {
    for (int i = 0; i < 3; ++i) at[i] = static_cast<uint8_t>(static_cast<uint32_t>(value) >> 8 * i);
  }
};

struct Int32 {
  static constexpr int64_t kUnits = int64_t{1} << 31;
  static int32_t Load(const uint8_t* at) {
    int32_t value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  static void Store(int32_t value, uint8_t* at) { std::memcpy(at, &value, sizeof(value)); }
};

// A sample of whole numbers.
template <class Format>
struct Integer {
  static constexpr float kLimit = static_cast<float>(Format::kUnits - 1) / Format::kUnits;
  static float Read(const uint8_t* at) {
    return static_cast<float>(Format::Load(at)) * (1.0f / Format::kUnits);
  }
  static float ReadLimited(const uint8_t* at) { return Read(at); }
  static void Add(float residual, uint8_t* at) {
    // In range but for what the gain was rounded to.
    const int64_t sum = Format::Load(at) + std::llrint(double{residual} * Format::kUnits);
    Format::Store(
        static_cast<int32_t>(std::clamp<int64_t>(sum, -Format::kUnits, Format::kUnits - 1)), at);
  }
};

struct Float32 {
  static constexpr float kLimit = 1;
  static float Read(const uint8_t* at) {
    float value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  static float ReadLimited(const uint8_t* at) { return std::clamp(Read(at), -kMost, kMost); }
  static void Add(float residual, uint8_t* at) {
    const float sum = Read(at) + residual;
    std::memcpy(at, &sum, sizeof(sum));
  }
};

// Calls use(Sample{}) with the one that reads and writes the format.
template <typename Use>
auto WithFormat(SampleFormat format, Use use) {
  switch (format) {
    case SampleFormat::kInt16:
      return use(Integer<Int16>{});
    case SampleFormat::kInt24:
      return use(Integer<Int24>{});
    case SampleFormat::kInt32:
      return use(Integer<Int32>{});
    default:
      return use(Float32{});
  }
}

}  // namespace

bool AreFinite(const uint8_t* samples, SampleFormat format, size_t count) {
  if (format != SampleFormat::kFloat32) return true;
  constexpr int32_t kExponent = 0x7f800000;
  int32_t highest = 0;
  for (size_t i = 0; i < count; ++i) {
    int32_t bits;
    std::memcpy(&bits, samples + 4 * i, sizeof(bits));
    highest = std::max(highest, bits & kExponent);
  }
  return highest < kExponent;
}

void ReadChannel(const uint8_t* samples, SampleFormat format, size_t step, size_t count,
                 float* out) {
  WithFormat(format, [=](auto sample) {
    for (size_t i = 0; i < count; ++i) out[i] = sample.ReadLimited(samples + i * step);
  });
}

float GainFor(const uint8_t* samples, SampleFormat format, size_t step, const float* residual,
              size_t count) {
  return WithFormat(format, [=](auto sample) {
    float gain = 1;
    bool is_silent = true;
    for (size_t i = 0; i < count; ++i) {
      const float x = sample.Read(samples + i * step);
      is_silent &= x == 0;
      // What is out of range already may come back, but not go further.
      const float bound = std::max(sample.kLimit, std::fabs(x));
      if (std::fabs(x + residual[i]) <= bound) continue;
      gain = std::min(gain, (bound - std::fabs(x)) / std::fabs(residual[i]));
    }
    return is_silent ? 0.0f : gain;
  });
}

void AddResidual(uint8_t* samples, SampleFormat format, size_t step, const float* residual,
                 size_t count, float from, float to) {
  WithFormat(format, [=](auto sample) {
    const float slope = (to - from) / static_cast<float>(count);
    for (size_t i = 0; i < count; ++i) {
      sample.Add((from + slope * static_cast<float>(i)) * residual[i], samples + i * step);
    }
  });
}

}  // namespace countermark::audio
