// A Slice with constant bounds, axis by axis.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace pare {

struct Cut {
  int64_t axis;  // counted from the front
  int64_t start, end, step;

  // Keeps everything of an axis of that extent, known or not.
  bool keeps_all(const Dim& extent) const;
};

// nullopt: bounds that are not constant, an axis twice, or axes from the end of data of unknown rank.
std::optional<std::vector<Cut>> cuts_of(const Graph& graph, const Node& slice);
// The two applied one after the other, along one axis, where that is one cut of data of any extent.
std::optional<Cut> joined(const Cut& inner, const Cut& outer);
// Gives the Slice these cuts of `data`.
void set_cuts(Graph& graph, NodeId slice, ValueId data, std::vector<Cut> cuts);

}  // namespace pare
