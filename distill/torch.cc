#include "distill/torch.h"

#include <cstring>
#include <string>

namespace pare {

at::ScalarType torch_type(DType dtype, at::ScalarType real) {
  if (is_float(dtype)) return real;
  if (dtype == DType::boolean) return at::kBool;
  if (dtype == DType::int32) return at::kInt;
  return is_integer(dtype) && bits(dtype) >= 32 ? at::kLong : real;
}

Result<at::Tensor> to_torch(const Tensor& tensor, at::ScalarType real) {
  if (!is_float(tensor.dtype()) && !is_integer(tensor.dtype()) && tensor.dtype() != DType::boolean) {
    return unsupported("a " + std::string(name(tensor.dtype())) + " tensor cannot take part in training");
  }
  const at::ScalarType type = torch_type(tensor.dtype(), real);
  at::Tensor out = at::empty(tensor.dims(), at::TensorOptions().dtype(type));
  const auto size = static_cast<size_t>(tensor.size());
  if (type == at::kFloat && tensor.dtype() == DType::float32) {
    if (size) std::memcpy(out.data_ptr(), tensor.bytes().data(), tensor.byte_size());
  } else if (type == at::kFloat) {
    const std::vector<float> values = tensor.floats();
    if (size) std::memcpy(out.data_ptr(), values.data(), size * sizeof(float));
  } else if (type == at::kDouble) {
    for (size_t i = 0; i < size; ++i) out.data_ptr<double>()[i] = tensor.as_double(static_cast<int64_t>(i));
  } else if (type == at::kBool) {
    for (size_t i = 0; i < size; ++i) out.data_ptr<bool>()[i] = tensor.as_int(static_cast<int64_t>(i)) != 0;
  } else {
    at::Tensor wide = at::empty(tensor.dims(), at::TensorOptions().dtype(at::kLong));
    for (size_t i = 0; i < size; ++i) wide.data_ptr<int64_t>()[i] = tensor.as_int(static_cast<int64_t>(i));
    out = wide.to(type);
  }
  return out;
}

Tensor from_torch(const at::Tensor& tensor, DType dtype) {
  Tensor out(dtype, dims_of(tensor));
  const auto size = static_cast<size_t>(out.size());
  if (dtype == DType::float32) {
    const at::Tensor values = tensor.detach().to(at::kFloat).contiguous();
    if (size) std::memcpy(out.mutable_bytes().data(), values.data_ptr(), out.byte_size());
    return out;
  }
  if (is_integer(dtype) && bits(dtype) == 64) {
    const at::Tensor values = tensor.detach().to(at::kLong).contiguous();
    if (size) std::memcpy(out.mutable_bytes().data(), values.data_ptr(), out.byte_size());
    return out;
  }
  const at::Tensor values = tensor.detach().to(at::kDouble).contiguous();
  for (size_t i = 0; i < size; ++i) out.set_double(static_cast<int64_t>(i), values.data_ptr<double>()[i]);
  return out;
}

}  // namespace pare
