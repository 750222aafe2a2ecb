// Puts the branch that an If takes in its place, where the condition is known.
//
//   y = If(true) {then_branch: y = f(a), else_branch: ...}   ->   y = f(a)
//
// Exact.
#pragma once

#include "graph/graph.h"

namespace pare {

int inline_branches(Graph& graph);

}  // namespace pare
