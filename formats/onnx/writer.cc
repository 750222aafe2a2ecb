#include <google/protobuf/io/coded_stream.h>

#include <climits>

#include "formats/file.h"
#include "formats/onnx/downgrade.h"
#include "formats/onnx/graph_writer.h"
#include "formats/onnx/onnx.h"
#include "formats/onnx/tensors.h"

namespace pare {
namespace {

using namespace onnx_format;
using google::protobuf::io::CodedOutputStream;

// Wire tags: (field number << 3) | 2, of length-delimited fields.
constexpr char kModelGraph = (7 << 3) | 2;
constexpr char kGraphInitializer = (5 << 3) | 2;
constexpr char kTensorRawData = (9 << 3) | 2;

constexpr size_t kExternalAlignment = 64;
constexpr size_t kSmallTensor = 1024;  // stays in the model even when others move out

// "tag, length" of a length-delimited field.
std::string field_head(char tag, uint64_t length) {
  uint8_t digits[10];
  const uint8_t* end = CodedOutputStream::WriteVarint64ToArray(length, digits);
  return std::string(1, tag) + std::string(reinterpret_cast<const char*>(digits), static_cast<size_t>(end - digits));
}

// One initializer: the proto without its elements, and the elements.
struct Initializer {
  std::string head;  // serialized TensorProto without raw_data
  const Tensor* tensor;
  bool raw;  // elements follow as raw_data

  uint64_t body_size() const {
    const uint64_t bytes = tensor->byte_size();
    return head.size() + (raw ? field_head(kTensorRawData, bytes).size() + bytes : 0);
  }
  uint64_t size() const { return field_head(kGraphInitializer, body_size()).size() + body_size(); }
};

std::vector<Initializer> inline_initializers(const Graph& graph, const std::vector<ValueId>& constants) {
  std::vector<Initializer> initializers;
  for (const ValueId id : constants) {
    const Tensor& tensor = *graph.value(id).constant;
    onnx::TensorProto proto;
    describe_tensor(graph.value(id).name, tensor, proto);
    initializers.push_back({proto.SerializeAsString(), &tensor, tensor.dtype() != DType::string});
  }
  return initializers;
}

// Moves the elements of larger tensors to `location`, aligned. The file is complete but not committed.
Result<std::vector<Initializer>> external_initializers(const Graph& graph, const std::vector<ValueId>& constants,
                                                       const std::string& location, AtomicFile& data) {
  auto initializers = inline_initializers(graph, constants);
  for (size_t i = 0; i < initializers.size(); ++i) {
    auto& initializer = initializers[i];
    const Tensor& tensor = *initializer.tensor;
    if (!initializer.raw || tensor.byte_size() < kSmallTensor) continue;
    const std::string padding((kExternalAlignment - data.position() % kExternalAlignment) % kExternalAlignment, '\0');
    PARE_TRY(data.write(std::string_view(padding)));
    onnx::TensorProto proto;
    describe_tensor(graph.value(constants[i]).name, tensor, proto);
    proto.set_data_location(1);
    const auto entry = [&](const char* key, std::string value) {
      auto& added = *proto.add_external_data();
      added.set_key(key);
      added.set_value(std::move(value));
    };
    entry("location", location);
    entry("offset", std::to_string(data.position()));
    entry("length", std::to_string(tensor.byte_size()));
    PARE_TRY(data.write(tensor.bytes()));
    initializer = {proto.SerializeAsString(), &tensor, false};
  }
  return initializers;
}

uint64_t total(const std::vector<Initializer>& initializers) {
  uint64_t bytes = 0;
  for (const auto& initializer : initializers) bytes += initializer.size();
  return bytes;
}

Result<onnx::ModelProto> model_head(const Graph& graph, int64_t opset) {
  onnx::ModelProto model;
  model.set_ir_version(ir_version_of(opset));
  auto& import = *model.add_opset_import();
  import.set_domain("");
  import.set_version(opset);
  for (const auto& [domain, version] : graph.domains) {
    auto& other = *model.add_opset_import();
    other.set_domain(domain);
    other.set_version(version);
  }
  for (const auto& [key, value] : graph.metadata) {
    if (key == "producer_name") {
      model.set_producer_name(value);
    } else if (key == "producer_version") {
      model.set_producer_version(value);
    } else {
      auto& entry = *model.add_metadata_props();
      entry.set_key(key);
      entry.set_value(value);
    }
  }
  return model;
}

// The model's fields, then the graph as one field whose initializers are streamed from the tensors themselves.
Result<void> stream(const onnx::ModelProto& model, const std::string& graph,
                    const std::vector<Initializer>& initializers, AtomicFile& file) {
  PARE_TRY(file.write(std::string_view(model.SerializeAsString())));
  PARE_TRY(file.write(std::string_view(field_head(kModelGraph, graph.size() + total(initializers)))));
  PARE_TRY(file.write(std::string_view(graph)));
  for (const auto& initializer : initializers) {
    PARE_TRY(file.write(std::string_view(field_head(kGraphInitializer, initializer.body_size()))));
    PARE_TRY(file.write(std::string_view(initializer.head)));
    if (!initializer.raw) continue;
    PARE_TRY(file.write(std::string_view(field_head(kTensorRawData, initializer.tensor->byte_size()))));
    PARE_TRY(file.write(initializer.tensor->bytes()));
  }
  return {};
}

}  // namespace

Result<void> write_onnx(const Graph& graph, const std::filesystem::path& path, const OnnxWriteOptions& options) {
  auto opset = choose_opset(graph, options.opset);
  if (!opset) return in_context(path.string(), opset.failure());
  PARE_ASSIGN(const onnx::ModelProto model, model_head(graph, *opset));
  onnx::GraphProto proto;
  PARE_TRY(write_graph(graph, *opset, proto));
  const auto constants = written_constants(graph, proto);
  if (proto.ByteSizeLong() > INT_MAX / 2) {
    return unsupported(path.string() +
                       ": the graph without its weights exceeds 1 GiB, which a protobuf file cannot hold");
  }
  const std::string nodes = proto.SerializeAsString();
  auto initializers = inline_initializers(graph, constants);
  PARE_ASSIGN(AtomicFile file, AtomicFile::create(path.string()));
  if (nodes.size() + total(initializers) + model.ByteSizeLong() <= options.external_above) {
    PARE_TRY(stream(model, nodes, initializers, file));
    return file.commit();
  }
  const std::string location = path.filename().string() + ".data";
  PARE_ASSIGN(AtomicFile data, AtomicFile::create((path.parent_path() / location).string()));
  PARE_ASSIGN(initializers, external_initializers(graph, constants, location, data));
  PARE_TRY(stream(model, nodes, initializers, file));
  PARE_TRY(data.commit());
  return file.commit();
}

}  // namespace pare
