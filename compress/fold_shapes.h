// Turns shape arithmetic that inference sees through into constants.
//
//   s = Shape(x); ...; t = Concat(...)   ->   const t          where every element of t is known
//   Reshape(x, t)                        ->   Reshape(x, const) with 0 for extents that x keeps in place and -1 for one
//                                             that stays symbolic, where t is known but for these
#pragma once

#include "graph/graph.h"

namespace pare {

int fold_shapes(Graph& graph);

}  // namespace pare
