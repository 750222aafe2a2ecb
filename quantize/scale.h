// Scales, zero points and rounding of one tensor.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/tensor.h"
#include "quantize/range.h"

namespace pare {

// The integer types of a width: int8 and uint8, int4 and uint4.
DType signed_type(int bits);
DType unsigned_type(int bits);

struct ScaleZero {
  float scale = 1;
  int64_t zero = 0;
};
// Unsigned asymmetric over a range; a range without extent gets scale 1.
ScaleZero asymmetric(const ValueRange& range, int bits);

// Elements of `tensor` grouped by index along `axis` (one group for axis -1): max |x| of each.
std::vector<float> largest_magnitudes(const Tensor& tensor, int axis);

// Symmetric signed scales with the least squared error by group along `axis`, from max|x| / (2^(bits-1) - 1) downwards.
std::vector<float> least_error_scales(const Tensor& tensor, int axis, int bits);

// saturate(round_half_even(x / scale) + zero) by group along axis, as QuantizeLinear computes it.
Tensor quantize_tensor(const Tensor& tensor, const std::vector<float>& scales, const std::vector<int64_t>& zeros, int axis,
                       DType to);

}  // namespace pare
