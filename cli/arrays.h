// Arrays named as a model's inputs, from --in options.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare::cli {

// Each entry is FILE.npz (arrays named as inputs, "in:" before the name allowed) or name=FILE.npy. Returns the inputs in
// the graph's order, undefined where one of `optional` (places in graph.inputs) is not there. Throws Error (input) for a missing, unknown
// or doubly given name.
std::vector<Tensor> read_inputs(const Graph& graph, const std::vector<std::string>& sources,
                                const std::vector<size_t>& optional = {});

}  // namespace pare::cli
