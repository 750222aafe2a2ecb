// Graph to GraphProto.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

// Everything but the constants.
Result<void> write_graph(const Graph& graph, int64_t opset, onnx::GraphProto& proto);
// The constants that the written form names: a constant that became an attribute, and nothing else uses, is left out.
std::vector<ValueId> written_constants(const Graph& graph, const onnx::GraphProto& proto);

}  // namespace pare::onnx_format
