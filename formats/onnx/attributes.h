// AttributeProto to Attribute, and back.
#pragma once

#include <functional>

#include "formats/onnx/external.h"
#include "graph/attribute.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

using ReadSubgraph = std::function<Result<GraphPtr>(onnx::GraphProto&)>;
using WriteSubgraph = std::function<Result<void>(const Graph&, onnx::GraphProto&)>;

// Takes the contents out of `proto`. Kinds without a form of their own (sparse tensors, types, lists of tensors or
// graphs) become a RawAttribute.
Result<NamedAttribute> read_attribute(onnx::AttributeProto& proto, ExternalFiles& files, const ReadSubgraph& subgraph);
Result<void> write_attribute(const NamedAttribute& attribute, const WriteSubgraph& subgraph,
                             onnx::AttributeProto& proto);

}  // namespace pare::onnx_format
