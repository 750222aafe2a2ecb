// Element-wise operators with attributes, running sums, determinants and Einstein sums.
#include "distill/lower.h"

namespace pare {

Result<void> lower(const Mod& op, LowerContext& context) {
  const at::Tensor &a = context.inputs[0], &b = context.inputs[1];
  context.outputs[0] = op.fmod != 0 ? at::fmod(a, b) : at::remainder(a, b);
  return {};
}

Result<void> lower(const BitShift&, LowerContext&) { return unsupported("shifts bits, which has no gradient"); }

Result<void> lower(const IsInf& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const at::Tensor positive = x.eq(kInfinity), negative = x.eq(-kInfinity);
  context.outputs[0] = positive.logical_and(at::full_like(positive, op.detect_positive != 0))
                           .logical_or(negative.logical_and(at::full_like(negative, op.detect_negative != 0)));
  return {};
}

Result<void> lower(const Shrink& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  if (!x.is_floating_point()) return unsupported("shrinks integers, which has no gradient");
  const auto edge = static_cast<double>(op.lambd), bias = static_cast<double>(op.bias);
  context.outputs[0] = at::where(x.lt(-edge), x + bias, at::where(x.gt(edge), x - bias, at::zeros_like(x)));
  return {};
}

Result<void> lower(const Swish& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  context.outputs[0] = x * at::sigmoid(x * op.alpha);
  return {};
}

Result<void> lower(const SwiGLU& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  context.outputs[0] = x * at::sigmoid(x * op.alpha) * context.inputs[1];
  return {};
}

Result<void> lower(const CastLike& op, LowerContext& context) {
  Cast cast;
  cast.to = context.input_types[1];
  cast.saturate = op.saturate;
  return lower(cast, context);
}

Result<void> lower(const BitCast&, LowerContext&) { return unsupported("reads bits as another type"); }

Result<void> lower(const Cumulative& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const int64_t axis = context.axis(context.ints(1).at(0));
  const bool sums = op.kind == Cumulative::Kind::Sum;
  at::Tensor y = op.reverse != 0 ? x.flip({axis}) : x;
  if (op.exclusive != 0 && x.size(axis) > 0) {
    at::Tensor first = sums ? at::zeros_like(y.narrow(axis, 0, 1)) : at::ones_like(y.narrow(axis, 0, 1));
    y = at::cat({first, y.narrow(axis, 0, x.size(axis) - 1)}, axis);
  }
  y = sums ? y.cumsum(axis, y.scalar_type()) : y.cumprod(axis, y.scalar_type());
  context.outputs[0] = op.reverse != 0 ? y.flip({axis}) : y;
  return {};
}

Result<void> lower(const Hardmax& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const int64_t axis = context.axis(op.axis);
  context.outputs[0] = at::zeros_like(x).scatter(axis, x.argmax(axis, true), 1);
  return {};
}

Result<void> lower(const Det&, LowerContext& context) {
  context.outputs[0] = at::linalg_det(context.inputs[0]);
  return {};
}

Result<void> lower(const Einsum& op, LowerContext& context) {
  context.outputs[0] = at::einsum(op.equation, context.inputs);
  return {};
}

}  // namespace pare
