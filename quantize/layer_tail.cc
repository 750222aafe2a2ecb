#include "quantize/layer_tail.h"

#include <algorithm>

namespace pare {
namespace {

// The bounds of what clips, if they are known.
bool read_clip(const Graph& graph, const Node& node, LayerTail& tail) {
  if (as<Unary>(node.op, Unary::Kind::Relu)) {
    tail.low = 0;
    return true;
  }
  if (!as<Clip>(node.op)) return false;
  float bounds[2] = {tail.low, tail.high};
  for (size_t i = 0; i < 2; ++i) {
    if (node.inputs.size() <= i + 1 || node.inputs[i + 1] == ValueId::none) continue;
    const auto& constant = graph.value(node.inputs[i + 1]).constant;
    if (!constant || constant->dtype() != DType::float32 || constant->size() != 1) return false;
    bounds[i] = constant->data<float>()[0];
  }
  tail.low = bounds[0];
  tail.high = bounds[1];
  return true;
}

// The other operand of an Add of computed values whose dims are declared alike.
ValueId residual_of(const Graph& graph, const Node& node, ValueId value) {
  if (!as<Binary>(node.op, Binary::Kind::Add) || node.inputs[0] == node.inputs[1]) return ValueId::none;
  const ValueId other = node.inputs[0] == value ? node.inputs[1] : node.inputs[0];
  const Type &a = graph.value(value).type, &b = graph.value(other).type;
  if (graph.value(other).constant || !a.shape || !b.shape || a.shape->size() != b.shape->size()) return ValueId::none;
  for (size_t i = 0; i < a.shape->size(); ++i) {
    if (!(*a.shape)[i].same((*b.shape)[i])) return ValueId::none;
  }
  return other;
}

}  // namespace

LayerTail layer_tail(const Graph& graph, const Uses& uses, NodeId layer) {
  LayerTail tail;
  tail.end = graph.node(layer).outputs[0];
  while (uses.single(tail.end)) {
    const Node& node = graph.node(uses.of(tail.end)[0].node);
    const bool moves = as<QuantizeLinear>(node.op) || as<DequantizeLinear>(node.op);
    if (!moves && tail.residual == ValueId::none) {
      tail.residual = residual_of(graph, node, tail.end);
      if (tail.residual != ValueId::none) {
        tail.end = node.outputs[0];
        continue;
      }
    }
    if (!moves && read_clip(graph, node, tail)) {
      tail.end = node.outputs[0];
      break;
    }
    if (!moves) break;
    tail.end = node.outputs[0];
  }
  return tail;
}

}  // namespace pare
