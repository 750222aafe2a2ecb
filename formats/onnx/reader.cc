#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <climits>

#include "formats/onnx/graph_reader.h"
#include "formats/onnx/lift.h"
#include "formats/onnx/metadata.h"
#include "formats/onnx/onnx.h"
#include "formats/onnx/tensors.h"
#include "graph/infer.h"
#include "graph/verify.h"

namespace pare {
namespace {

using namespace onnx_format;

// `message` names the type, as in "onnx.ModelProto".
template <class Message>
Result<void> parse(std::span<const std::byte> bytes, const std::string& message, Message& proto) {
  if (bytes.size() > INT_MAX) {
    return input_error("has " + std::to_string(bytes.size()) +
                       " bytes; a protobuf file is limited to 2 GiB: save the model with external data");
  }
  google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetTotalBytesLimit(INT_MAX);
  if (proto.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage()) return {};
  return input_error("is not in ONNX format, or is truncated: its bytes are no protobuf message " + message);
}

// Without the large elements of tensors, which stay in `file`.
Result<void> parse_model(const Buffer& file, onnx::ModelProto& model) {
  PARE_ASSIGN(const std::optional<std::string> skeleton, lift(file.bytes()));
  file.release(0, file.bytes().size());
  PARE_TRY(parse(skeleton ? std::as_bytes(std::span(*skeleton)) : file.bytes(), "onnx.ModelProto", model));
  if (!model.has_graph()) return input_error("holds no graph; expected an ONNX model (onnx.ModelProto)");
  return {};
}

// Opsets of the model's imports, without those of its own functions, which are gone after reading.
void read_domains(const onnx::ModelProto& model, const ModelScope& scope, Graph& graph) {
  graph.domains.insert(scope.opsets.begin(), scope.opsets.end());
  graph.domains.erase("");
  for (const auto& function : model.functions()) graph.domains.erase(function.domain());
  for (const NodeId id : graph.order()) {
    const Op& op = graph.node(id).op;
    const auto* opaque = as<Opaque>(op);
    const std::string domain(op_domain(op));
    if (domain.empty()) continue;
    const int64_t since = opaque ? opaque->version : op_since(op);
    const auto [entry, fresh] = graph.domains.try_emplace(domain, since);
    if (!opaque) entry->second = std::max(entry->second, since);  // an upgraded operator asks for its new version
  }
}

Result<Graph> read_model(TensorStorage storage, uint64_t* external_bytes) {
  onnx::ModelProto model;
  PARE_TRY(parse_model(*storage.model(), model));
  ModelScope scope;
  scope.storage = std::move(storage);
  scope.names.take_all(model.graph());
  scope.opsets = read_opsets(model.opset_import());
  if (scope.opsets.empty() && model.ir_version() < 3) scope.opsets[""] = 1;  // opset_import came with IR version 3
  PARE_TRY(inline_functions(model, scope.storage.model()->bytes().size(), scope.names, scope.node_opsets));
  GraphReader reader(scope, nullptr);
  PARE_ASSIGN(Graph graph, reader.read(*model.mutable_graph()));
  graph.metadata = read_metadata(model);
  read_domains(model, scope, graph);
  PARE_TRY(infer_types(graph));
  PARE_TRY(verify(graph));
  if (external_bytes) *external_bytes = scope.storage.external_bytes();
  return graph;
}

}  // namespace

Result<Graph> read_onnx(const std::filesystem::path& path, uint64_t* external_bytes) {
  PARE_ASSIGN(const auto buffer, map_file(path.string()));
  auto graph = read_model(TensorStorage(buffer, path.parent_path()), external_bytes);
  if (!graph) return in_context(path.string(), graph.failure());
  return graph;
}

Result<Graph> read_onnx(std::span<const std::byte> bytes) {
  auto copy = Buffer::allocate(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy->mutable_data());
  return read_model(TensorStorage(std::move(copy), std::nullopt), nullptr);
}

Result<NamedTensor> read_onnx_tensor(const std::filesystem::path& path) {
  PARE_ASSIGN(const auto buffer, map_file(path.string()));
  onnx::TensorProto proto;
  TensorStorage storage(buffer, path.parent_path());
  const auto read = [&]() -> Result<NamedTensor> {
    PARE_TRY(parse(buffer->bytes(), "onnx.TensorProto", proto));
    const std::string name = proto.name();
    PARE_ASSIGN(auto tensor, read_tensor(proto, storage));
    return NamedTensor{name, std::move(tensor)};
  };
  auto tensor = read();
  if (!tensor) return in_context(path.string(), tensor.failure());
  return tensor;
}

}  // namespace pare
