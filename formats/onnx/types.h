// TypeProto to Type, and back.
#pragma once

#include "graph/result.h"
#include "graph/type.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

// The type of a tensor, a sequence or an optional of tensors; negative dims and empty symbols are unknown dims. What is
// anything else (maps, sparse tensors) or has no type is a Type of undefined dtype.
Result<Type> read_type(const onnx::TypeProto& proto);
// Fails (unsupported) beyond the rank that the graph allows.
Result<void> check_rank(int rank);
void write_type(const Type& type, onnx::TypeProto& proto);

// `inferred`, completed by `declared` where it says nothing and the two do not contradict.
Type merge_types(const Type& inferred, const Type& declared);

}  // namespace pare::onnx_format
