// Drops nodes whose results nobody uses and constants without a use. Graph inputs stay.
#pragma once

#include "graph/graph.h"

namespace pare {

int remove_dead_code(Graph& graph);

}  // namespace pare
