// Work on the cells of short-time spectra: rows of kCellFrames frames, one row for each bin.
#ifndef COUNTERMARK_KERNELS_CELLS_H_
#define COUNTERMARK_KERNELS_CELLS_H_

#include <cstddef>

namespace countermark {

// Frames side by side. A row of cells has as many real parts, then as many imaginary parts; a row
// of numbers has one for each frame.
inline constexpr size_t kCellFrames = 16;
inline constexpr size_t kCellRow = 2 * kCellFrames;

// power = |cell|^2 + floor, which must be a normal number above 0, and its natural logarithm.
void LogPowers(const float* cells, float floor, size_t rows, float* power, float* logarithm);

// out = exp((1 - share) log(level) + share log_level), of `count` numbers; level > 0, the result
// between 1e-37 and 1e37.
void MixLevels(const float* level, const float* log_level, float share, size_t count, float* out);

// out = in^exponent, of `count` numbers; in > 0, the result between 1e-37 and 1e37. `out` may be
// `in`.
void RaiseToPower(const float* in, float exponent, size_t count, float* out);

// out = log(in), of `count` numbers; in is a normal number above 0. `out` may be `in`.
void Logarithms(const float* in, size_t count, float* out);

// out = exp(in) - 1, of `count` numbers between -80 and 80, of those near 0 with an error of 1e-7.
// `out` may be `in`.
void ExponentialsLessOne(const float* in, size_t count, float* out);

// out = amplitude * cell. `out` may be `cells`.
void ShapeCells(const float* cells, const float* amplitude, size_t rows, float* out);

// Each cell x, and what becomes of it when amplitude * wave is added, divided by
// sqrt(|x|^2 + floor) with its own |x|, added to the sums.
void AddWhitenedPair(const float* cells, const float* wave, const float* amplitude, float floor,
                     size_t rows, float* host_sum, float* marked_sum);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_CELLS_H_
