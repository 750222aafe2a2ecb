// Computes once what is computed twice: nodes with equal operators and the same inputs become one.
//
//   a = Relu(x); b = Relu(x); c = Add(a, b)   ->   a = Relu(x); c = Add(a, a)
//
// Operators outside the list, random ones and those that hold graphs stay.
#pragma once

#include "graph/graph.h"

namespace pare {

int common_subexpressions(Graph& graph);

}  // namespace pare
