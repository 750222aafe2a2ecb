// The .pare file: see formats/PARE_FORMAT.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "graph/graph.h"

namespace pare {

enum class PareCompression : uint8_t { automatic, none };

struct PareWriteOptions {
  PareCompression compression =
      PareCompression::automatic;  // automatic: the smallest encoding per tensor, by measuring
  bool strip_names = false;        // keep only the names of the graph's inputs and outputs
};

// How one constant is stored, for `pare info`.
struct PareTensorInfo {
  std::string name;
  std::string encoding;
  uint64_t stored_bytes = 0;
  uint64_t raw_bytes = 0;
};

// Reader: no Protobuf library, nothing thrown. Plain tensors stay mapped.
Result<Graph> read_pare(const std::filesystem::path& path, std::vector<PareTensorInfo>* encodings = nullptr);
// `owner` keeps the bytes alive; null when they outlive the graph.
Result<Graph> read_pare(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                        std::vector<PareTensorInfo>* encodings = nullptr);

// Writer (library pare_writer). Written beside and renamed.
Result<void> write_pare(const Graph& graph, const std::filesystem::path& path, const PareWriteOptions& options = {});

}  // namespace pare
