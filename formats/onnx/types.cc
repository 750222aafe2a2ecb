#include "formats/onnx/types.h"

#include <string>

namespace pare::onnx_format {

bool is_tensor(const onnx::TypeProto& proto) { return proto.has_tensor_type(); }

Result<Type> read_type(const onnx::TypeProto& proto) {
  Type type;
  if (!is_tensor(proto)) return type;
  const auto& tensor = proto.tensor_type();
  const auto dtype = dtype_from_number(tensor.elem_type());
  if (!dtype) return input_error("element type " + std::to_string(tensor.elem_type()) + " is not one of ONNX");
  type.dtype = *dtype;
  if (!tensor.has_shape()) return type;
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

void write_type(const Type& type, onnx::TypeProto& proto) {
  auto& tensor = *proto.mutable_tensor_type();
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
  if (declared.dtype != inferred.dtype || !declared.shape) return merged;
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
