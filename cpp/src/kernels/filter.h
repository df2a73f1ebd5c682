// Sums and minima over several rows: the inner loop of separable filters. A horizontal filter
// passes one row at successive offsets, a vertical one successive rows.
#ifndef COUNTERMARK_KERNELS_FILTER_H_
#define COUNTERMARK_KERNELS_FILTER_H_

#include <cstddef>

namespace countermark {

// out[i] = sum over t of inputs[t][i] * weights[t], added in the order of t. taps > 0.
// `out` may be one of the inputs only at the same position.
void WeightedSum(const float* const* inputs, const float* weights, size_t taps, size_t count,
                 float* out);

// out[o][i] = sum over t of inputs[t][i] * weights[o * taps + t], added in the order of t: as many
// calls of WeightedSum, but every input is read once for several of them. taps > 0. No output may
// be an input.
void WeightedSums(const float* const* inputs, const float* weights, size_t taps, size_t outputs,
                  size_t count, float* const* out);

// out[o][i] = sum over t of inputs[o + t][i] * weights[t], added in the order of t: the same filter
// for rows that follow each other. taps > 0; there are outputs + taps - 1 inputs. No output may be
// an input.
void MovingSums(const float* const* inputs, const float* weights, size_t taps, size_t outputs,
                size_t count, float* const* out);

// out[i] = the least of inputs[t][i]. taps > 0; no NaN.
void Minimum(const float* const* inputs, size_t taps, size_t count, float* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_FILTER_H_
