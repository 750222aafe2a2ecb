// Multiply-accumulates of a graph: the cost column of the operator table.
#pragma once

#include "graph/graph.h"

namespace pare {

// Multiply-accumulates of one node for the given operand types (unknown dims count as 1): products of convolutions and
// matrix products; everything else is 0, as the field reports MACs.
int64_t node_macs(const Graph& graph, NodeId id);
int64_t graph_macs(const Graph& graph);

}  // namespace pare
