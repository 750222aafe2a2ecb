// Joins operators that put parts together and take them apart.
//
//   Concat(Concat(a, b), c)                             ->   Concat(a, b, c)        along one axis, no other use
//   Concat(Split(x)...) of all parts in order           ->   x
//   Concat(Slice(x, 0:2), Slice(x, 2:5))                ->   Slice(x, 0:5)          or x where that is everything
//   Split(Concat(a, b)) into the same parts             ->   a, b
//
// Exact.
#pragma once

#include "graph/graph.h"

namespace pare {

int merge_concats(Graph& graph);

}  // namespace pare
