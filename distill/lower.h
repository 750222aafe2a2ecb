// The training column of the operator table: each operator as LibTorch calls, differentiable where it can be.
#pragma once

#include <string>
#include <vector>

#include "distill/torch.h"
#include "graph/graph.h"

namespace pare {

// Operands of one node. Values are held as torch.h says: quantized integers are floats with integer values, so that
// gradients pass through them.
struct LowerContext {
  std::vector<at::Tensor> inputs;   // undefined: left out
  std::vector<at::Tensor> outputs;  // one per output of the node; those nobody wants may stay undefined
  std::vector<DType> input_types;   // as the graph declares them
  std::vector<DType> output_types;
  std::vector<bool> wanted;         // whether anybody uses the output
  at::ScalarType real = at::kFloat;
  bool training = false;            // dropout drops
  bool batch_statistics = false;    // BatchNormalization normalizes by the batch and updates inputs 3 and 4 in place

  bool has(size_t i) const { return i < inputs.size() && inputs[i].defined(); }
  bool wants(size_t i) const { return i < wanted.size() && wanted[i]; }
  // The elements of an integer input.
  std::vector<int64_t> ints(size_t i) const;
  int64_t axis(int64_t axis, size_t input = 0) const;  // 0..rank-1
};

// Sets context.outputs. "Not supported" is a Failure that gives the reason; LibTorch's own complaints come as c10::Error.
#define PARE_DECLARE_LOWER(O) Result<void> lower(const O& op, LowerContext& context);
PARE_OPS(PARE_DECLARE_LOWER)
#undef PARE_DECLARE_LOWER

// The overload of the operator that `op` holds.
Result<void> lower_op(const Op& op, LowerContext& context);

// Whether a constant of these dims at that input is a weight that training may change: operands that the operator
// multiplies or adds, but no statistics, bounds, scales or single factors.
bool is_weight(const Op& op, size_t input, const Dims& dims);

// Integers of a quantized type: [lowest, highest].
std::pair<double, double> integer_range(DType dtype);

// saturate(round_half_even(x / scale) + zero_point) with ONNX's axis and block_size. The straight-through estimator:
// d/dx is 1 / scale inside the range and 0 where it saturates, d/dscale is -x / scale^2 inside; together with
// DequantizeLinear that is the gradient of learned step size quantization (Esser et al. 2020, equation 3).
Result<at::Tensor> quantize(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zero_point, DType dtype,
                            int64_t axis, int64_t block_size);
Result<at::Tensor> dequantize(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zero_point, int64_t axis,
                              int64_t block_size);

}  // namespace pare
