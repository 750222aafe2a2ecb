#include "formats/onnx/types.h"

#include <string>

namespace pare::onnx_format {

constexpr int kMaxRank = 64;  // as verify() has it

Result<void> check_rank(int rank) {
  if (rank <= kMaxRank) return {};
  return unsupported("has " + std::to_string(rank) + " dimensions, expected at most " + std::to_string(kMaxRank));
}

namespace {

Result<Type> read_tensor_type(const onnx::TypeProto_Tensor& tensor) {
  Type type;
  const auto dtype = dtype_from_number(tensor.elem_type());
  if (!dtype) return input_error("element type " + std::to_string(tensor.elem_type()) + " is not one of ONNX");
  type.dtype = *dtype;
  if (!tensor.has_shape()) return type;
  PARE_TRY(check_rank(tensor.shape().dim_size()));
  type.shape.emplace();
  for (const auto& dim : tensor.shape().dim()) {
    if (dim.has_dim_param()) {
      type.shape->push_back(Dim(dim.dim_param()));
    } else {
      type.shape->push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? Dim(dim.dim_value()) : Dim());
    }
  }
  return type;
}

// The tensor in the type, and how it is contained; nullptr where there is no such form.
const onnx::TypeProto_Tensor* contained(const onnx::TypeProto& proto, Container& container) {
  const onnx::TypeProto* inner = &proto;
  container = Container::tensor;
  if (inner->has_optional_type()) {
    inner = &inner->optional_type().elem_type();
    container = Container::optional;
  }
  if (inner->has_sequence_type()) {
    inner = &inner->sequence_type().elem_type();
    container = container == Container::tensor ? Container::sequence : Container::optional_sequence;
  }
  return inner->has_tensor_type() ? &inner->tensor_type() : nullptr;
}

}  // namespace

Result<Type> read_type(const onnx::TypeProto& proto) {
  Container container = Container::tensor;
  const onnx::TypeProto_Tensor* tensor = contained(proto, container);
  if (!tensor) return Type();
  PARE_ASSIGN(Type type, read_tensor_type(*tensor));
  type.container = container;
  return type;
}

void write_type(const Type& type, onnx::TypeProto& proto) {
  onnx::TypeProto* inner = &proto;
  if (type.container == Container::optional || type.container == Container::optional_sequence) {
    inner = inner->mutable_optional_type()->mutable_elem_type();
  }
  if (type.container == Container::sequence || type.container == Container::optional_sequence) {
    inner = inner->mutable_sequence_type()->mutable_elem_type();
  }
  auto& tensor = *inner->mutable_tensor_type();
  tensor.set_elem_type(static_cast<int32_t>(type.dtype));
  if (!type.shape) return;
  auto& shape = *tensor.mutable_shape();
  for (const Dim& dim : *type.shape) {
    auto& out = *shape.add_dim();
    if (dim.known()) {
      out.set_dim_value(dim.size);
    } else if (!dim.symbol.empty()) {
      out.set_dim_param(dim.symbol);
    }
  }
}

Type merge_types(const Type& inferred, const Type& declared) {
  if (inferred.dtype == DType::undefined && !inferred.shape) return declared;
  Type merged = inferred;
  if (inferred.dtype == DType::undefined) {
    merged.dtype = declared.dtype;
    merged.container = declared.container;
  }
  if (declared.dtype != merged.dtype || declared.container != merged.container || !declared.shape) return merged;
  if (!merged.shape) {
    merged.shape = declared.shape;
    return merged;
  }
  if (merged.shape->size() != declared.shape->size()) return merged;
  for (size_t i = 0; i < merged.shape->size(); ++i) {
    if ((*merged.shape)[i].unknown()) (*merged.shape)[i] = (*declared.shape)[i];
  }
  return merged;
}

}  // namespace pare::onnx_format
