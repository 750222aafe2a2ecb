// Lets a pool pad by itself.
//
//   AveragePool(Pad(x, zeros))           ->   AveragePool(x) with larger pads that count
//   MaxPool(Pad(x, -infinity))           ->   MaxPool(x) with larger pads
//   MaxPool(Pad(Relu(x), zeros))         ->   MaxPool(Relu(x)) with larger pads
//
// Exact. An average pool must count its own padding or have none, and neither may round its extent up; the border must
// stay smaller than the kernel, so that no window lies in it alone.
#pragma once

#include "graph/graph.h"

namespace pare {

int pad_into_pool(Graph& graph);

}  // namespace pare
