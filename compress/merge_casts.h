// Joins conversions of the element type.
//
//   Cast(Cast(x, int64), int32), x int32    ->   x
//   Cast(Cast(x, float32), int64)           ->   Cast(x, int64)       where float32 holds every value of x's type
//
// Exact: the type in between must hold every value that x can have.
#pragma once

#include "graph/graph.h"

namespace pare {

// Whether every value of `from` is one of `to`.
bool holds_exactly(DType to, DType from);

int merge_casts(Graph& graph);

}  // namespace pare
