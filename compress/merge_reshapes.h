// Joins operators that only move elements.
//
//   Transpose(Transpose(x))                                      ->   one Transpose
//   Reshape, Flatten, Squeeze or Unsqueeze behind one another    ->   the last alone, or nothing where x comes back
//   Transpose that moves only extents of 1                       ->   Reshape
//   Squeeze or Unsqueeze behind one of these, shape known        ->   Reshape
//
// Exact.
#pragma once

#include "graph/graph.h"

namespace pare {

int merge_reshapes(Graph& graph);

}  // namespace pare
