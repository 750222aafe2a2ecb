// Joins slices with constant bounds.
//
//   Slice(Slice(x, axis 2), axis 3)                     ->   Slice(x, axes 2 and 3)
//   Slice(Slice(x)) along one axis, forwards            ->   one Slice
//   Slice(Concat(a, b)) of exactly one part             ->   that part
//   Slice that cuts nothing off along some of its axes  ->   Slice along the others
//
// The inner result must have no other use where two become one. Exact.
#pragma once

#include "graph/graph.h"

namespace pare {

int merge_slices(Graph& graph);

}  // namespace pare
