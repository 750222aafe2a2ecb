// Elementwise operators on floats, in whichever order their operands are at hand.
#include <algorithm>
#include <cmath>

#include "runtime/plan/builder.h"

namespace pare {
namespace {

// BatchNormalization behind nothing that could take it: y = x * scale[c] + shift[c], channels last.
bool match_batch_norm(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<BatchNormalization>(node.op);
  if (!op || op->training_mode != 0 || node.outputs.size() != 1) return false;
  const Dims& dims = builder.dims(node.inputs[0]);
  if (dims.size() < 2 || count_of(dims) == 0) return false;
  const int64_t channels = dims[1];
  const Tensor* constants[4];
  for (size_t i = 0; i < 4; ++i) {
    constants[i] = builder.constant(node.inputs[i + 1]);
    if (!constants[i] || constants[i]->dtype() != DType::float32 || constants[i]->size() != channels) return false;
  }
  std::vector<float> scale, shift;
  for (int64_t c = 0; c < channels; ++c) {
    const double slope =
        constants[0]->as_double(c) / std::sqrt(constants[3]->as_double(c) + static_cast<double>(op->epsilon));
    scale.push_back(static_cast<float>(slope));
    shift.push_back(static_cast<float>(constants[1]->as_double(c) - constants[2]->as_double(c) * slope));
  }
  builder.claim(id);
  Step step{.kernel = "batchnorm.nhwc.float", .nodes = {id}, .in_place = 0};
  ValueId result = node.outputs[0];
  Activation activation;
  if (const auto match = match_activation(builder, result)) {
    activation = match->activation;
    result = match->out;
    step.nodes.insert(step.nodes.end(), match->nodes.begin(), match->nodes.end());
    for (const NodeId other : match->nodes) builder.claim(other);
  }
  const int in = builder.require(node.inputs[0], Order::channels_last);
  const int out = builder.create(result, Order::channels_last);
  step.reads = {in};
  step.writes = {out};
  step.run = [=, rows = count_of(dims) / channels](const Frame& frame) {
    auto* to = frame.at<float>(out);
    frame.kernels.elementwise_rows(ElementwiseOp::mul, frame.at<const float>(in), scale.data(), to, rows, channels, {},
                                   frame.pool);
    frame.kernels.elementwise_rows(ElementwiseOp::add, to, shift.data(), to, rows, channels, activation, frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

// int32 to float32, behind integer products.
bool match_cast(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (!as<Cast>(node.op) || builder.dtype(node.inputs[0]) != DType::int32 ||
      builder.dtype(node.outputs[0]) != DType::float32)
    return false;
  const Order order = preferred_order(builder, {node.inputs[0]});
  builder.claim(id);
  const int in = builder.require(node.inputs[0], order);
  const int out = builder.create(node.outputs[0], order);
  const int64_t count = count_of(builder.dims(node.inputs[0]));
  builder.add({.kernel = "cast.int32.float",
               .nodes = {id},
               .reads = {in},
               .writes = {out},
               .in_place = 0,
               .run = [=](const Frame& frame) {
                 const auto* from = frame.at<const int32_t>(in);
                 auto* to = frame.at<float>(out);
                 for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
                 return Result<void>();
               }});
  return true;
}

}  // namespace

Order preferred_order(const Builder& builder, const std::vector<ValueId>& operands) {
  for (const ValueId id : operands)
    if (!builder.is_constant(id) && builder.has(id, Order::channels_last) && !builder.has(id, Order::onnx))
      return Order::channels_last;
  return Order::onnx;
}

std::optional<Repeat> match_repeat(const Builder& builder, ValueId operand, const Dims& out, Order order) {
  const Dims& own = builder.dims(operand);
  if (own.size() > out.size()) return std::nullopt;
  if (own.size() < out.size() && order == Order::channels_last && !builder.is_constant(operand) && count_of(own) != 1)
    return std::nullopt;
  Dims full(out.size() - own.size(), 1);
  full.insert(full.end(), own.begin(), own.end());
  Dims q = order == Order::channels_last ? channels_last(full) : full;
  const Dims p = order == Order::channels_last ? channels_last(out) : out;
  // q = a prefix of p, then ones, then a suffix of p.
  size_t begin = 0;
  while (begin < p.size() && q[begin] == p[begin]) ++begin;
  if (begin == p.size()) return Repeat{1, 1, count_of(p)};
  size_t end = p.size();
  while (end > begin && q[end - 1] == p[end - 1]) --end;
  for (size_t i = begin; i < end; ++i)
    if (q[i] != 1) return std::nullopt;
  return Repeat{count_of(p, 0, begin), count_of(p, begin, end), count_of(p, end, p.size())};
}

int require_full_rank(Builder& builder, ValueId id, size_t rank, Order order) {
  const Dims& own = builder.dims(id);
  if (own.size() == rank || !builder.is_constant(id) || order == Order::onnx)
    return builder.require(id, own.size() == rank ? order : Order::onnx);
  Dims full(rank - own.size(), 1);
  full.insert(full.end(), own.begin(), own.end());
  const Tensor* constant = builder.constant(id);
  if (constant == nullptr) return builder.require(id, Order::onnx);
  Tensor tensor = constant->reshaped(full);
  if (!same_in_both_orders(full)) {
    // [1, C, spatial...] to [1, spatial..., C]
    const Tensor from = tensor;
    const auto values = from.data<float>();
    auto to = tensor.mutable_data<float>();
    const int64_t pixels = count_of(full, 2, full.size());
    for (int64_t c = 0; c < full[1]; ++c)
      for (int64_t i = 0; i < pixels; ++i) to[i * full[1] + c] = values[c * pixels + i];
  }
  return builder.constant_value(std::move(tensor));
}

bool match_elementwise(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (node.inputs.empty() || node.inputs[0] == ValueId::none) return false;
  if (match_cast(builder, id)) return true;
  if (builder.dtype(node.inputs[0]) != DType::float32) return false;
  return match_batch_norm(builder, id) || match_chain(builder, id);
}

}  // namespace pare
