// Models that carry a state: outputs of one run that are inputs of the next.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "runtime/executor.h"

namespace pare::cli {

struct Feed {
  size_t output, input;  // places in graph.outputs and graph.inputs
};
// Of "OUTPUT=INPUT". Throws Error (usage) with the names that there are.
std::vector<Feed> parse_feeds(const Graph& graph, const std::vector<std::string>& texts);

// Runs the model once for each step. An input with one more axis than the model declares holds a value for each step
// along axis 0; others are the same in every step. What is fed begins as its input, or as zeros where that is
// undefined. Returns, in the graph's order, outputs as they are after the last step where they are fed, else with an
// axis of steps in front. Throws Error.
std::vector<Tensor> run_steps(Executor& executor, std::vector<Tensor> inputs, const std::vector<Feed>& feeds);

}  // namespace pare::cli
