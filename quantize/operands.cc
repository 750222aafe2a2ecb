#include "quantize/operands.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace pare {
namespace {

constexpr double kLargestBias = 1 << 30;  // leaves the accumulator as much again

int64_t count_uses(const Graph& graph, ValueId value) {
  int64_t uses = std::count(graph.outputs.begin(), graph.outputs.end(), value);
  for (const NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    uses += std::count(node.inputs.begin(), node.inputs.end(), value) +
            std::count(node.captures.begin(), node.captures.end(), value);
  }
  return uses;
}

// The scale of an activation that comes out of integers with one scale.
const Tensor* integer_scale(const Graph& graph, ValueId value) {
  const NodeId producer = graph.value(value).producer;
  if (producer == NodeId::none || !as<DequantizeLinear>(graph.node(producer).op)) return nullptr;
  const auto& scale = graph.value(graph.node(producer).inputs[1]).constant;
  return scale && scale->size() == 1 ? &*scale : nullptr;
}

}  // namespace

void set_constant_operand(Graph& graph, NodeId id, size_t slot, Tensor tensor) {
  Node& node = graph.node(id);
  const ValueId old = node.inputs[slot];
  if (graph.value(old).constant && count_uses(graph, old) == 1) {
    graph.set_constant(old, std::move(tensor));
  } else {
    node.inputs[slot] = graph.add_constant(graph.value(old).name, std::move(tensor));
  }
}

size_t WeightGrid::at(int64_t element) const {
  if (one) return 0;
  const int64_t below = element % inner, along = element / inner % extent, above = element / inner / extent;
  if (block == 0) return static_cast<size_t>(along);
  const int64_t blocks = (extent + block - 1) / block;
  return static_cast<size_t>((above * blocks + along / block) * inner + below);
}

WeightGrid grid_of(const Graph& quantized, const QuantizedWeight& weight) {
  const Tensor& integers = *quantized.value(weight.integers).constant;
  WeightGrid grid;
  grid.scale = quantized.value(weight.scale).constant->floats();
  grid.zero.assign(grid.scale.size(), 0);
  if (weight.zero_point != ValueId::none) {
    const Tensor& zero = *quantized.value(weight.zero_point).constant;
    for (size_t i = 0; i < grid.zero.size(); ++i)
      grid.zero[i] = static_cast<int32_t>(zero.as_int(static_cast<int64_t>(i)));
  }
  const int width = bits(integers.dtype());
  const bool is_signed = is_signed_integer(integers.dtype());
  grid.low = is_signed ? -(1 << (width - 1)) : 0;
  grid.high = is_signed ? (1 << (width - 1)) - 1 : (1 << width) - 1;
  grid.one = weight.axis < 0;
  if (grid.one) return grid;
  grid.block = weight.block;
  const auto axis = static_cast<size_t>(weight.axis);
  grid.extent = integers.dims()[axis];
  for (size_t i = axis + 1; i < integers.dims().size(); ++i) grid.inner *= integers.dims()[i];
  return grid;
}

bool takes_bias(const Graph& graph, NodeId id, int64_t channels) {
  const Node& node = graph.node(id);
  if (op_role(node.op) != Role::computes || op_arity(node.op).max_inputs != 3) return false;
  if (const auto* gemm = as<Gemm>(node.op); gemm && (gemm->alpha != 1.0f || gemm->beta != 1.0f)) return false;
  if (node.inputs.size() < 3 || node.inputs[2] == ValueId::none) return true;
  ValueId bias = node.inputs[2];
  const NodeId producer = graph.value(bias).producer;
  if (producer != NodeId::none && as<DequantizeLinear>(graph.node(producer).op)) bias = graph.node(producer).inputs[0];
  const auto& constant = graph.value(bias).constant;
  return constant && constant->size() == channels && !constant->dims().empty() && constant->dims().back() == channels;
}

std::vector<float> bias_of(const Graph& reference, NodeId id, int64_t channels) {
  const Node& node = reference.node(id);
  if (node.inputs.size() < 3 || node.inputs[2] == ValueId::none)
    return std::vector<float>(static_cast<size_t>(channels));
  return reference.value(node.inputs[2]).constant->floats();
}

double bias_room(const Graph& quantized, NodeId id) {
  const Tensor* scale = integer_scale(quantized, quantized.node(id).inputs[0]);
  return scale ? scale->as_double(0) * kLargestBias : std::numeric_limits<double>::infinity();
}

void set_bias(Graph& quantized, const QuantizedWeight& weight, const std::vector<float>& bias) {
  Node& node = quantized.node(weight.node);
  const Tensor* input = integer_scale(quantized, node.inputs[0]);
  std::vector<float> scale = quantized.value(weight.scale).constant->floats();
  const bool had = node.inputs.size() > 2 && node.inputs[2] != ValueId::none;
  const std::string name = had ? quantized.value(node.inputs[2]).name : quantized.value(node.outputs[0]).name + "_bias";
  Tensor value = Tensor::of(Dims{static_cast<int64_t>(bias.size())}, bias);
  node.inputs.resize(3, ValueId::none);
  if (!input || weight.block != 0 || (scale.size() != 1 && scale.size() != bias.size())) {
    node.inputs[2] = quantized.add_constant(name, std::move(value));
    return;
  }
  for (float& s : scale) s *= input->data<float>()[0];
  const bool by_channel = weight.axis >= 0;
  Tensor integers(DType::int32, value.dims());
  for (size_t i = 0; i < bias.size(); ++i) {
    integers.set_double(static_cast<int64_t>(i), std::nearbyint(static_cast<double>(bias[i]) / static_cast<double>(scale[by_channel ? i : 0])));
  }
  DequantizeLinear op;
  op.axis = 0;
  const Dims dims = by_channel ? Dims{static_cast<int64_t>(scale.size())} : Dims{};
  const ValueId q = quantized.add_constant(name + "_q", integers);
  const ValueId s = quantized.add_constant(name + "_scale", Tensor::of(dims, scale));
  const ValueId z = quantized.add_constant(name + "_zero_point", Tensor(DType::int32, dims));
  const ValueId dq = quantized.add_value(name, {DType::float32, integers.type().shape});
  quantized.add_node(op, {q, s, z}, {dq}, {}, weight.node);
  node.inputs[2] = dq;
}

}  // namespace pare
