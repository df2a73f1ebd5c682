#include "transform/plane_fft.h"

#include <kiss_fftr.h>

namespace countermark {
namespace {

// Columns that travel together, so that each cache line is fetched once.
constexpr size_t kBatch = 8;

void* RealPlan(size_t length, bool inverse, Arena& arena) {
  size_t bytes = 0;
  kiss_fftr_alloc(static_cast<int>(length), inverse, nullptr, &bytes);
  void* memory = arena.Allocate<char>(bytes);
  if (memory == nullptr) return nullptr;
  return kiss_fftr_alloc(static_cast<int>(length), inverse, memory, &bytes);
}

void* ComplexPlan(size_t length, bool inverse, Arena& arena) {
  size_t bytes = 0;
  kiss_fft_alloc(static_cast<int>(length), inverse, nullptr, &bytes);
  void* memory = arena.Allocate<char>(bytes);
  if (memory == nullptr) return nullptr;
  return kiss_fft_alloc(static_cast<int>(length), inverse, memory, &bytes);
}

kiss_fft_cpx* Kiss(std::complex<float>* values) { return reinterpret_cast<kiss_fft_cpx*>(values); }

}  // namespace

size_t PlaneFft::FastLength(size_t length) {
  for (size_t candidate = length + length % 2;; candidate += 2) {
    size_t rest = candidate;
    for (size_t factor : {2, 3, 5}) {
      while (rest % factor == 0) rest /= factor;
    }
    if (rest == 1) return candidate;
  }
}

PlaneFft::PlaneFft(size_t width, size_t height, Arena& arena)
    : width_(width),
      height_(height),
      row_forward_(RealPlan(width, false, arena)),
      row_inverse_(RealPlan(width, true, arena)),
      column_forward_(ComplexPlan(height, false, arena)),
      column_inverse_(ComplexPlan(height, true, arena)),
      column_(arena.Allocate<std::complex<float>>(kBatch * height)),
      transformed_(arena.Allocate<std::complex<float>>(height)) {}

void PlaneFft::TransformColumns(void* plan, std::complex<float>* spectrum) {
  for (size_t first = 0; first < columns(); first += kBatch) {
    const size_t batch = columns() - first < kBatch ? columns() - first : kBatch;
    for (size_t y = 0; y < height_; ++y) {
      for (size_t i = 0; i < batch; ++i) {
        column_[i * height_ + y] = spectrum[y * columns() + first + i];
      }
    }
    for (size_t i = 0; i < batch; ++i) {
      kiss_fft(static_cast<kiss_fft_cfg>(plan), Kiss(column_ + i * height_), Kiss(transformed_));
      for (size_t y = 0; y < height_; ++y) column_[i * height_ + y] = transformed_[y];
    }
    for (size_t y = 0; y < height_; ++y) {
      for (size_t i = 0; i < batch; ++i) {
        spectrum[y * columns() + first + i] = column_[i * height_ + y];
      }
    }
  }
}

void PlaneFft::Forward(const float* plane, std::complex<float>* spectrum) {
  for (size_t y = 0; y < height_; ++y) {
    kiss_fftr(static_cast<kiss_fftr_cfg>(row_forward_), plane + y * width_,
              Kiss(spectrum + y * columns()));
  }
  TransformColumns(column_forward_, spectrum);
}

void PlaneFft::Inverse(std::complex<float>* spectrum, float* plane) {
  TransformColumns(column_inverse_, spectrum);
  for (size_t y = 0; y < height_; ++y) {
    kiss_fftri(static_cast<kiss_fftr_cfg>(row_inverse_), Kiss(spectrum + y * columns()),
               plane + y * width_);
  }
}

}  // namespace countermark
