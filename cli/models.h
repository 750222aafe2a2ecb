// Models by extension: .onnx and .pare, in and out.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "formats/pare/pare_file.h"
#include "graph/graph.h"

namespace pare::cli {

struct LoadedModel {
  std::string path;
  std::shared_ptr<Graph> graph;
  int64_t file_bytes = 0;                 // external data included
  std::vector<PareTensorInfo> encodings;  // of a .pare file
};

// Throws Error: usage for another extension, else what the reader says, with the path in front.
LoadedModel load_model(const std::string& path);

struct SaveOptions {
  std::optional<int64_t> opset;
  bool strip_names = false;
  bool compress = true;
  bool external_data = false;  // of an ONNX file: weights beside it, whatever its size
};
// Returns the bytes written. `output` is checked before the work by check_output.
int64_t save_model(const Graph& graph, const std::string& path, const SaveOptions& options = {});

// The extension is known and the folder exists: said before hours of work, not after.
void check_output(const std::string& path);

// --opset, --strip-names, --no-compression on verbs that write.
void add_save_options(CLI::App& verb, SaveOptions& options);

// The keys that every writing verb reports.
Json written(const LoadedModel& input, const std::string& output, int64_t output_bytes, const Session& session);

}  // namespace pare::cli
