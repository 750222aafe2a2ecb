// Which elements of which axes must go together when channels are removed: the closure of the axis links over a whole
// graph, after DepGraph (Fang et al., "Towards Any Structural Pruning", CVPR 2023, arXiv 2301.12900).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "graph/graph.h"

namespace pare {

struct ValueAxis {
  ValueId value;
  int axis;
  auto operator<=>(const ValueAxis&) const = default;
};

// One index along one axis of one value.
struct AxisElement {
  ValueAxis at;
  int64_t index;
  auto operator<=>(const AxisElement&) const = default;
};

// Elements that are removed together or not at all, in ascending order.
struct CoupledChannel {
  std::vector<AxisElement> elements;
  int group = 0;  // index into Coupling::groups
};

// Channels that run through the same axes of the same values and so compete with each other.
struct ChannelGroup {
  std::vector<ValueAxis> axes;
  std::vector<int> channels;  // indices into Coupling::channels, ascending
};

struct Coupling {
  std::vector<CoupledChannel> channels;
  std::vector<ChannelGroup> groups;
};

// The channels that can be removed: sets closed under the links of every node that touch no graph input or output, no
// captured value, no axis that an operator fixes or does not link, and at least one weight of an operator that computes.
// Axes of unknown extent hold still. Deterministic: channels are ordered by their first element.
Coupling couple(const Graph& graph);

// The surviving indices of every axis that loses some, ascending.
using KeptIndices = std::map<ValueAxis, std::vector<int64_t>>;
KeptIndices kept_indices(const Graph& graph, const Coupling& coupling, const std::vector<int>& removed_channels);

// Removes everything that is not kept: gathers constants, narrows declared types, lets operators mend what they count,
// infers and verifies. `kept` must be closed over the links (as kept_indices makes it). Throws Error (internal) otherwise.
void remove_elements(Graph& graph, const KeptIndices& kept);

}  // namespace pare
