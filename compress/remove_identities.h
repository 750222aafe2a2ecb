// Removes nodes that give back their input.
//
//   Identity, Dropout (mask unused); Cast and CastLike to the type it is; Where of a constant condition; Reshape,
//   Flatten, Squeeze, Unsqueeze, Expand, Tile to the shape it is; Transpose in order; Slice of everything; Pad by
//   nothing; Concat, Sum, Mean, Max, Min of one; Split into one; x + 0, x - 0, x * 1, x / 1, x ^ 1; Relu or Clip at 0
//   of a Relu; Relu(Relu(x))
//
// Exact, but for the sign of a zero and the payload of a NaN. Where a constant broadcasts x to another shape, x stays.
#pragma once

#include "graph/graph.h"

namespace pare {

int remove_identities(Graph& graph);

}  // namespace pare
