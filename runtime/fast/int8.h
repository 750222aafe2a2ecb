// Convolution and matrix multiplication on 8-bit integers, exact, over NHWC activations.
//
// What is computed, with x the input, w the weights, c the output channel and za, zw, zy, zr zero points:
//   acc = bias[c] + sum (x - za) * (w - zw[c])      int32, modulo 2^32; padding counts as x = za
//   m   = (sx * sw[c]) / sy                         float32, rounded after each operation; a plain real for float
//   output v   = float(acc) * m + add[c]                   add[c] = float_bias[c] / sy, or 0 v   = v + float(r - zr) *
//   (sr / sy)             only with a residual r y   = min(max(round(v), low - zy), high - zy) + zy
// No operation is contracted (no fused multiply-add), round is to nearest even, and low and high are the activation's
// bounds quantized as y is (or the type's range). So a quantized layer is DequantizeLinear, the operator and
// QuantizeLinear of ONNX with the scales gathered into one factor, as QLinearConv of ONNX Runtime gathers them. With
// `middle` the sum before the residual is itself quantized, as a QuantizeLinear between the operator and the Add says:
//   u = min(max(round(float(acc) * (sx * sw[c] / su) + float_bias[c] / su), low_u - zu), high_u - zu)
//   v = u * (su / sy) + float(r - zr) * (sr / sy)
// For Int8Output::float32 sy is 1 and y = min(max(v, low), high); for int32 y = acc.
// Isa::plain is the definition in C++; the others give the same bits. So does every number of threads: threads share
// out outputs and no sum is split. Scales must be positive and finite, and products of scales finite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "runtime/cpu.h"
#include "runtime/fast/float_kernels.h"
#include "runtime/thread_pool.h"

namespace pare {

// real = (q - zero_point) * scale, q an int8 or a uint8.
struct Int8Quant {
  float scale = 1.0f;
  int32_t zero_point = 0;
  bool is_signed = false;

  int32_t lowest() const { return is_signed ? -128 : 0; }
  int32_t highest() const { return is_signed ? 127 : 255; }
  // QuantizeLinear of ONNX: saturate(round_half_even(value / scale) + zero_point). NaN becomes the lowest.
  int32_t quantize(float value) const;
};

enum class Int8Output : uint8_t { quantized, float32, int32 };

// Activation of the result as bounds on real numbers: Relu is low = 0, Clip(0, 6) low = 0, high = 6.
struct Int8Bounds {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

// Everything that does not depend on the image's size. The spans are read while the object is built, not after.
struct Int8ConvParams {
  // Kernel, strides, dilations, pads, groups and channels count; batch, h and w do not.
  ConvShape shape;
  // int8 or uint8: OIHW [out_channels, in_channels / groups, kernel_h, kernel_w], or, with weights_io (1x1 and one
  // group only), [in_channels, out_channels] as MatMul and Gemm with transB = 0 have it.
  const void* weights = nullptr;
  bool weights_signed = true;
  bool weights_io = false;
  std::span<const float> weight_scale;         // one or out_channels; none: 1
  std::span<const int32_t> weight_zero_point;  // one or out_channels; none: 0
  Int8Quant input;
  std::span<const int32_t> bias;      // out_channels or none, of scale sx * sw[c]
  std::span<const float> float_bias;  // out_channels or none, in real numbers
  Int8Output output_kind = Int8Output::quantized;
  Int8Quant output;  // of a quantized result
  Int8Bounds bounds;
  std::optional<Int8Quant> residual;  // 8 bits, layout of the output; added before the bounds
  std::optional<Int8Quant> middle;    // with a residual: quantization of the sum before it is added
  Int8Bounds middle_bounds;           // the activation before `middle`
};

// Buffers of one run. x is [batch, h, w, in_channels], y and the residual [batch, out_h, out_w, out_channels].
struct Int8ConvData {
  const void* x = nullptr;
  const void* residual = nullptr;
  void* y = nullptr;
  // Replaces scale and zero point of params.input (not is_signed) where they are known only at run time.
  const Int8Quant* input = nullptr;
};

// A convolution with packed weights. Immutable once built: any number of threads may run it, each with its own scratch.
// A product A[m, k] * B[k, n] is the 1x1 convolution of in_channels k, out_channels n, batch 1, h 1, w m.
class Int8Conv {
 public:
  Int8Conv(const Int8ConvParams& params, Isa isa);
  ~Int8Conv();
  Int8Conv(Int8Conv&&) noexcept;
  Int8Conv& operator=(Int8Conv&&) noexcept;

  // Bytes of scratch that `run` needs with a pool of that many threads; any alignment.
  size_t scratch_bytes(const ConvShape& shape, int threads) const;
  // `shape` is the shape of the params with batch, h and w filled in. y may be the residual, not x. Allocates nothing.
  void run(const ConvShape& shape, const Int8ConvData& data, std::span<std::byte> scratch, ThreadPool& pool) const;
  // Bytes that the packed weights take.
  size_t packed_bytes() const;

  struct State;  // internal to runtime/fast/int8*
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<const State> state_;
};

}  // namespace pare
