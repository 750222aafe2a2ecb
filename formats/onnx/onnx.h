// ONNX files in and out (onnx.proto of the ONNX specification, IR version 3 and up, opset 1 and up as far as
// the operators have a reading today).
#pragma once

#include <filesystem>
#include <optional>

#include "graph/graph.h"

namespace pare {

struct OnnxWriteOptions {
  std::optional<int64_t> opset;  // default: the lowest that the graph needs, at least 13
  // A model of more bytes keeps the larger initializers in "<file name>.data" beside it, or where that exists in
  // "<file name>.1.data" and so on; a protobuf file ends at 2 GiB.
  uint64_t external_above = 0x7fffffff;
};

// Reads, upgrades to the operators of graph/op.h, infers types, verifies. Model-local functions are expanded. External
// data is mapped, confined to the model's folder, and so are the weights in the file itself. Failures: input
// (malformed; says where), and unsupported only for graph inputs and outputs that are no tensors; unknown operators
// become Opaque. `external_bytes` gets the sizes of the external files.
Result<Graph> read_onnx(const std::filesystem::path& path, uint64_t* external_bytes = nullptr);
// From memory; the bytes are copied. Such a model cannot have external data.
Result<Graph> read_onnx(std::span<const std::byte> bytes);

// A serialized TensorProto, as the test_data_set_* folders of the ONNX backend tests hold them.
Result<NamedTensor> read_onnx_tensor(const std::filesystem::path& path);
// The same for a value of that type: a TensorProto, a SequenceProto or an OptionalProto, of which none says which it is.
Result<NamedTensor> read_onnx_value(const std::filesystem::path& path, const Type& type);

// Written beside and renamed; a data file gets a name that no file has, and those of a model that was replaced are
// removed when the new one is complete. Returns the bytes written. The result passes the official checker and reads
// back as an equal graph, but for this: below opset 18 the axes of a reduction are an attribute, so that constant comes
// back as "<output>_axes". Fails (unsupported) naming the node that needs a higher opset than asked for, or that has no
// form in it.
Result<uint64_t> write_onnx(const Graph& graph, const std::filesystem::path& path,
                            const OnnxWriteOptions& options = {});

}  // namespace pare
