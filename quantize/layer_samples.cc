#include "quantize/layer_samples.h"

#include <algorithm>
#include <random>
#include <set>

#include "quantize/layer_tail.h"

namespace pare {
namespace {

// Operators whose bias, if any, is one constant per output channel, added as it is.
bool plain_result(const Graph& graph, const SampledLayer& layer, const LayerMatrix& matrix, NodeId id, int slot) {
  const Node& node = graph.node(id);
  const bool bias = node.inputs.size() > 2 && node.inputs[2] != ValueId::none;
  if (slot != 1) return false;
  if (bias) {
    const auto dims = graph.value(node.inputs[2]).type.dims();
    if (!dims || dims->size() != 1 || (*dims)[0] != layer.outputs()) return false;
  }
  if (matrix.window != NodeId::none) return true;
  const auto* gemm = as<Gemm>(node.op);
  if (gemm && (gemm->alpha != 1 || gemm->beta != 1)) return false;
  if (matrix.groups != 1 || !(gemm || as<MatMul>(node.op))) return false;
  for (size_t i = 0; i < matrix.position_axes.size(); ++i) {
    if (matrix.position_axes[i] != static_cast<int>(i)) return false;
  }
  return true;
}

bool constant_bias(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (node.inputs.size() < 3 || node.inputs[2] == ValueId::none) return true;
  const Value& bias = graph.value(node.inputs[2]);
  if (bias.constant) return bias.constant->dtype() == DType::float32;
  const auto* op = bias.producer == NodeId::none ? nullptr : as<DequantizeLinear>(graph.node(bias.producer).op);
  return op && graph.value(graph.node(bias.producer).inputs[0]).constant;
}

// All that has a weight to round upstream of `value`.
bool reads_any(const Graph& graph, ValueId value, const std::set<NodeId>& open) {
  std::set<NodeId> seen;
  std::vector<ValueId> front{value};
  while (!front.empty()) {
    const ValueId id = front.back();
    front.pop_back();
    const NodeId producer = id == ValueId::none ? NodeId::none : graph.value(id).producer;
    if (producer == NodeId::none || !seen.insert(producer).second) continue;
    if (open.contains(producer)) return true;
    front.insert(front.end(), graph.node(producer).inputs.begin(), graph.node(producer).inputs.end());
  }
  return false;
}

void read_tails(const Graph& quantized, const Graph& reference, std::vector<SampledLayer>& layers) {
  const Uses uses(quantized), reference_uses(reference);
  std::set<NodeId> open;
  for (const SampledLayer& layer : layers) open.insert(layer.weight.node);
  for (SampledLayer& layer : layers) {
    open.erase(layer.weight.node);
    if (!layer.plain) continue;
    const LayerTail tail = layer_tail(quantized, uses, layer.weight.node);
    const LayerTail expected = layer_tail(reference, reference_uses, layer.weight.reference);
    // A clip behind a sum says something of the sum only.
    if ((tail.residual == ValueId::none) != (expected.residual == ValueId::none)) continue;
    if (tail.low != expected.low || tail.high != expected.high) continue;
    layer.low = tail.low;
    layer.high = tail.high;
    layer.reference_residual = expected.residual;
    if (tail.residual != ValueId::none && !reads_any(quantized, tail.residual, open)) layer.residual = tail.residual;
  }
}

}  // namespace

std::vector<SampledLayer> sampled_layers(const Graph& quantized, const Graph& reference) {
  std::vector<SampledLayer> layers;
  std::set<NodeId> seen;
  for (const QuantizedWeight& weight : match_weights(quantized, reference)) {
    const auto matrix = LayerMatrix::of(quantized, weight.node, weight.slot);
    const auto expected = LayerMatrix::of(reference, weight.reference, weight.slot);
    if (!matrix || !expected || !seen.insert(weight.dequantize).second) continue;
    SampledLayer layer{.weight = weight, .matrix = *matrix, .reference = *expected};
    layer.state = op_role(quantized.node(weight.node).op) == Role::recurs && weight.slot == 2;
    layer.plain = plain_result(quantized, layer, *matrix, weight.node, weight.slot) &&
                  constant_bias(quantized, weight.node) && constant_bias(reference, weight.reference);
    layers.push_back(std::move(layer));
  }
  read_tails(quantized, reference, layers);
  return layers;
}

std::vector<int64_t> sample_positions(int64_t total, int64_t count, uint64_t seed) {
  count = std::min(count, total);
  std::mt19937_64 random(seed);
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t first = i * total / count, last = (i + 1) * total / count;
    positions.push_back(first + static_cast<int64_t>(random() % static_cast<uint64_t>(last - first)));
  }
  return positions;
}

void gather_columns(const ActivationRows& rows, int64_t columns, int64_t group, const std::vector<int64_t>& positions,
                    float* to, int64_t stride) {
  std::vector<float> row(static_cast<size_t>(columns));
  for (size_t i = 0; i < positions.size(); ++i) {
    rows.gather(group, positions[i], 1, 1, row.data());
    for (int64_t c = 0; c < columns; ++c) to[c * stride + static_cast<int64_t>(i)] = row[static_cast<size_t>(c)];
  }
}

void add_results(const SampledLayer& layer, const Tensor& tensor, const std::vector<int64_t>& positions, float* to,
                 int64_t stride) {
  const auto data = tensor.data<float>();
  const int64_t outputs = layer.outputs();
  int64_t cells = 1;
  for (size_t i = 2; layer.matrix.window != NodeId::none && i < tensor.dims().size(); ++i) cells *= tensor.dims()[i];
  for (size_t i = 0; i < positions.size(); ++i) {
    const int64_t first = positions[i] / cells * outputs * cells + positions[i] % cells;
    for (int64_t o = 0; o < outputs; ++o) to[o * stride + static_cast<int64_t>(i)] += data[static_cast<size_t>(first + o * cells)];
  }
}

std::optional<float> dequantized_scale(const Graph& graph, ValueId value) {
  const NodeId producer = graph.value(value).producer;
  if (producer == NodeId::none || !as<DequantizeLinear>(graph.node(producer).op)) return std::nullopt;
  const Node& node = graph.node(producer);
  const auto& scale = graph.value(node.inputs[1]).constant;
  if (!scale || scale->size() != 1 || scale->dtype() != DType::float32) return std::nullopt;
  const bool zero = node.inputs.size() > 2 && node.inputs[2] != ValueId::none;
  if (zero && !graph.value(node.inputs[2]).constant) return std::nullopt;
  return scale->data<float>()[0];
}

Tensor dequantize(const Graph& graph, NodeId id, const Tensor& integers) {
  const Node& node = graph.node(id);
  const float scale = graph.value(node.inputs[1]).constant->data<float>()[0];
  const bool has_zero = node.inputs.size() > 2 && node.inputs[2] != ValueId::none;
  const int64_t zero = has_zero ? graph.value(node.inputs[2]).constant->as_int(0) : 0;
  Tensor result(DType::float32, integers.dims());
  const auto to = result.mutable_data<float>();
  if (integers.dtype() == DType::uint8) {
    const auto from = integers.data<uint8_t>();
    for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>(from[i] - zero) * scale;
  } else {
    for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>(integers.as_int(static_cast<int64_t>(i)) - zero) * scale;
  }
  return result;
}

}  // namespace pare
