// Which values of a graph are quantized, and which of them must share a scale. Follows from role() and the axis links of
// each operator; there is no list of layers here.
//
// A value is *demanded* when an operator that computes uses it, directly or through operators with an integer form. It is
// *supplied* when it comes out of an operator that computes, in the same sense. Demanded values are quantized where an
// operator that computes (or one that passes values on to it) reads them, and everywhere between two that compute. So
// arithmetic before the first and after the last layer stays float, and so do the model's outputs.
//
// An operator that rescales joins only where all its operands are at hand as integers: a residual Add of two layers does,
// the parts of a LayerNormalization or of a GELU do not, and neither does adding or multiplying by a constant, which is
// exact in float and stays between the product and the quantizer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare {

// A constant operand of a node.
struct PlacedConstant {
  NodeId node;
  int slot;
  int axis = -1;     // of the output channels; -1: there is none
  int reduced = -1;  // the axis that is summed over; -1: there is none, or several
};

struct Placement {
  std::vector<ValueId> activations;     // quantized and dequantized right after they are produced, in graph order
  std::vector<ValueId> group;           // by value id: one member stands for all activations that share its scale
  std::vector<PlacedConstant> weights;  // factors of what computes and recurs
  std::vector<PlacedConstant> biases;   // third operand of what computes: int32, scale the product of the other two
  std::vector<PlacedConstant> passed;   // what an operator moves unchanged: an embedding table, the constant part of a Concat
  std::vector<bool> integer;            // by node id: reads quantized values, wherever there are any
  std::vector<NodeId> kept_float;       // could have computed in integers but does not, see `reasons`
  std::vector<std::string> reasons;     // one for each of kept_float
};

struct PlaceOptions {
  std::function<bool(const Node&, NodeId)> exclude;  // nodes to leave float
};

Placement place_quantizers(const Graph& graph, const PlaceOptions& options = {});

}  // namespace pare
