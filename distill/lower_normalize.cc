#include "distill/lower.h"

namespace pare {

Result<void> lower(const GroupNormalization& op, LowerContext& context) {
  context.outputs[0] = at::group_norm(context.inputs[0], op.num_groups, context.inputs[1], context.inputs[2],
                                      op.epsilon, /*cudnn_enabled=*/false);
  return {};
}

Result<void> lower(const RMSNormalization& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  std::vector<int64_t> axes;
  for (int64_t axis = context.axis(op.axis); axis < x.dim(); ++axis) axes.push_back(axis);
  context.outputs[0] = x * ((x * x).mean(axes, true) + op.epsilon).rsqrt() * context.inputs[1];
  return {};
}

// Where all is zero the norm is taken for 1, which keeps the gradient finite.
Result<void> lower(const LpNormalization& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const std::vector<int64_t> axes{context.axis(op.axis)};
  const at::Tensor sum = (op.p == 1 ? x.abs() : x * x).sum(axes, true);
  const at::Tensor safe = at::where(sum == 0, at::ones_like(sum), sum);
  context.outputs[0] = x / (op.p == 1 ? safe : safe.sqrt());
  return {};
}

Result<void> lower(const MeanVarianceNormalization& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  std::vector<int64_t> axes;
  for (const int64_t axis : op.axes) axes.push_back(context.axis(axis));
  for (int64_t axis = 0; op.axes.empty() && axis < x.dim(); ++axis) axes.push_back(axis);
  const at::Tensor centred = x - x.mean(axes, true);
  context.outputs[0] = centred / ((centred * centred).mean(axes, true).sqrt() + 1e-9);
  return {};
}

}  // namespace pare
