#include "formats/onnx/storage.h"

namespace pare::onnx_format {
namespace {

// Tied weights refer to one range more than once; nothing refers to its files as often as this.
constexpr uint64_t kMaxReferences = 16;
constexpr size_t kAlignment = 16;  // of every element type

Failure beyond(const std::string& what, uint64_t offset, size_t bytes, uint64_t size) {
  return input_error(what + " of " + std::to_string(bytes) + " bytes at byte " + std::to_string(offset) +
                     " lies beyond the file's " + std::to_string(size) +
                     " bytes; the file is truncated or not the model's");
}

}  // namespace

Result<void> TensorStorage::charge(uint64_t bytes) {
  if (bytes > allowance_) {
    return input_error("needs " + std::to_string(bytes) +
                       " bytes of memory, more than the model's files have use for; the model is damaged or hostile");
  }
  allowance_ -= bytes;
  return {};
}

Result<Tensor> TensorStorage::inside(DType dtype, Dims dims, uint64_t offset, size_t bytes) {
  const uint64_t size = model_ ? model_->bytes().size() : 0;
  if (offset > size || bytes > size - offset) return beyond("data", offset, bytes, size);
  const auto key = std::pair(offset, dtype);
  if (const auto known = inside_.find(key); known != inside_.end() && known->second.dims() == dims)
    return known->second;
  inside_bytes_ += bytes;
  if (inside_bytes_ > size) PARE_TRY(charge(bytes));
  PARE_ASSIGN(Tensor tensor, Tensor::from_buffer(dtype, std::move(dims), model_, static_cast<size_t>(offset)));
  inside_.emplace(key, tensor);
  return tensor;
}

Result<std::shared_ptr<Buffer>> TensorStorage::open(const std::string& location) {
  if (const auto known = files_.find(location); known != files_.end()) return known->second;
  if (!folder_) {
    return input_error("has external data, which a model without a folder cannot have; read it from a file");
  }
  auto file = InputFile::open_below(folder_->empty() ? "." : folder_->string(), location);
  if (!file) return in_context("external data location '" + location + "'", file.failure());
  std::shared_ptr<Buffer> buffer;
  if ((*file)->size() > 0) {
    PARE_ASSIGN(buffer, (*file)->map(0, static_cast<size_t>((*file)->size())));
  }
  external_bytes_ += (*file)->size();
  allowance_ += (*file)->size();
  files_.emplace(location, buffer);
  return buffer;
}

Result<Tensor> TensorStorage::external(DType dtype, Dims dims, const std::string& location, uint64_t offset,
                                       size_t bytes) {
  PARE_ASSIGN(const auto buffer, open(location));
  const uint64_t size = buffer ? buffer->bytes().size() : 0;
  if (offset > size || bytes > size - offset) return beyond("external data in '" + location + "'", offset, bytes, size);
  referenced_ += bytes;
  if (referenced_ / kMaxReferences > external_bytes_) {
    return input_error("external data of more than " + std::to_string(kMaxReferences) +
                       " times its file's size is referred to; the model is damaged or hostile");
  }
  if (offset % kAlignment != 0) PARE_TRY(charge(bytes));
  return Tensor::from_buffer(dtype, std::move(dims), buffer, static_cast<size_t>(offset));
}

}  // namespace pare::onnx_format
