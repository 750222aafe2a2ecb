// Models are large because of a few byte fields: the elements of tensors. lift() sets them apart, so that protobuf
// parses only what is left and the elements stay where they are in the file; expand() puts elements back while a model
// is written. A tensor without its elements carries TensorProto.lifted_offset and lifted_bytes instead.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/file.h"
#include "graph/tensor.h"

namespace pare::onnx_format {

inline constexpr size_t kLiftBytes = 4096;  // smaller fields stay

// A serialized ModelProto without the large elements of initializers, of tensor attributes and of what functions and
// subgraphs hold; lifted_offset counts from the start of `model`. nullopt when there is nothing worth lifting. Fails
// (input) when the bytes are no protobuf message of that type, or when parsing them would take much more memory than a
// file of this size has use for.
Result<std::optional<std::string>> lift(std::span<const std::byte> model);

// Writes a serialized ModelProto whose lifted_offset are indexes into `tensors`, each with its elements as raw_data.
Result<void> expand(std::span<const std::byte> model, const std::vector<Tensor>& tensors, AtomicFile& file);
// The bytes that expand() writes.
uint64_t expanded_size(std::span<const std::byte> model);

}  // namespace pare::onnx_format
