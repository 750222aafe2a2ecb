// ONNX files in and out (onnx.proto of the ONNX specification, IR version 3 and up, opset 7 and up).
#pragma once

#include <filesystem>
#include <optional>

#include "graph/graph.h"

namespace pare {

struct OnnxWriteOptions {
  std::optional<int64_t> opset;  // default: the lowest that the graph needs, at least 13
};

// Reads, upgrades to the operators of graph/op.h, infers types, verifies. External data is mapped, confined to the
// model's folder. Failures: input (malformed; says where), never unsupported: unknown operators become Opaque.
Result<Graph> read_onnx(const std::filesystem::path& path);
Result<Graph> read_onnx(std::span<const std::byte> bytes);

// Written beside and renamed. The result passes the official checker.
Result<void> write_onnx(const Graph& graph, const std::filesystem::path& path, const OnnxWriteOptions& options = {});

}  // namespace pare
