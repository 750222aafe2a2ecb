// TypeProto to Type, and back.
#pragma once

#include "graph/result.h"
#include "graph/type.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

// A tensor's type; negative dims and empty symbols are unknown dims. What is no tensor (sequences, maps, optionals) or
// has no type is a Type of undefined dtype.
Result<Type> read_type(const onnx::TypeProto& proto);
bool is_tensor(const onnx::TypeProto& proto);
void write_type(const Type& type, onnx::TypeProto& proto);

// `inferred`, completed by `declared` where it says nothing and the two do not contradict.
Type merge_types(const Type& inferred, const Type& declared);

}  // namespace pare::onnx_format
