#include "formats/file.h"
#include "formats/onnx/onnx.h"
#include "formats/onnx/tensors.h"

namespace pare {
namespace {

using namespace onnx_format;

Result<Tensor> read_sequence(onnx::SequenceProto& proto, DType element, TensorStorage& storage) {
  std::vector<Tensor> tensors;
  for (auto& value : *proto.mutable_tensor_values()) {
    PARE_ASSIGN(auto tensor, read_tensor(value, storage));
    if (tensor.dtype() != element) {
      return input_error("holds a " + to_string(tensor.type()) + ", expected " + std::string(name(element)));
    }
    tensors.push_back(std::move(tensor));
  }
  return Tensor::sequence(element, std::move(tensors));
}

template <class Message>
Result<NamedTensor> read_message(const Buffer& buffer, const Type& type, TensorStorage& storage) {
  Message proto;
  if (!proto.ParseFromArray(buffer.bytes().data(), static_cast<int>(buffer.bytes().size()))) {
    return input_error("is no serialized value of type " + to_string(type));
  }
  if constexpr (std::is_same_v<Message, onnx::SequenceProto>) {
    PARE_ASSIGN(auto sequence, read_sequence(proto, type.dtype, storage));
    return NamedTensor{proto.name(), std::move(sequence)};
  } else {
    if (proto.has_tensor_value()) {
      PARE_ASSIGN(auto tensor, read_tensor(*proto.mutable_tensor_value(), storage));
      return NamedTensor{proto.name(), std::move(tensor)};
    }
    if (proto.has_sequence_value()) {
      PARE_ASSIGN(auto sequence, read_sequence(*proto.mutable_sequence_value(), type.dtype, storage));
      return NamedTensor{proto.name(), std::move(sequence)};
    }
    return NamedTensor{proto.name(), Tensor::nothing(type)};
  }
}

}  // namespace

Result<NamedTensor> read_onnx_value(const std::filesystem::path& path, const Type& type) {
  if (type.container == Container::tensor) return read_onnx_tensor(path);
  PARE_ASSIGN(const auto buffer, map_file(path.string()));
  TensorStorage storage(buffer, path.parent_path());
  if (buffer->bytes().size() > INT32_MAX) return input_error(path.string() + ": has more than 2 GiB");
  auto read = type.container == Container::sequence ? read_message<onnx::SequenceProto>(*buffer, type, storage)
                                                    : read_message<onnx::OptionalProto>(*buffer, type, storage);
  if (!read) return in_context(path.string(), read.failure());
  return read;
}

}  // namespace pare
