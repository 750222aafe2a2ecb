// TensorProto and SparseTensorProto to Tensor, and back.
#pragma once

#include <vector>

#include "formats/onnx/storage.h"
#include "graph/tensor.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

// Takes the contents out of `proto`. The memory used is bounded by the bytes the proto and its external file really
// have.
Result<Tensor> read_tensor(onnx::TensorProto& proto, TensorStorage& storage);
// As dense; the dense size must be one that the model's files have use for. Indices are linear [n] or coordinates [n,
// rank].
Result<Tensor> read_sparse_tensor(onnx::SparseTensorProto& proto, TensorStorage& storage);

// Name, dims and type; and the elements only of string tensors, whose bytes have no raw form.
void describe_tensor(const std::string& name, const Tensor& tensor, onnx::TensorProto& proto);
// The same with the elements in raw_data; larger ones are appended to `lifted` and put there by expand().
void write_tensor(const std::string& name, const Tensor& tensor, std::vector<Tensor>& lifted, onnx::TensorProto& proto);

}  // namespace pare::onnx_format
