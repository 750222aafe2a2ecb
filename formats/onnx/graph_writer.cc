#include "formats/onnx/graph_writer.h"

#include <algorithm>
#include <unordered_set>

#include "formats/onnx/attributes.h"
#include "formats/onnx/downgrade.h"
#include "formats/onnx/metadata.h"
#include "formats/onnx/names.h"
#include "formats/onnx/tensors.h"
#include "formats/onnx/types.h"
#include "graph/infer.h"

namespace pare::onnx_format {
namespace {

void write_info(const Value& value, onnx::ValueInfoProto& info) {
  info.set_name(value.name);
  if (value.type.dtype != DType::undefined) write_type(value.type, *info.mutable_type());
}

// An output that is a list of maps: ZipMap's, whose type follows from its labels.
void write_map_type(const Graph& graph, ValueId id, onnx::ValueInfoProto& info) {
  const NodeId producer = graph.value(id).producer;
  const Opaque* opaque = producer == NodeId::none ? nullptr : as<Opaque>(graph.node(producer).op);
  if (!opaque || opaque->type != "ZipMap" || opaque->domain != "ai.onnx.ml") return;
  const bool strings = std::any_of(opaque->attributes.begin(), opaque->attributes.end(),
                                   [](const NamedAttribute& a) { return a.name == "classlabels_strings"; });
  auto& map = *info.mutable_type()->mutable_sequence_type()->mutable_elem_type()->mutable_map_type();
  map.set_key_type(static_cast<int32_t>(strings ? DType::string : DType::int64));
  map.mutable_value_type()->mutable_tensor_type()->set_elem_type(static_cast<int32_t>(DType::float32));
  map.mutable_value_type()->mutable_tensor_type()->mutable_shape();
}

Result<void> write_node(const Graph& graph, NodeId id, int64_t opset, std::vector<Tensor>& lifted,
                        onnx::NodeProto& proto) {
  const Node& node = graph.node(id);
  const WireNode wire = downgrade(graph, id, opset);
  proto.set_name(node.name);
  proto.set_op_type(wire.type);
  if (!wire.domain.empty()) proto.set_domain(wire.domain);
  for (const ValueId input : wire.inputs) proto.add_input(input == ValueId::none ? "" : graph.value(input).name);
  for (const ValueId output : node.outputs) proto.add_output(output == ValueId::none ? "" : graph.value(output).name);
  write_metadata(node.metadata, proto);
  const WriteSubgraph subgraph = [&](const Graph& body, onnx::GraphProto& out) {
    return write_graph(body, opset, lifted, out);
  };
  for (const auto& attribute : wire.attributes) {
    auto written = write_attribute(attribute, subgraph, lifted, *proto.add_attribute());
    if (!written) return in_context(describe(graph, id), written.failure());
  }
  return {};
}

// Types that a reader cannot infer again: of what Opaque nodes give, and of what follows from it.
void write_value_info(const Graph& graph, onnx::GraphProto& proto) {
  Graph bare = graph;
  std::unordered_set<ValueId> declared(graph.inputs.begin(), graph.inputs.end());
  declared.insert(graph.captured.begin(), graph.captured.end());
  for (const ValueId id : bare.values()) {
    if (!bare.value(id).constant && !declared.contains(id)) bare.value(id).type = {};
  }
  const bool inferred = infer_types(bare).ok();
  declared.insert(graph.outputs.begin(), graph.outputs.end());
  for (const ValueId id : graph.values()) {
    const Value& value = graph.value(id);
    if (value.constant || declared.contains(id) || value.type.dtype == DType::undefined) continue;
    if (!inferred || bare.value(id).type != value.type) write_info(value, *proto.add_value_info());
  }
}

// The constants that the written form names.
std::vector<ValueId> written_constants(const Graph& graph, const onnx::GraphProto& proto) {
  std::unordered_set<std::string> used_in_file;
  for (const auto& output : proto.output()) used_in_file.insert(output.name());
  for (const auto& node : proto.node()) {
    used_in_file.insert(node.input().begin(), node.input().end());
    for (const auto& name : captured_names(node)) used_in_file.insert(name);
  }
  const Uses uses(graph);
  std::vector<ValueId> constants;
  for (const ValueId id : graph.values()) {
    const Value& value = graph.value(id);
    if (!value.constant) continue;
    const bool became_attribute = !uses.of(id).empty() && !used_in_file.contains(value.name);
    if (!became_attribute) constants.push_back(id);
  }
  return constants;
}

}  // namespace

Result<void> write_graph(const Graph& graph, int64_t opset, std::vector<Tensor>& lifted, onnx::GraphProto& proto) {
  proto.set_name(graph.name.empty() ? "graph" : graph.name);  // the checker wants a name
  for (const ValueId input : graph.inputs) write_info(graph.value(input), *proto.add_input());
  for (const ValueId output : graph.outputs) {
    auto& info = *proto.add_output();
    write_info(graph.value(output), info);
    if (!info.has_type()) write_map_type(graph, output, info);
  }
  for (const NodeId id : graph.order()) PARE_TRY(write_node(graph, id, opset, lifted, *proto.add_node()));
  write_value_info(graph, proto);
  for (const ValueId id : written_constants(graph, proto)) {
    write_tensor(graph.value(id).name, *graph.value(id).constant, lifted, *proto.add_initializer());
  }
  return {};
}

}  // namespace pare::onnx_format
