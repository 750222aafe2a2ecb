// TensorProto and SparseTensorProto to Tensor, and back.
#pragma once

#include "formats/onnx/external.h"
#include "graph/tensor.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

// Takes the contents out of `proto`. The memory used is bounded by the bytes the proto and its external file really
// have.
Result<Tensor> read_tensor(onnx::TensorProto& proto, ExternalFiles& files);
// As dense; the dense size must fit the machine's memory. Indices are linear [n] or coordinates [n, rank].
Result<Tensor> read_sparse_tensor(onnx::SparseTensorProto& proto, ExternalFiles& files);

// Name, dims and type; and the elements only of string tensors, whose bytes have no raw form.
void describe_tensor(const std::string& name, const Tensor& tensor, onnx::TensorProto& proto);
// The same with the elements in raw_data.
void write_tensor(const std::string& name, const Tensor& tensor, onnx::TensorProto& proto);

}  // namespace pare::onnx_format
