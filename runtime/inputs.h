// What every executor checks before it runs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare {

// Whether the tensors fit the graph's declared inputs: count, dtypes, ranks, numbers, and one extent per symbol over
// all inputs. The failure (ErrorCode::input) names the input, what came and what was expected.
Result<void> check_inputs(const Graph& graph, std::span<const Tensor> inputs);

// The values to return: the graph's outputs, then those named by `keep`. Fails when a name is not of the graph. For an
// output that ai.onnx.ml.ZipMap makes, the table of scores that it takes apart.
Result<std::vector<ValueId>> wanted_values(const Graph& graph, const std::vector<std::string>& keep);

// Nodes, in order, that the wanted values depend on.
std::vector<NodeId> needed_nodes(const Graph& graph, const std::vector<ValueId>& wanted);

// ErrorCode::unsupported for the first of the nodes that has no kernel, naming it, its type, domain and version.
Result<void> check_supported(const Graph& graph, const std::vector<NodeId>& nodes);

}  // namespace pare
