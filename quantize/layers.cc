#include "quantize/layers.h"

#include <string_view>
#include <unordered_map>

namespace pare {
namespace {

using Producers = std::unordered_map<std::string_view, NodeId>;

Producers producers_by_output(const Graph& graph) {
  Producers producers;
  for (const NodeId id : graph.order()) {
    for (const ValueId output : graph.node(id).outputs) {
      if (output != ValueId::none) producers.emplace(graph.value(output).name, id);
    }
  }
  return producers;
}

// The operator whose first output has the name of `node`'s first.
NodeId partner_of(const Graph& quantized, const Node& node, const Graph& reference, const Producers& producers) {
  if (node.outputs.empty() || node.outputs[0] == ValueId::none) return NodeId::none;
  const auto found = producers.find(quantized.value(node.outputs[0]).name);
  if (found == producers.end()) return NodeId::none;
  return op_type(reference.node(found->second).op) == op_type(node.op) ? found->second : NodeId::none;
}

}  // namespace

std::vector<QuantizedWeight> match_weights(const Graph& quantized, const Graph& reference) {
  const Producers producers = producers_by_output(reference);
  std::vector<QuantizedWeight> weights;
  for (const NodeId id : quantized.order()) {
    const Node& node = quantized.node(id);
    const NodeId partner = partner_of(quantized, node, reference, producers);
    if (partner == NodeId::none) continue;
    for (size_t slot = 0; slot < node.inputs.size() && slot < reference.node(partner).inputs.size(); ++slot) {
      const ValueId original = reference.node(partner).inputs[slot];
      if (node.inputs[slot] == ValueId::none || original == ValueId::none) continue;
      const NodeId producer = quantized.value(node.inputs[slot]).producer;
      if (producer == NodeId::none || !reference.value(original).constant) continue;
      const Node& dequantize = quantized.node(producer);
      const auto* op = as<DequantizeLinear>(dequantize.op);
      if (!op || !quantized.value(dequantize.inputs[0]).constant || !quantized.value(dequantize.inputs[1]).constant) continue;
      const Tensor& integers = *quantized.value(dequantize.inputs[0]).constant;
      if (integers.dtype() == DType::int32 || integers.dims() != reference.value(original).constant->dims()) continue;
      const bool one = quantized.value(dequantize.inputs[1]).constant->size() == 1 && op->block_size == 0;
      const int axis = static_cast<int>(op->axis < 0 ? op->axis + integers.rank() : op->axis);
      weights.push_back({id, partner, static_cast<int>(slot), producer, dequantize.inputs[0], dequantize.inputs[1],
                         dequantize.inputs.size() > 2 ? dequantize.inputs[2] : ValueId::none, original, one ? -1 : axis,
                         op->block_size});
    }
  }
  return weights;
}

}  // namespace pare
