// Checks a graph completely: names, references, order, arity, types against inference, constants against their types,
// outputs present, subgraphs. The first fault found comes back as a sentence; a fault after a pass is a fault of the pass.
#pragma once

#include "graph/graph.h"

namespace pare {

Result<void> verify(const Graph& graph);

}  // namespace pare
