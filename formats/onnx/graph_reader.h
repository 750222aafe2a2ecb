// GraphProto to Graph.
#pragma once

#include <string>
#include <unordered_map>

#include "formats/onnx/attributes.h"
#include "formats/onnx/functions.h"
#include "formats/onnx/names.h"
#include "formats/onnx/upgrade.h"

namespace pare::onnx_format {

// What the graphs of one model share.
struct ModelScope {
  TensorStorage storage;
  Names names;
  Opsets opsets;
  NodeOpsets node_opsets;
};

// Reads one graph; subgraphs through readers of their own that look names up outwards.
class GraphReader {
 public:
  GraphReader(ModelScope& model, GraphReader* outer)
      : model_(model), outer_(outer), builder_(graph_, model.names, outer ? &outer->builder_ : nullptr) {}
  GraphReader(const GraphReader&) = delete;
  GraphReader& operator=(const GraphReader&) = delete;

  // Takes the contents out of `proto`. Fails (input) naming the value or node at fault: names defined twice or never, a
  // cycle, an operand of a type that cannot be, a tensor that does not hold what its dims say.
  Result<Graph> read(onnx::GraphProto& proto);

 private:
  using Infos = std::unordered_map<std::string, Type>;

  Result<void> define(const std::string& name, ValueId id);
  Result<void> read_initializers(onnx::GraphProto& proto);
  Result<void> read_inputs(const onnx::GraphProto& proto);
  Result<void> declare_outputs_of_nodes(const onnx::GraphProto& proto);
  Result<void> read_value_info(const onnx::GraphProto& proto);
  Result<void> read_outputs(const onnx::GraphProto& proto);
  Result<void> read_node(onnx::NodeProto& proto);
  Result<void> read_constant(const LegacyNode& node);
  Result<void> read_attributes(onnx::NodeProto& proto, LegacyNode& node);
  Result<int64_t> version_of(const onnx::NodeProto& proto, const std::string& domain) const;
  // The value of that name here, or captured from an enclosing graph.
  Result<ValueId> resolve(const std::string& name);

  ModelScope& model_;
  GraphReader* outer_;
  Graph graph_;
  GraphBuilder builder_;
  std::unordered_map<std::string, ValueId> values_;
};

// Indices of the nodes so that every value is produced before it is used; the file's order where it already is so.
// Fails (input) on a cycle, naming a node on it.
Result<std::vector<int>> topological_order(const onnx::GraphProto& proto);

// "node 'conv1' (Conv)", or "node producing 'y' (Conv)" where it has no name.
std::string describe_node(const onnx::NodeProto& proto);

}  // namespace pare::onnx_format
