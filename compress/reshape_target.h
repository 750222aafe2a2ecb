// Constant targets for Reshape.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace pare {

// A target that makes a shape of these extents out of data of shape `data` (null: unknown): numbers, 0 for a symbol
// that stays in its place, and -1 for one extent that is neither. nullopt where that does not say it. `wanted` may hold
// what shape arithmetic knows of a target (Known::contents), its 0 and -1 included.
std::optional<Tensor> reshape_target(const Shape& wanted, const Shape* data);

// Makes the node a Reshape of `data` to the shape that its output has. False, and nothing changed, where no constant
// target says that.
bool become_reshape(Graph& graph, NodeId id, ValueId data);

// Whether the operator gives the elements of input 0 in the same order under another shape.
bool keeps_order(const Op& op);

}  // namespace pare
