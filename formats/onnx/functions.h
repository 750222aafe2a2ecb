// Model-local functions: every call is replaced by the function's body before the graph is read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "formats/onnx/names.h"
#include "graph/result.h"

namespace pare::onnx_format {

// Domain to version; "ai.onnx" appears as "".
using Opsets = std::map<std::string, int64_t>;
// The opsets of nodes that came out of a function; other nodes follow the model's.
using NodeOpsets = std::unordered_map<const onnx::NodeProto*, std::shared_ptr<const Opsets>>;

Opsets read_opsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports);

// Expands calls in model.graph, subgraphs included. Internal values get fresh names. Fails (input) on functions that
// call themselves, on calls with more operands than the function has, and when the expansion exceeds what a file of
// `file_bytes` can mean.
Result<void> inline_functions(onnx::ModelProto& model, size_t file_bytes, Names& names, NodeOpsets& opsets);

}  // namespace pare::onnx_format
