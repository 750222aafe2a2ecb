// Lets shape arithmetic that comes to the same be one.
//
//   n = Gather(Shape(x), 0); ...; m = Gather(Shape(y), 0)   ->   n for both      where x and y have the same first
//   extent
//
// Inference follows shapes as formulas of the inputs' symbols; equal formulas are equal numbers. Exact.
#pragma once

#include "graph/graph.h"

namespace pare {

int merge_shapes(Graph& graph);

}  // namespace pare
