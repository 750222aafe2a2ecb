// Which axes of a weight stand for what its layer reads and makes, from the axis links.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace pare {

// A node of role `computes` whose second operand is constant.
struct WeightUse {
  NodeId node;
  ValueId weight;
  int output_axis = -1;  // linked to an axis of the result
  int input_axis = -1;   // linked to an axis of the data, contracted; -1 also for a depthwise convolution
};
// In graph order.
std::vector<WeightUse> weight_uses(const Graph& graph);

}  // namespace pare
