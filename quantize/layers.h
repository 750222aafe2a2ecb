// The layers of a quantized graph beside the float graph that it was made from: what corrections and rounding work on.
//
// A quantizer keeps the names of the values that nodes compute: the node that gives 'y' in the one graph is the node that
// gives 'y' in the other. Its weight is a constant of integers behind DequantizeLinear in the quantized graph and a float32
// constant in the same operand of the float graph.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace pare {

struct QuantizedWeight {
  NodeId node;              // of the quantized graph
  NodeId reference;         // of the float graph: the same operator, the same output names
  int slot = 1;             // which operand the weight is, in both
  NodeId dequantize;        // DequantizeLinear that gives it; it may serve several nodes
  ValueId integers;         // its operands, constants all
  ValueId scale;
  ValueId zero_point = ValueId::none;
  ValueId original;         // the float weight, a constant of the float graph, with the dims of `integers`
  int axis = -1;            // of the scales; -1: one scale
  int64_t block = 0;        // elements of that axis that share a scale (block_size); 0: not blocked
};

// In the order of the quantized graph. Weights of nodes without a partner are left out, and so are weights whose dims
// differ from their partner's.
std::vector<QuantizedWeight> match_weights(const Graph& quantized, const Graph& reference);

}  // namespace pare
