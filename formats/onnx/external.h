// Tensors' external data: files beside a model, mapped, and confined to the model's folder.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "formats/file.h"

namespace pare::onnx_format {

class ExternalFiles {
 public:
  ExternalFiles() = default;  // a model without a folder: every request fails
  explicit ExternalFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Maps `length` bytes (the rest of the file when absent) at `offset` of the file that `location` names. Fails (input)
  // when the location is absolute, has a ".." component or leads out of the folder through a link, when the file is
  // missing, or when the range leaves it.
  Result<std::shared_ptr<Buffer>> map(const std::string& location, uint64_t offset, std::optional<uint64_t> length);

 private:
  Result<std::shared_ptr<const InputFile>> open(const std::string& location);

  std::optional<std::filesystem::path> folder_;
  std::map<std::string, std::shared_ptr<const InputFile>> files_;
};

}  // namespace pare::onnx_format
