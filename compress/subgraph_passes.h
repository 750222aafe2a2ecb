// A pass on a graph and on the graphs inside it.
#pragma once

#include "compress/simplify.h"

namespace pare {

// Runs the pass on the graph, then on every subgraph, innermost last. Constants around a subgraph, and what is known of
// the types of other values that it captures, are there for the pass to see. Returns how many places changed.
int run_pass(Graph& graph, const SimplifyPass& pass, int64_t opset);

}  // namespace pare
