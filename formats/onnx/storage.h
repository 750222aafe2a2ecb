// Where the elements of a model's tensors lie when they are not in its protobuf fields: in ranges of the model's own
// file (see lift.h), or in external files beside it. Both are mapped, never loaded.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "formats/file.h"

namespace pare::onnx_format {

class TensorStorage {
 public:
  // Of a model without a file or folder: every request fails.
  TensorStorage() = default;
  // `folder`: of the model file; nullopt for a model that may have no external data.
  TensorStorage(std::shared_ptr<Buffer> model, std::optional<std::filesystem::path> folder)
      : model_(std::move(model)), folder_(std::move(folder)), allowance_(allowance_of(*model_)) {}

  // The tensor whose elements are `bytes` bytes at `offset` of the model's file.
  Result<Tensor> inside(DType dtype, Dims dims, uint64_t offset, size_t bytes);
  // The same of the file that `location` names. Fails (input) when the location is absolute, has a ".." component or
  // leads through a link, when the file is missing, or when the range leaves it.
  Result<Tensor> external(DType dtype, Dims dims, const std::string& location, uint64_t offset, size_t bytes);
  // Fails (input) when the memory that tensors take beyond their stored bytes is more than such a model can need.
  Result<void> charge(uint64_t bytes);

  const Buffer* model() const { return model_.get(); }
  // The sizes of the external files that were read from.
  uint64_t external_bytes() const { return external_bytes_; }

 private:
  static uint64_t allowance_of(const Buffer& model) {
    return (uint64_t{16} << 20) + 32 * uint64_t{model.bytes().size()};
  }
  Result<std::shared_ptr<Buffer>> open(const std::string& location);

  std::shared_ptr<Buffer> model_;
  std::optional<std::filesystem::path> folder_;
  std::map<std::string, std::shared_ptr<Buffer>> files_;  // null: empty
  std::map<std::pair<uint64_t, DType>, Tensor> inside_;   // so that a range is copied once where it lies badly
  uint64_t allowance_ = 0;
  uint64_t inside_bytes_ = 0, external_bytes_ = 0, referenced_ = 0;
};

}  // namespace pare::onnx_format
