// Samples as they lie in files and devices.
#ifndef COUNTERMARK_AUDIO_SAMPLES_H_
#define COUNTERMARK_AUDIO_SAMPLES_H_

#include <cstddef>
#include <cstdint>

namespace countermark::audio {

// Signed; those of 24 bits take three bytes, the lowest first. All others are in the machine's byte
// order. Full scale is 1 as a number.
enum class SampleFormat { kInt16, kInt24, kInt32, kFloat32 };

constexpr size_t BytesPerSample(SampleFormat format) {
  switch (format) {
    case SampleFormat::kInt16:
      return 2;
    case SampleFormat::kInt24:
      return 3;
    default:
      return 4;
  }
}

// Whether no sample is infinite or not a number.
bool AreFinite(const uint8_t* samples, SampleFormat format, size_t count);

// Every so many bytes there is a sample of the channel. What is far beyond full scale is cut off.
void ReadChannel(const uint8_t* samples, SampleFormat format, size_t step, size_t count,
                 float* out);

// The largest factor, at most 1, by which the residual may be multiplied without taking a sample
// out of range; 0 where all samples are 0: silence stays as it is.
float GainFor(const uint8_t* samples, SampleFormat format, size_t step, const float* residual,
              size_t count);

// Adds the residual with a gain that goes from `from` to `to` along the samples.
void AddResidual(uint8_t* samples, SampleFormat format, size_t step, const float* residual,
                 size_t count, float from, float to);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_SAMPLES_H_
