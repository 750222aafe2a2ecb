// AttributeProto to Attribute, and back.
#pragma once

#include <functional>

#include "formats/onnx/storage.h"
#include "graph/attribute.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

using ReadSubgraph = std::function<Result<GraphPtr>(onnx::GraphProto&)>;
using WriteSubgraph = std::function<Result<void>(const Graph&, onnx::GraphProto&)>;

// Takes the contents out of `proto`. Kinds without a form of their own (sparse tensors, types, lists of tensors or
// graphs) become a RawAttribute.
Result<NamedAttribute> read_attribute(onnx::AttributeProto& proto, TensorStorage& storage,
                                      const ReadSubgraph& subgraph);
// The elements of larger tensors are appended to `lifted` (see tensors.h).
Result<void> write_attribute(const NamedAttribute& attribute, const WriteSubgraph& subgraph,
                             std::vector<Tensor>& lifted, onnx::AttributeProto& proto);

}  // namespace pare::onnx_format
