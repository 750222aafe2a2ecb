// What stands between the product of a layer and what the next layer reads.
#pragma once

#include <limits>

#include "graph/graph.h"

namespace pare {

// result -> (+ residual) -> clip, with QuantizeLinear / DequantizeLinear anywhere between. Only where each value on the way
// has one use: what else reads it would not see what follows.
struct LayerTail {
  ValueId residual = ValueId::none;  // the other operand of an Add of two computed values of the same dims
  ValueId end = ValueId::none;       // the last value
  float low = -std::numeric_limits<float>::infinity();  // of the clip
  float high = std::numeric_limits<float>::infinity();
  bool clips() const { return low != -std::numeric_limits<float>::infinity() || high != std::numeric_limits<float>::infinity(); }
};

LayerTail layer_tail(const Graph& graph, const Uses& uses, NodeId layer);

}  // namespace pare
