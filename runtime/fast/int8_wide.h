// Products of float rows with 8-bit weights, in integers: recurrent layers, whose state has no quantizer of its own.
//
// A row x is rounded to 16 bits, q = round(x / s) with s = max |x| / 32639, and multiplied exactly as two rows of
// bytes:
//   y[r, c] = (s * sw[c]) * sum over k of q[r, k] * (w[k, c] - zw[c]) + bias[c] + residual[r, c]
// The rounding moves a result by at most max |x| / 65278 * sum over k of |w[k, c]|, w in real numbers; what follows the
// exact sum is rounded in float32 after each operation, the same on every instruction set and number of threads. A row
// with an infinite value or a NaN gives NaN.
#pragma once

#include "runtime/fast/int8.h"

namespace pare {

// What the weights of an Int8Conv have to be built with, beside shape, weights, scales and float_bias, to be used here.
inline constexpr Int8Quant kInt8WideInput = {1.0f, 128, false};

struct Int8WideData {
  const float* x = nullptr;  // rows of the weights' input channels
  int64_t x_stride = 0;
  const float* residual = nullptr;  // null: none
  int64_t residual_stride = 0;
  float* y = nullptr;  // rows of the weights' output channels
  int64_t y_stride = 0;
};

size_t int8_wide_scratch(const Int8Conv& weights, int64_t rows);
// `weights` is a matrix (1x1, one group) for kInt8WideInput with a float32 output. Allocates nothing.
void int8_wide(const Int8Conv& weights, int64_t rows, const Int8WideData& data, std::span<std::byte> scratch,
               ThreadPool& pool);

}  // namespace pare
