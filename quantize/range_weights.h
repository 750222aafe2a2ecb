// How much an error of each channel of an activation matters to what is computed from it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"

namespace pare {

// A constant factor of a node that computes beside the factor in another of its slots: how the elements of one axis of
// that factor meet the weight's.
struct FactorAxis {
  int axis = 0;    // of the factor, as the links of the operator say
  ValueId weight;  // the constant
  int weight_axis = 0;
  IndexMap map;              // element of `weight_axis` to element of `axis`, or the other way round:
  bool from_weight = false;  // map.source takes an element of `axis` and gives one of `weight_axis`
};

// The axis of input `slot` of `node` that the weight, a float32 constant in the other of the first two slots, is summed
// over (or, where channels stay apart, that its scales belong to). None where there is no such weight or axis.
std::optional<FactorAxis> factor_axis(const Graph& graph, NodeId node, int slot);

struct ChannelWeights {
  int axis = 0;                   // of the value
  std::vector<uint32_t> weights;  // by element of that axis; the mean is about 256
};

// With errors e_c of its channels independent, sum |w_c|^2 E[e_c^2] is the squared error of the output of an operator
// that computes, w_c being what it multiplies channel c by. That |w_c|^2, divided by its mean and added up over the
// operators that read `value`. None where there is none whose weight is constant.
std::optional<ChannelWeights> consumer_weights(const Graph& graph, const Uses& uses, ValueId value);

}  // namespace pare
