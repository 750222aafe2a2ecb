// Lets equal constants (type, extents, bytes) be one. Large ones that a file maps are compared as far as 64 MiB of
// reading go. Constants inside subgraphs stay.
#pragma once

#include "graph/graph.h"

namespace pare {

int merge_constants(Graph& graph);

// The opposite for small constants (4096 elements at most): one for every use, so that a pass may change one of them.
int split_constants(Graph& graph);

}  // namespace pare
