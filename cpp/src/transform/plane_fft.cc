#include "transform/plane_fft.h"

#include <kiss_fftr.h>

#include <algorithm>

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

PlaneFft::PlaneFft(size_t width, size_t height, size_t columns, Arena& arena)
    : width_(width),
      height_(height),
      columns_(std::min(columns, width / 2 + 1)),
      row_forward_(RealPlan(width, false, arena)),
      row_inverse_(RealPlan(width, true, arena)),
      column_forward_(ComplexPlan(height, false, arena)),
      column_inverse_(ComplexPlan(height, true, arena)),
      row_(arena.Allocate<std::complex<float>>(width / 2 + 1)),
      batch_(arena.Allocate<std::complex<float>>(kBatch * height)),
      transformed_(arena.Allocate<std::complex<float>>(kBatch * height)) {}

// Rows from `rows_in` on are taken for zeros; only `rows_out` are written back.
void PlaneFft::TransformColumns(void* plan, size_t rows_in, size_t rows_out,
                                std::complex<float>* spectrum) {
  std::fill_n(batch_, kBatch * height_, 0.0f);
  for (size_t first = 0; first < columns_; first += kBatch) {
    const size_t batch = std::min(columns_ - first, kBatch);
    for (size_t y = 0; y < rows_in; ++y) {
      for (size_t i = 0; i < batch; ++i) {
        batch_[i * height_ + y] = spectrum[y * columns_ + first + i];
      }
    }
    for (size_t i = 0; i < batch; ++i) {
      kiss_fft(static_cast<kiss_fft_cfg>(plan), Kiss(batch_ + i * height_),
               Kiss(transformed_ + i * height_));
    }
    for (size_t y = 0; y < rows_out; ++y) {
      for (size_t i = 0; i < batch; ++i) {
        spectrum[y * columns_ + first + i] = transformed_[i * height_ + y];
      }
    }
  }
}

void PlaneFft::Forward(const float* plane, size_t rows, std::complex<float>* spectrum) {
  for (size_t y = 0; y < rows; ++y) {
    kiss_fftr(static_cast<kiss_fftr_cfg>(row_forward_), plane + y * width_, Kiss(row_));
    std::copy_n(row_, columns_, spectrum + y * columns_);
  }
  TransformColumns(column_forward_, rows, height_, spectrum);
}

void PlaneFft::Inverse(std::complex<float>* spectrum, size_t rows, float* plane) {
  TransformColumns(column_inverse_, height_, rows, spectrum);
  std::fill_n(row_, width_ / 2 + 1, 0.0f);
  for (size_t y = 0; y < rows; ++y) {
    std::copy_n(spectrum + y * columns_, columns_, row_);
    kiss_fftri(static_cast<kiss_fftr_cfg>(row_inverse_), Kiss(row_), plane + y * width_);
  }
}

}  // namespace countermark
