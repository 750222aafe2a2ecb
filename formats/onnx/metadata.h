// What ONNX files say about themselves: producer, documentation, key and value pairs. Graph::metadata and
// Node::metadata carry it.
#pragma once

#include "graph/graph.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// metadata_props keep their keys. Fields have keys of their own: producer_name, producer_version, domain,
// model_version, doc_string, and of the graph graph.doc_string; a property of such a name becomes
// "metadata_props.<name>", and one of the graph "graph.metadata_props.<name>".
Metadata read_metadata(const onnx::ModelProto& model);
void write_metadata(const Metadata& metadata, onnx::ModelProto& model);

// metadata_props, and doc_string under that key unless a property has it.
Metadata read_metadata(const onnx::NodeProto& node);
void write_metadata(const Metadata& metadata, onnx::NodeProto& node);

}  // namespace pare::onnx_format
