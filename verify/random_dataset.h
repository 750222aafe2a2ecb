// Inputs that are no data: for comparing outputs where there is nothing better.
#pragma once

#include <memory>

#include "formats/data/dataset.h"
#include "graph/graph.h"

namespace pare {

// `samples` unlabelled samples of the graph's inputs: floats from a standard normal distribution, integers and bools
// from {0, 1}. Symbols other than the batch are 1. Sample i depends on the seed and i alone. Throws Error (unsupported)
// where an input has no rank or a type that is no number.
std::unique_ptr<Dataset> random_dataset(const Graph& graph, int64_t samples, uint64_t seed);

}  // namespace pare
