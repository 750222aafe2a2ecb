// A Pad that windows behind it could do themselves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare {

// What a Pad adds around the spatial axes: begins, then ends, as the attribute `pads` has it; and with what value.
struct Border {
  std::vector<int64_t> pads;
  double value = 0;
};

// nullopt: another mode, amounts that are not constant or negative, batch or channels padded, data of unknown rank.
std::optional<Border> spatial_border(const Graph& graph, const Node& pad);

// Adds the border to a window's own padding. False, and nothing changed, where auto_pad decides that.
bool widen(std::string& auto_pad, std::vector<int64_t>& pads, const Border& border);

}  // namespace pare
