// Scales that move between an activation and the weights that read it, without changing what the graph computes:
//
//   y = op(v, W)   ->   y = op(v / s, s W)      s > 0, one element for each channel of v
//
// v / s is what the node that gives v computes when its own constants are divided: the weight (by output channel) and
// bias of a layer, the factor and the summand of element-wise arithmetic, scale and bias of a normalization. Operators
// that move values, ReLU and averages let the scale through to what they read; the links of the operators say where the
// channel is.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare {

struct ScaleSite {
  struct Reader {
    NodeId node;
    int slot;         // of the value
    int weight_axis;  // of the constant in the other slot: what meets the value's channel
  };
  ValueId value;
  int axis = 0;
  int64_t channels = 0;
  std::vector<Reader> readers;  // Conv without groups, Gemm, MatMul with constant weights
  bool others = false;          // something else reads the value as well
  bool foldable = false;        // apply_scale needs no further node
};

// Every activation that layers with constant weights read, in the order of the graph.
std::vector<ScaleSite> scale_sites(const Graph& graph);

// Divides the value by `scale` and multiplies the weights. Where the site is not foldable, a Mul by 1 / scale is put
// before the readers. Other sites of the graph stay valid unless they share nodes with this one: find them again.
void apply_scale(Graph& graph, const ScaleSite& site, std::span<const float> scale);

}  // namespace pare
