// Lets a convolution pad by itself.
//
//   Conv(Pad(x, zeros around spatial axes), w)   ->   Conv(x, w) with larger pads
//
// Exact. Needs constant amounts, none negative, none on batch or channels, the value 0, and a Conv with explicit pads.
#pragma once

#include "graph/graph.h"

namespace pare {

int pad_into_conv(Graph& graph);

}  // namespace pare
