#include "distill/lower.h"

namespace pare {

Result<void> lower(const BatchNormalization& op, LowerContext& context) {
  // ONNX's momentum is the part that stays, LibTorch's the part that is new.
  context.outputs[0] = at::batch_norm(context.inputs[0], context.inputs[1], context.inputs[2], context.inputs[3],
                                      context.inputs[4], context.batch_statistics, 1.0 - op.momentum, op.epsilon,
                                      /*cudnn_enabled=*/false);
  for (size_t i = 1; i < context.outputs.size(); ++i) {
    if (context.wants(i)) return unsupported("its statistics are outputs of the graph, which training does not give");
  }
  return {};
}

Result<void> lower(const InstanceNormalization& op, LowerContext& context) {
  context.outputs[0] = at::instance_norm(context.inputs[0], context.inputs[1], context.inputs[2], {}, {},
                                         /*use_input_stats=*/true, 0.0, op.epsilon, /*cudnn_enabled=*/false);
  return {};
}

Result<void> lower(const LayerNormalization& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const Dims shape = x.sizes().slice(static_cast<size_t>(context.axis(op.axis))).vec();
  if (context.wants(1) || context.wants(2)) return unsupported("its outputs Mean and InvStdDev are not given in training");
  const at::Tensor scale = context.inputs[1].expand(shape);
  const at::Tensor bias = context.has(2) ? context.inputs[2].expand(shape) : at::Tensor();
  context.outputs[0] = at::layer_norm(x, shape, scale, bias, op.epsilon, false);
  return {};
}

Result<void> lower(const LRN& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  Dims pads(static_cast<size_t>(2 * (x.dim() - 1)), 0);
  pads[pads.size() - 2] = (op.size - 1) / 2;
  pads[pads.size() - 1] = op.size - 1 - (op.size - 1) / 2;
  const at::Tensor sums = at::constant_pad_nd(x * x, pads, 0).unfold(1, op.size, 1).sum(-1);
  context.outputs[0] = x / (sums * (op.alpha / static_cast<double>(op.size)) + op.bias).pow(op.beta);
  return {};
}

Result<void> lower(const Softmax& op, LowerContext& context) {
  context.outputs[0] = op.kind == Softmax::Kind::Softmax ? context.inputs[0].softmax(op.axis)
                                                         : context.inputs[0].log_softmax(op.axis);
  return {};
}

Result<void> lower(const Reduce& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  Dims axes = context.has(1) ? context.ints(1) : Dims{};
  if (axes.empty() && op.noop_with_empty_axes) {
    context.outputs[0] = x;
    return {};
  }
  if (axes.empty()) {
    for (int64_t i = 0; i < x.dim(); ++i) axes.push_back(i);
  }
  const bool keep = op.keepdims != 0;
  const auto reduce = [&]() -> at::Tensor {
    using enum Reduce::Kind;
    switch (op.kind) {
      case L1: return x.abs().sum(axes, keep);
      case L2: return (x * x).sum(axes, keep).sqrt();
      case LogSum: return x.sum(axes, keep).log();
      case LogSumExp: return at::logsumexp(x, axes, keep);
      case Max: return x.amax(axes, keep);
      case Mean: return x.mean(axes, keep);
      case Min: return x.amin(axes, keep);
      case Prod: {
        std::vector<bool> reduced(static_cast<size_t>(x.dim()), false);
        for (int64_t a : axes) reduced[static_cast<size_t>(context.axis(a))] = true;
        at::Tensor y = x;
        for (int64_t i = x.dim(); i-- > 0;) {
          if (reduced[static_cast<size_t>(i)]) y = y.prod(i, keep);
        }
        return y;
      }
      case Sum: return x.sum(axes, keep);
      case SumSquare: return (x * x).sum(axes, keep);
    }
    return {};
  };
  context.outputs[0] = reduce();
  return {};
}

Result<void> lower(const ArgReduce& op, LowerContext& context) {
  const bool max = op.kind == ArgReduce::Kind::Max;
  const int64_t axis = context.axis(op.axis);
  at::Tensor x = context.inputs[0].detach();
  if (op.select_last_index) x = x.flip(axis);
  at::Tensor index = max ? x.argmax(axis, op.keepdims != 0) : x.argmin(axis, op.keepdims != 0);
  context.outputs[0] = op.select_last_index ? x.size(axis) - 1 - index : index;
  return {};
}

}  // namespace pare
