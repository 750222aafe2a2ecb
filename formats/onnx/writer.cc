#include <climits>

#include "formats/file.h"
#include "formats/onnx/downgrade.h"
#include "formats/onnx/external_writer.h"
#include "formats/onnx/graph_writer.h"
#include "formats/onnx/lift.h"
#include "formats/onnx/metadata.h"
#include "formats/onnx/onnx.h"

namespace pare {
namespace {

using namespace onnx_format;
namespace fs = std::filesystem;

void write_imports(const Graph& graph, int64_t opset, onnx::ModelProto& model) {
  const auto add = [&](const std::string& domain, int64_t version) {
    auto& import = *model.add_opset_import();
    import.set_domain(domain);
    import.set_version(version);
  };
  add("", opset);
  for (const auto& [domain, version] : written_domains(graph)) add(domain, version);
}

Result<std::string> serialize(const onnx::ModelProto& model, const fs::path& path) {
  if (model.ByteSizeLong() > INT_MAX) {
    return unsupported(path.string() +
                       ": the graph without its weights exceeds 2 GiB, which a protobuf file cannot hold");
  }
  return model.SerializeAsString();
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

// Where a file of that name really lies: what the model's name links to is replaced, and its data lie beside it.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path target = fs::is_symlink(path, error) ? fs::canonical(path, error) : path;
  return error ? path : target;
}

// The model last, so that at every moment its name leads to a whole model.
Result<uint64_t> write_external(onnx::ModelProto model, const std::vector<Tensor>& lifted, const fs::path& path) {
  const std::string location = free_data_name(path);
  PARE_ASSIGN(AtomicFile file, AtomicFile::create(path.string()));
  PARE_ASSIGN(AtomicFile data, AtomicFile::create((path.parent_path() / location).string()));
  PARE_TRY(move_to_external(location, lifted, data, *model.mutable_graph()));
  PARE_ASSIGN(const std::string bytes, serialize(model, path));
  if (expanded_size(bytes_of(bytes)) > INT_MAX) {
    return unsupported(path.string() +
                       ": what cannot be external data exceeds 2 GiB, which a protobuf file cannot hold");
  }
  PARE_TRY(expand(bytes_of(bytes), lifted, file));
  const uint64_t written = file.position() + data.position();
  PARE_TRY(data.commit());
  if (auto done = file.commit(); !done) {
    std::error_code ignored;
    fs::remove(path.parent_path() / location, ignored);
    return done.failure();
  }
  return written;
}

Result<uint64_t> write_whole(const std::string& bytes, const std::vector<Tensor>& lifted, const fs::path& path) {
  PARE_ASSIGN(AtomicFile file, AtomicFile::create(path.string()));
  PARE_TRY(expand(bytes_of(bytes), lifted, file));
  PARE_TRY(file.commit());
  return file.position();
}

}  // namespace

Result<uint64_t> write_onnx(const Graph& graph, const fs::path& path, const OnnxWriteOptions& options) {
  auto opset = choose_opset(graph, options.opset);
  if (!opset) return in_context(path.string(), opset.failure());
  onnx::ModelProto model;
  model.set_ir_version(ir_version_of(*opset));
  write_imports(graph, *opset, model);
  std::vector<Tensor> lifted;
  PARE_TRY(write_graph(graph, *opset, lifted, *model.mutable_graph()));
  write_metadata(graph.metadata, model);
  PARE_ASSIGN(const std::string bytes, serialize(model, path));
  const fs::path target = resolved(path);
  const auto replaced = data_files_of(target);
  const bool whole = expanded_size(bytes_of(bytes)) <= options.external_above;
  PARE_ASSIGN(const uint64_t written,
              whole ? write_whole(bytes, lifted, target) : write_external(std::move(model), lifted, target));
  std::error_code ignored;
  for (const fs::path& file : replaced) fs::remove(file, ignored);
  return written;
}

}  // namespace pare
