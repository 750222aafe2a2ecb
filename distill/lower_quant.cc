#include "distill/lower.h"

namespace pare {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// round_half_even(x / scale) clamped to [low, high], with the straight-through gradients that lower.h states.
struct RoundAndClamp : torch::autograd::Function<RoundAndClamp> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& scale,
                            const at::Tensor& low, const at::Tensor& high) {
    const at::Tensor steps = x / scale;
    at::Tensor rounded = steps.round();
    const at::Tensor clamped = at::minimum(at::maximum(rounded, low), high);
    const bool train_scale = scale.requires_grad();
    context->saved_data["train_scale"] = train_scale;
    context->save_for_backward({clamped.eq(rounded), scale, train_scale ? steps : at::Tensor()});
    return clamped;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor inside = gradients[0] * saved[0] / saved[1];
    at::Tensor scale_gradient;
    if (context->saved_data["train_scale"].toBool()) {
      scale_gradient = -(inside * saved[2]).sum_to_size(saved[1].sizes());
    }
    return {inside, scale_gradient, at::Tensor(), at::Tensor()};
  }
};

// A scale or zero point so shaped that it broadcasts against x.
Result<at::Tensor> spread(const at::Tensor& parameter, const at::Tensor& x, int64_t axis, int64_t block_size) {
  if (parameter.numel() == 1) return parameter.reshape({});
  if (axis < 0) axis += x.dim();
  if (block_size > 0) {
    const at::Tensor repeated = at::repeat_interleave(parameter, block_size, axis);
    return repeated.narrow(axis, 0, x.size(axis));
  }
  if (parameter.dim() != 1 || axis >= x.dim() || parameter.size(0) != x.size(axis)) {
    return input_error("a scale of " + std::to_string(parameter.numel()) + " elements does not fit axis " +
                       std::to_string(axis) + " of the quantized tensor");
  }
  Dims dims(static_cast<size_t>(x.dim()), 1);
  dims[static_cast<size_t>(axis)] = -1;
  return parameter.reshape(dims);
}

}  // namespace

Result<at::Tensor> quantize(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zero_point, DType dtype,
                            int64_t axis, int64_t block_size) {
  if (!is_integer(dtype) || bits(dtype) > 16) {
    return unsupported("quantization to " + std::string(name(dtype)) +
                       " cannot be trained through; integers of up to 16 bits can");
  }
  const auto [low, high] = integer_range(dtype);
  PARE_ASSIGN(const at::Tensor scales, spread(scale, x, axis, block_size));
  if (!zero_point.defined()) {
    return RoundAndClamp::apply(x, scales, at::scalar_tensor(low, x.options()), at::scalar_tensor(high, x.options()));
  }
  PARE_ASSIGN(const at::Tensor zeros, spread(zero_point, x, axis, block_size));
  return RoundAndClamp::apply(x, scales, low - zeros, high - zeros) + zeros;
}

Result<at::Tensor> dequantize(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zero_point, int64_t axis,
                              int64_t block_size) {
  PARE_ASSIGN(const at::Tensor scales, spread(scale, x, axis, block_size));
  const at::Tensor real = x.to(scale.scalar_type());
  if (!zero_point.defined()) return real * scales;
  PARE_ASSIGN(const at::Tensor zeros, spread(zero_point, x, axis, block_size));
  return (real - zeros.to(scale.scalar_type())) * scales;
}

Result<void> lower(const QuantizeLinear& op, LowerContext& context) {
  PARE_ASSIGN(context.outputs[0],
              quantize(context.inputs[0], context.inputs[1], context.has(2) ? context.inputs[2] : at::Tensor(),
                       context.output_types[0], op.axis, op.block_size));
  return {};
}

Result<void> lower(const DequantizeLinear& op, LowerContext& context) {
  PARE_ASSIGN(context.outputs[0],
              dequantize(context.inputs[0], context.inputs[1], context.has(2) ? context.inputs[2] : at::Tensor(),
                         op.axis, op.block_size));
  return {};
}

Result<void> lower(const DynamicQuantizeLinear&, LowerContext&) {
  return unsupported("takes its scale from the batch; quantize the model statically (pare quantize) to train it");
}

}  // namespace pare
