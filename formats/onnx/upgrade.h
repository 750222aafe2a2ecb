// Nodes of older opsets in the meaning of the newest: the operators of graph/op.h read as their latest definition.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/onnx/names.h"
#include "graph/graph.h"
#include "graph/infer.h"

namespace pare::onnx_format {

// A node as the file has it, in the meaning of `version` of its domain ("" is ai.onnx).
struct LegacyNode {
  std::string domain, type, name;
  int64_t version = 1;
  Attributes attributes;
  std::vector<ValueId> inputs, outputs, captures;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string reason;  // set by a rule that cannot say it in today's operators: the node stays as it is, Opaque
};

// Builds a graph node by node, each upgraded and inferred as it is placed.
class GraphBuilder {
 public:
  // `outer` builds the graph around this one, if there is one, and knows what this one captures.
  GraphBuilder(Graph& graph, Names& names, const GraphBuilder* outer) : graph_(graph), names_(names), outer_(outer) {}

  // Upgrades and appends; types of the outputs are inferred, and completed by what their values already declare.
  Result<void> place(LegacyNode node);

  // For the rules. emit() appends a node in today's meaning and returns its only output, named after `base`.
  ValueId constant(const std::string& base, Tensor tensor);
  std::string fresh_name(const std::string& base) { return names_.fresh(base); }
  Result<ValueId> emit(std::string type, Attributes attributes, std::vector<ValueId> inputs, const std::string& base);
  const Type& type(ValueId id) const { return graph_.value(id).type; }
  std::optional<int64_t> rank(ValueId id) const;
  const Tensor* constant_of(ValueId id) const;
  // The name of the node's first output: what new values of the node are named after.
  std::string base_of(const LegacyNode& node) const;

 private:
  Result<void> append(LegacyNode node);
  void infer(NodeId id);
  Known known(ValueId id) const;
  ValueId outside(ValueId id) const;  // the value of the graph around this one; none where it is not captured

  Graph& graph_;
  Names& names_;
  const GraphBuilder* outer_;
  std::unordered_map<int32_t, std::vector<Dim>> contents_;  // by value id: what shape arithmetic knows
};

// Applies every rule that covers the node's type and version. May place nodes before it.
Result<void> upgrade(LegacyNode& node, GraphBuilder& builder);

}  // namespace pare::onnx_format
