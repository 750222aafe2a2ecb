// Stops computing results that nobody uses.
//
//   y, indices = MaxPool(x)              ->   y = MaxPool(x)              where nobody uses the indices
//   a, b = If(c) {... output p q}        ->   a = If(c) {... output p}    in both branches, where nobody uses b
//
// An operator's optional results become left out; its required ones, and the parts of a Split, stay. Exact.
#pragma once

#include "graph/graph.h"

namespace pare {

int remove_unused_outputs(Graph& graph);

}  // namespace pare
