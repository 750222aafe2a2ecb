// Lets a change of layout meet the one that undoes it, past operators that take each element by itself.
//
//   Transpose(Relu(Transpose(x)))         ->   one Transpose of Relu(x), or none
//   Unsqueeze(Relu(Squeeze(x) * 2))       ->   Relu(x * 2)
//   Transpose(x) + Transpose(y)           ->   Transpose(x + y)                 moved alike
//
// What stands in between is pointwise (kPointwise) or combines its operand with constants of one element, and its
// results have no other use. Exact.
#pragma once

#include "graph/graph.h"

namespace pare {

int move_layouts(Graph& graph);

}  // namespace pare
