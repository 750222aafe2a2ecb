// Puts quantizers into a graph: constants, QuantizeLinear and DequantizeLinear nodes, each distinct constant once.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/grid.h"

namespace pare {

// Of one activation: real = (q - zero) * scale.
struct ActivationQuant {
  DType dtype = DType::uint8;
  float scale = 1;
  int64_t zero = 0;
};

class QdqWriter {
 public:
  explicit QdqWriter(Graph& graph) : graph_(graph) {}

  // A constant of that content: one that was asked for before, or a new one of that name.
  ValueId shared_constant(const std::string& name, const Tensor& tensor);

  // DequantizeLinear over constants; the same integers with the same grid give the same value.
  ValueId dequantized(const std::string& name, const Tensor& integers, const Grid& grid);

  // value -> QuantizeLinear -> DequantizeLinear; users of the value for which `reads` holds (all without it) read the
  // result. The graph's outputs stay as they are.
  ValueId quantize(ValueId value, const ActivationQuant& quant, const std::function<bool(const Node&, NodeId)>& reads = {});

  // y = Op(x), x a float constant -> y_q = Op(integers), y = DequantizeLinear(y_q): for an operator that moves values
  // unchanged. `grid` has one scale.
  void dequantize_behind(NodeId node, size_t slot, const Tensor& integers, const Grid& grid);

 private:
  Graph& graph_;
  std::multimap<size_t, ValueId> constants_;  // by a hash of their bytes
  std::map<std::pair<ValueId, ValueId>, ValueId> dequantized_;  // by integers and scales
};

}  // namespace pare
