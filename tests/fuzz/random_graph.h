// A small graph from any bytes: operators of the whole table, with attributes near and far from their defaults, on
// operands that inference accepts.
#pragma once

#include <cstddef>
#include <span>

#include "graph/graph.h"

namespace pare::fuzz {

// At least one input; every value of the graph that nothing uses is an output. A node that inference refuses is left
// out, after a look at the refusal.
Graph random_graph(std::span<const std::byte> bytes);

// Elements that fit the type: multiples of 1/4 in [-4, 4), small integers.
Tensor small_numbers(const Type& type, uint32_t seed);

}  // namespace pare::fuzz
