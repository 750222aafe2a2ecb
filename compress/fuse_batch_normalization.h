// Folds BatchNormalization into the layer before it, or where that cannot be, into the convolution behind it.
//
//   BatchNormalization(Conv(x, w, b))   ->   Conv(x, w * a, b * a + s)     a = scale / sqrt(var + epsilon)
//   Conv(BatchNormalization(x), w, b)   ->   Conv(x, w * a, b + w * s)     s = shift - mean * a
//
// Also behind ConvTranspose and Gemm. In front of a Conv only where that is exact: no padding, or s = 0. The layer's result
// (the normalized value) must have no other use, and parameters must be constant float32 (Jacob et al., arXiv 1712.05877,
// section 3.2). Pruning re-estimates BatchNormalization, so it runs before this pass.
#pragma once

#include "graph/graph.h"

namespace pare {

int fuse_batch_normalization(Graph& graph);

}  // namespace pare
