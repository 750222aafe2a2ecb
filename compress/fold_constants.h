// Computes nodes whose inputs are all constants, with the plain kernels.
//
//   c = Add(a, b)   ->   const c            where a and b are constants
//
// Left alone: operators outside the list, random ones, and those that hold graphs; DequantizeLinear, and Gather from a
// vector of floats (a codebook), which hold weights in their compact form; results that take over 64 KiB more than the
// operands that go with the node, or over 64 MiB. Nodes that cannot run stay.
#pragma once

#include "graph/graph.h"

namespace pare {

int fold_constants(Graph& graph);

}  // namespace pare
