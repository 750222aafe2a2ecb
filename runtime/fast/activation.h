// What a fast float kernel does to each result before it is stored, beyond the product itself.
#pragma once

#include <cstdint>

namespace pare {

// The functions of ONNX with its parameters:
//   none          x
//   relu          max(x, 0)
//   clip          min(max(x, a), b)
//   hard_swish    x * min(max(x / 6 + 1/2, 0), 1)
//   hard_sigmoid  min(max(a * x + b, 0), 1)
//   sigmoid       1 / (1 + exp(-x))
//   leaky_relu    x if x >= 0, else a * x
//   tanh          (exp(x) - exp(-x)) / (exp(x) + exp(-x))
//   silu          x / (1 + exp(-a * x))
//   gelu          x / 2 * (1 + erf(x / sqrt(2)))
//   gelu_tanh     x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
// NaN stays NaN.
enum class ActivationKind : uint8_t {
  none,
  relu,
  clip,
  hard_swish,
  hard_sigmoid,
  sigmoid,
  leaky_relu,
  tanh,
  silu,
  gelu,
  gelu_tanh
};

struct Activation {
  ActivationKind kind = ActivationKind::none;
  float a = 0;
  float b = 0;
};

// result = activation(product + bias[channel] + residual[pixel, channel])
struct Epilogue {
  const float* bias = nullptr;      // one per output channel (column), or null
  const float* residual = nullptr;  // shape and layout of the output, rows `residual_stride` apart; or null
  int64_t residual_stride = 0;      // floats between rows (GEMM) or pixels (convolution); 0 means that of the output
  Activation activation;
};

}  // namespace pare
