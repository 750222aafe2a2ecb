// Per-channel scales and shifts, and how the layer before or behind them takes them over.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace pare {

// y = x * scale[c] + shift[c], c along one axis.
struct Affine {
  ValueId data;
  std::vector<double> scale, shift;

  bool shifts() const;
};

// The channel axis of what a layer makes: 1 for Conv, ConvTranspose and Gemm, the last for MatMul; nullopt for other
// nodes.
std::optional<int> channel_axis(const Graph& graph, const Node& node);

// The node as an affine map along that axis of its data: BatchNormalization with constant parameters (axis 1), or Add,
// Sub, Mul, Div with a constant that broadcasts along no other axis. `slot` receives which input is the data.
std::optional<Affine> affine_of(const Graph& graph, const Node& node, int axis);

// y = layer(x) * scale + shift  ->  y = layer'(x). False, and nothing changed, where the layer cannot hold it: weights
// not constant float32, a shift behind a MatMul of more than two axes, a result that overflows. A MatMul becomes a Gemm
// to hold a shift.
bool absorb_behind(Graph& graph, NodeId layer, const Affine& affine);

// y = layer(x * scale + shift)  ->  y = layer'(x), along axis 1 ahead of a Conv and along the last axis ahead of a Gemm
// or MatMul. False, and nothing changed, where the layer cannot hold it; a Conv that pads holds no shift.
bool absorb_ahead(Graph& graph, NodeId layer, const Affine& affine);

}  // namespace pare
