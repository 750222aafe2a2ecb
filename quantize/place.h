// Which values of a graph are quantized, and which of them must share a scale. Follows from role() and the axis links of
// each operator; there is no list of layers here.
//
// A value is *demanded* when an operator that computes uses it, directly or through operators with an integer form. It is
// *supplied* when it comes out of an operator that computes, in the same sense. Demanded values are quantized where an
// operator that computes (or one that passes values on to it) reads them, and everywhere between two that compute. So
// arithmetic before the first and after the last layer stays float, and so do the model's outputs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare {

// A constant operand of an integer node.
struct PlacedConstant {
  NodeId node;
  int slot;
  int axis = -1;  // one scale per element of this axis; -1: one scale
};

struct Placement {
  std::vector<ValueId> activations;     // quantized and dequantized right after they are produced, in graph order
  std::vector<ValueId> group;           // by value id: one member stands for all activations that share its scale
  std::vector<PlacedConstant> weights;  // second operand of what computes: symmetric
  std::vector<PlacedConstant> biases;   // third operand of what computes: int32, scale the product of the other two
  std::vector<PlacedConstant> operands; // constant operand of what rescales: as an activation, with its own range
  std::vector<NodeId> kept_float;       // could have computed in integers but does not, see `reasons`
  std::vector<std::string> reasons;     // one for each of kept_float
};

struct PlaceOptions {
  bool per_channel = true;
  std::function<bool(const Node&)> exclude;  // nodes to leave float
};

Placement place_quantizers(const Graph& graph, const PlaceOptions& options = {});

}  // namespace pare
