#include "quantize/qdq_writer.h"

#include <string_view>

namespace pare {

ValueId QdqWriter::shared_constant(const std::string& name, const Tensor& tensor) {
  const auto bytes = tensor.bytes();
  const size_t key = std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (auto [it, end] = constants_.equal_range(key); it != end; ++it) {
    if (*graph_.value(it->second).constant == tensor) return it->second;
  }
  const ValueId id = graph_.add_constant(name, tensor);
  constants_.emplace(key, id);
  return id;
}

ValueId QdqWriter::dequantized(const std::string& name, const Tensor& integers, const Grid& grid) {
  const ValueId q = shared_constant(name + "_q", integers);
  const ValueId scale = shared_constant(name + "_scale", scale_tensor(grid));
  const ValueId zero = shared_constant(name + "_zero_point", zero_point_tensor(grid));
  ValueId& dq = dequantized_.emplace(std::make_pair(q, scale), ValueId::none).first->second;
  if (dq != ValueId::none && graph_.node(graph_.value(dq).producer).inputs[2] == zero) return dq;
  DequantizeLinear op;
  if (grid.axis >= 0) op.axis = grid.axis;
  op.block_size = grid.block;
  dq = graph_.add_value(name + "_dq", {DType::float32, integers.type().shape});
  graph_.add_node(op, {q, scale, zero}, {dq});
  return dq;
}

ValueId QdqWriter::quantize(ValueId value, const ActivationQuant& quant, const std::function<bool(const Node&, NodeId)>& reads) {
  const std::string name = graph_.value(value).name;
  const Type type = graph_.value(value).type;
  Tensor zero_point(quant.dtype, {});
  zero_point.set_double(0, static_cast<double>(quant.zero));
  const ValueId scale = shared_constant(name + "_scale", Tensor::scalar(quant.scale));
  const ValueId zero = shared_constant(name + "_zero_point", zero_point);
  const ValueId q = graph_.add_value(name + "_q", {quant.dtype, type.shape});
  const ValueId dq = graph_.add_value(name + "_dq", type);
  const Uses uses(graph_);
  for (const Use& use : uses.of(value)) {
    if (use.slot < 0) continue;  // what a graph inside an operator captures keeps its name
    Node& node = graph_.node(use.node);
    if (!reads || reads(node, use.node)) node.inputs[static_cast<size_t>(use.slot)] = dq;
  }
  graph_.add_node(QuantizeLinear{}, {value, scale, zero}, {q});
  graph_.add_node(DequantizeLinear{}, {q, scale, zero}, {dq});
  return dq;
}

void QdqWriter::dequantize_behind(NodeId node, size_t slot, const Tensor& integers, const Grid& grid) {
  const ValueId value = graph_.node(node).inputs[slot];
  const ValueId output = graph_.node(node).outputs[0];
  const std::string name = graph_.value(value).name;
  const Type type = graph_.value(output).type;
  const ValueId q = shared_constant(name + "_q", integers);
  const ValueId scale = shared_constant(name + "_scale", scale_tensor(grid));
  const ValueId zero = shared_constant(name + "_zero_point", zero_point_tensor(grid));
  const ValueId moved = graph_.add_value(graph_.value(output).name + "_q", {grid.dtype, type.shape});
  graph_.node(node).inputs[slot] = q;
  graph_.node(node).outputs[0] = moved;
  graph_.value(moved).producer = node;
  graph_.value(output).producer = NodeId::none;
  graph_.add_node(DequantizeLinear{}, {moved, scale, zero}, {output});
}

}  // namespace pare
