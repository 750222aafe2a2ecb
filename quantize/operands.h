// Changing the constants of a quantized graph: scales and zero points may be shared among nodes, so what changes for
// one of them becomes a constant of its own.
#pragma once

#include <vector>

#include "quantize/layers.h"

namespace pare {

// Operand `slot` of `node` becomes this tensor; other users of the constant keep the old one.
void set_constant_operand(Graph& graph, NodeId node, size_t slot, Tensor tensor);

// The grid that a quantized weight lies on: element i stands for (q_i - zero[at(i)]) * scale[at(i)].
struct WeightGrid {
  std::vector<float> scale;
  std::vector<int32_t> zero;
  int32_t low = 0, high = 0;  // of the integers' type
  size_t at(int64_t element) const;

  int64_t inner = 1, extent = 1, block = 1;  // elements below the axis, along it, and of it that share a scale
  bool one = true;                           // one scale for all
};
WeightGrid grid_of(const Graph& quantized, const QuantizedWeight& weight);

// Whether the node is a product that adds a bias of one element to each of `channels` output channels, as its third
// operand or as one that may be given to it.
bool takes_bias(const Graph& graph, NodeId node, int64_t channels);
// That bias in a float graph, zeros where there is none.
std::vector<float> bias_of(const Graph& reference, NodeId node, int64_t channels);
// The largest bias that the int32 operand of a product takes, as a multiple of the weight's scale; infinite where it is
// float.
double bias_room(const Graph& quantized, NodeId node);
// Gives the node of the quantized graph this bias: int32 at the product of the scales of its input and its weight
// where the input comes out of integers with one scale and so does the weight by channel; else float32.
void set_bias(Graph& quantized, const QuantizedWeight& weight, const std::vector<float>& bias);

}  // namespace pare
