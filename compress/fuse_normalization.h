// Recognizes normalizations that an exporter spelled out.
//
//   (x - mean x) / sqrt(mean (x - mean x)^2 + e) * g + b     ->   LayerNormalization(x, g, b), opset 17
//                                                                 (Ba et al., arXiv 1607.06450)
//   x / sqrt(mean x^2 + e) * g                               ->   RMSNormalization(x, g), opset 23
//                                                                 (Zhang and Sennrich, arXiv 1910.07467)
//   Reshape(InstanceNormalization(Reshape(x, [N,G,-1]))) * g + b   ->   GroupNormalization(x, g, b), opset 21
//                                                                 (Wu and He, arXiv 1803.08494)
//
// Means over the last axes. The quotient may be a product with a reciprocal or a power of -1/2, the square a product or
// a power; g and b are constants along those axes, in either order of the operands, and b may be missing. Equal but for
// rounding. Only operators that `opset` has are put in; only float32 values are matched.
#pragma once

#include "graph/graph.h"

namespace pare {

int fuse_normalization(Graph& graph, int64_t opset);

}  // namespace pare
