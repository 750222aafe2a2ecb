#include "formats/onnx/tensors.h"

#include <charconv>
#include <cstring>
#include <utility>

#include "graph/packed.h"

#include "formats/onnx/lift.h"
#include "formats/onnx/types.h"

namespace pare::onnx_format {
namespace {

// "float32[2,3]", for messages.
std::string shown(DType dtype, const Dims& dims) {
  std::string text(name(dtype));
  text += '[';
  for (size_t i = 0; i < dims.size(); ++i) text += (i ? "," : "") + std::to_string(dims[i]);
  return text + ']';
}

Failure size_failure(DType dtype, const Dims& dims, size_t expected, size_t found, const char* unit) {
  return input_error(shown(dtype, dims) + " needs " + std::to_string(expected) + " " + unit + " but the file has " +
                     std::to_string(found));
}

struct Header {
  DType dtype;
  Dims dims;
  size_t count;
  size_t bytes;  // 0 for strings
};

Result<Header> read_header(const onnx::TensorProto& proto) {
  if (proto.has_segment()) return input_error("is stored in segments, which no ONNX version defines the use of");
  const auto dtype = dtype_from_number(proto.data_type());
  if (!dtype || *dtype == DType::undefined) {
    return input_error("has element type " + std::to_string(proto.data_type()) + ", which is not one of ONNX");
  }
  PARE_TRY(check_rank(proto.dims_size()));
  Header header{*dtype, Dims(proto.dims().begin(), proto.dims().end()), 0, 0};
  const auto count = element_count(header.dims);
  if (!count) return input_error("has dims " + shown(*dtype, header.dims) + ", which are negative or too many");
  header.count = static_cast<size_t>(*count);
  if (*dtype != DType::string) {
    const auto bytes = tensor_bytes(*dtype, header.dims);
    if (!bytes) return input_error("has dims " + shown(*dtype, header.dims) + ", which are too many");
    header.bytes = *bytes;
  }
  return header;
}

Result<uint64_t> read_number(const std::string& key, const std::string& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return input_error("external data " + key + " '" + text + "' is not a number of bytes");
  }
  return number;
}

Result<Tensor> read_external(const onnx::TensorProto& proto, const Header& header, TensorStorage& storage) {
  if (header.dtype == DType::string) return input_error("keeps strings as external data, which ONNX forbids");
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") {
      PARE_ASSIGN(offset, read_number("offset", entry.value()));
    }
    if (entry.key() == "length") {
      PARE_ASSIGN(length, read_number("length", entry.value()));
    }
  }
  if (length && *length != header.bytes) {
    return size_failure(header.dtype, header.dims, header.bytes, *length, "bytes of external data");
  }
  return storage.external(header.dtype, header.dims, location, offset, header.bytes);
}

Result<Tensor> read_lifted(const onnx::TensorProto& proto, const Header& header, TensorStorage& storage) {
  if (proto.lifted_bytes() != header.bytes || header.dtype == DType::string) {
    return size_failure(header.dtype, header.dims, header.bytes, proto.lifted_bytes(), "bytes of data");
  }
  return storage.inside(header.dtype, header.dims, proto.lifted_offset(), header.bytes);
}

// Owns the string that protobuf parsed, so that large weights are not copied.
Result<Tensor> read_raw(onnx::TensorProto& proto, const Header& header) {
  if (header.dtype == DType::string) return input_error("keeps strings in raw_data, which ONNX forbids");
  if (proto.raw_data().size() != header.bytes) {
    return size_failure(header.dtype, header.dims, header.bytes, proto.raw_data().size(), "bytes of raw_data");
  }
  auto owned = std::make_shared<std::string>(std::move(*proto.mutable_raw_data()));
  proto.clear_raw_data();
  const auto bytes = std::as_bytes(std::span<const char>(owned->data(), owned->size()));
  return Tensor::from_buffer(header.dtype, header.dims, Buffer::view(bytes, owned));
}

// Elements of the given width from the low bytes of each entry of a typed field. `per_entry` entries make one element
// (2 for complex numbers).
template <class Field>
Result<Tensor> read_typed(const Field& field, const Header& header, size_t width, size_t per_entry = 1) {
  const size_t expected = header.count * per_entry;
  if (static_cast<size_t>(field.size()) != expected) {
    return size_failure(header.dtype, header.dims, expected, static_cast<size_t>(field.size()), "values");
  }
  Tensor tensor(header.dtype, header.dims);
  auto out = tensor.mutable_bytes();
  for (size_t i = 0; i < expected; ++i) {
    const auto value = field.Get(static_cast<int>(i));
    std::memcpy(out.data() + i * width, &value, width);
  }
  return tensor;
}

// int32_data of types narrower than a byte: each entry holds one byte of packed elements.
Result<Tensor> read_packed(const onnx::TensorProto& proto, const Header& header) {
  if (static_cast<size_t>(proto.int32_data_size()) != header.bytes) {
    return size_failure(header.dtype, header.dims, header.bytes, static_cast<size_t>(proto.int32_data_size()),
                        "packed values");
  }
  Tensor tensor(header.dtype, header.dims);
  auto out = tensor.mutable_bytes();
  for (size_t i = 0; i < header.bytes; ++i) out[i] = static_cast<std::byte>(proto.int32_data(static_cast<int>(i)));
  return tensor;
}

// One element of less than a byte in each entry.
Result<Tensor> read_unpacked(const onnx::TensorProto& proto, const Header& header) {
  if (static_cast<size_t>(proto.int32_data_size()) != header.count) {
    return size_failure(header.dtype, header.dims, header.count, static_cast<size_t>(proto.int32_data_size()),
                        "values");
  }
  Tensor tensor(header.dtype, header.dims);
  auto out = tensor.mutable_bytes();
  for (int i = 0; i < proto.int32_data_size(); ++i)
    set_packed_element(out.data(), bits(header.dtype), i, static_cast<unsigned>(proto.int32_data(i)));
  return tensor;
}

Result<Tensor> read_strings(const onnx::TensorProto& proto, const Header& header) {
  if (static_cast<size_t>(proto.string_data_size()) != header.count) {
    return size_failure(header.dtype, header.dims, header.count, static_cast<size_t>(proto.string_data_size()),
                        "strings");
  }
  return Tensor::strings(header.dims, {proto.string_data().begin(), proto.string_data().end()});
}

Result<Tensor> read_fields(const onnx::TensorProto& proto, const Header& header) {
  switch (header.dtype) {
    case DType::float32:
      return read_typed(proto.float_data(), header, 4);
    case DType::complex64:
      return read_typed(proto.float_data(), header, 4, 2);
    case DType::float64:
      return read_typed(proto.double_data(), header, 8);
    case DType::complex128:
      return read_typed(proto.double_data(), header, 8, 2);
    case DType::int64:
      return read_typed(proto.int64_data(), header, 8);
    case DType::uint32:
      return read_typed(proto.uint64_data(), header, 4);
    case DType::uint64:
      return read_typed(proto.uint64_data(), header, 8);
    case DType::string:
      return read_strings(proto, header);
    case DType::int32:
      return read_typed(proto.int32_data(), header, 4);
    case DType::uint16:
    case DType::int16:
    case DType::float16:
    case DType::bfloat16:
      return read_typed(proto.int32_data(), header, 2);
    case DType::uint8:
    case DType::int8:
    case DType::boolean:
    case DType::float8e4m3fn:
    case DType::float8e4m3fnuz:
    case DType::float8e5m2:
    case DType::float8e5m2fnuz:
    case DType::float8e8m0:
      return read_typed(proto.int32_data(), header, 1);
    case DType::uint4:
    case DType::int4:
    case DType::float4e2m1:
    case DType::uint2:
    case DType::int2:
      return read_packed(proto, header);
    case DType::float6e2m3:
    case DType::float6e3m2:
      return read_unpacked(proto, header);
    case DType::undefined:
      break;
  }
  return input_error("has no element type");
}

// Linear element index of entry i of the indices of a sparse tensor.
Result<size_t> sparse_index(const Tensor& indices, size_t i, const Dims& dims, size_t count) {
  const auto values = indices.data<int64_t>();
  int64_t linear = 0;
  if (indices.rank() == 1) {
    linear = values[i];
  } else {
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      const int64_t index = values[i * dims.size() + axis];
      if (index < 0 || index >= dims[axis]) {
        return input_error("sparse index " + std::to_string(index) + " is outside its dimension of " +
                           std::to_string(dims[axis]));
      }
      linear = linear * dims[axis] + index;
    }
  }
  if (linear < 0 || static_cast<size_t>(linear) >= count) {
    return input_error("sparse index " + std::to_string(linear) + " is outside the tensor's " + std::to_string(count) +
                       " elements");
  }
  return static_cast<size_t>(linear);
}

// Bools may come as any non-zero byte; the rest of the program relies on 0 and 1.
void normalize_bools(Tensor& tensor) {
  if (tensor.dtype() != DType::boolean) return;
  bool clean = true;
  for (const std::byte value : tensor.bytes()) clean = clean && value <= std::byte{1};
  if (clean) return;
  for (std::byte& value : tensor.mutable_bytes()) value = value == std::byte{0} ? std::byte{0} : std::byte{1};
}

}  // namespace

Result<Tensor> read_tensor(onnx::TensorProto& proto, TensorStorage& storage) {
  PARE_ASSIGN(const Header header, read_header(proto));
  auto tensor = proto.data_location() == 1 ? read_external(proto, header, storage)
                : proto.has_lifted_bytes() ? read_lifted(proto, header, storage)
                : proto.has_raw_data()     ? read_raw(proto, header)
                                           : read_fields(proto, header);
  onnx::TensorProto().Swap(&proto);  // what was copied out is not held twice
  if (tensor) normalize_bools(*tensor);
  return tensor;
}

Result<Tensor> read_sparse_tensor(onnx::SparseTensorProto& proto, TensorStorage& storage) {
  PARE_ASSIGN(const Tensor values, read_tensor(*proto.mutable_values(), storage));
  PARE_ASSIGN(const Tensor indices, read_tensor(*proto.mutable_indices(), storage));
  PARE_TRY(check_rank(proto.dims_size()));
  const Dims dims(proto.dims().begin(), proto.dims().end());
  const auto count = element_count(dims);
  const auto bytes = tensor_bytes(values.dtype(), dims);
  if (!count || !bytes) return input_error("has sparse dims " + shown(values.dtype(), dims) + " of no dense form");
  const Dims linear{values.size()}, coordinates{values.size(), static_cast<int64_t>(dims.size())};
  if (values.rank() != 1 || bits(values.dtype()) < 8 || indices.dtype() != DType::int64 ||
      (indices.dims() != linear && indices.dims() != coordinates)) {
    return input_error("has sparse values " + to_string(values.type()) + " with indices " + to_string(indices.type()) +
                       "; expected n values and int64[n] or int64[n,rank]");
  }
  PARE_TRY(storage.charge(*bytes));
  Tensor dense(values.dtype(), dims);
  const size_t width = static_cast<size_t>(bits(values.dtype())) / 8;
  auto out = dense.mutable_bytes();
  for (size_t i = 0; i < static_cast<size_t>(values.size()); ++i) {
    PARE_ASSIGN(const size_t at, sparse_index(indices, i, dims, static_cast<size_t>(*count)));
    std::memcpy(out.data() + at * width, values.bytes().data() + i * width, width);
  }
  return dense;
}

void describe_tensor(const std::string& name, const Tensor& tensor, onnx::TensorProto& proto) {
  proto.set_name(name);
  proto.set_data_type(static_cast<int32_t>(tensor.dtype()));
  for (const int64_t dim : tensor.dims()) proto.add_dims(dim);
  if (tensor.dtype() == DType::string) {
    for (auto& text : tensor.string_values()) proto.add_string_data(std::move(text));
  }
}

void write_tensor(const std::string& name, const Tensor& tensor, std::vector<Tensor>& lifted,
                  onnx::TensorProto& proto) {
  describe_tensor(name, tensor, proto);
  if (tensor.dtype() == DType::string) return;
  const auto bytes = tensor.bytes();
  if (bytes.size() < kLiftBytes) {
    proto.set_raw_data(bytes.data(), bytes.size());
    return;
  }
  proto.set_lifted_offset(lifted.size());
  proto.set_lifted_bytes(bytes.size());
  lifted.push_back(tensor);
}

}  // namespace pare::onnx_format
