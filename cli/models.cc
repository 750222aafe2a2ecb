#include "cli/models.h"

#include "formats/onnx/onnx.h"
#include "graph/error.h"

namespace pare::cli {
namespace {

enum class Form { onnx, pare };

Form form_of(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension == ".onnx") return Form::onnx;
  if (extension == ".pare") return Form::pare;
  throw Error(ErrorCode::usage, fmt::format("'{}' ends in '{}'; expected a model file named *.onnx or *.pare", path, extension));
}

int64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

[[noreturn]] void fail_at(const std::string& path, Failure failure) {
  if (failure.message.find(path) == std::string::npos) failure = in_context(path, std::move(failure));
  throw Error(std::move(failure));
}

}  // namespace

LoadedModel load_model(const std::string& path) {
  LoadedModel model;
  model.path = path;
  uint64_t external_bytes = 0;
  auto graph = form_of(path) == Form::onnx ? read_onnx(path, &external_bytes) : read_pare(path, &model.encodings);
  if (!graph) fail_at(path, graph.failure());
  model.graph = std::make_shared<Graph>(*std::move(graph));
  model.file_bytes = size_of(path) + static_cast<int64_t>(external_bytes);
  return model;
}

int64_t save_model(const Graph& graph, const std::string& path, const SaveOptions& options) {
  if (form_of(path) == Form::onnx) {
    OnnxWriteOptions write{options.opset};
    if (options.external_data) write.external_above = 0;
    const auto written = write_onnx(graph, path, write);
    if (!written) fail_at(path, written.failure());
    return static_cast<int64_t>(*written);
  }
  PareWriteOptions write;
  write.strip_names = options.strip_names;
  write.compression = options.compress ? PareCompression::automatic : PareCompression::none;
  if (const auto written = write_pare(graph, path, write); !written) fail_at(path, written.failure());
  return size_of(path);
}

void check_output(const std::string& path) {
  form_of(path);
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw Error(ErrorCode::input, fmt::format("cannot write '{}': the folder '{}' does not exist; create it first", path, folder.string()));
  }
}

void add_save_options(CLI::App& verb, SaveOptions& options) {
  verb.add_option("--opset", options.opset, "ONNX opset to write (default: the lowest that the graph needs, at least 13)");
  verb.add_flag("--strip-names", options.strip_names, ".pare: keep only the names of inputs and outputs");
  verb.add_flag("!--no-compression", options.compress, ".pare: store every tensor plainly, to be mapped");
}

Json written(const LoadedModel& input, const std::string& output, int64_t output_bytes, const Session& session) {
  return {{"input", input.path},
          {"output", output},
          {"input_bytes", input.file_bytes},
          {"output_bytes", output_bytes},
          {"seconds", session.seconds()},
          {"peak_bytes", peak_bytes()}};
}

}  // namespace pare::cli
