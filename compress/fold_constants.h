// Computes nodes whose inputs are all constants, with the plain kernels.
//
//   c = Add(a, b)   ->   const c            where a and b are constants
//
// Left alone: operators outside the list; DequantizeLinear, and Gather from a vector of floats (a codebook), which hold
// weights in their compact form; results much larger than their operands (over 64 KiB and over what the operands take).
// Nodes that cannot run stay.
#pragma once

#include "graph/graph.h"

namespace pare {

int fold_constants(Graph& graph);

}  // namespace pare
