// Graph to GraphProto.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

// The elements of larger tensors are appended to `lifted` (see tensors.h). A constant that became an attribute, and
// nothing else uses, is left out.
Result<void> write_graph(const Graph& graph, int64_t opset, std::vector<Tensor>& lifted, onnx::GraphProto& proto);

}  // namespace pare::onnx_format
