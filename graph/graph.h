// The graph: nodes in topological order, values, and strong handles to both.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/op.h"
#include "graph/tensor.h"
#include "graph/type.h"

namespace pare {

enum class NodeId : int32_t { none = -1 };
enum class ValueId : int32_t { none = -1 };  // none also stands for an optional input or output left out

struct Value {
  std::string name;  // unique in the graph, never empty
  Type type;
  std::optional<Tensor> constant;
  NodeId producer = NodeId::none;
};

struct Node {
  std::string name;  // may be empty; for people
  Op op = Opaque{};
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  // Values of this graph that subgraphs of the op name: uses like any other, and the names must stay.
  std::vector<ValueId> captures;
  // metadata_props, and "doc_string": carried by the files, read by nothing.
  std::vector<std::pair<std::string, std::string>> metadata;
};

class Graph {
 public:
  std::string name;
  std::vector<ValueId> inputs;  // never constants
  std::vector<ValueId> outputs;
  std::map<std::string, int64_t> domains;                     // opsets of domains other than ai.onnx
  std::vector<std::pair<std::string, std::string>> metadata;  // metadata_props, producer_name, provenance
  // In a subgraph: values that are neither inputs, constants nor produced here; they belong to an enclosing graph.
  std::vector<ValueId> captured;

  // Live nodes, in an order in which every value is produced before it is used.
  const std::vector<NodeId>& order() const { return order_; }
  Node& node(NodeId id) { return nodes_[static_cast<size_t>(id)]; }
  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  bool alive(NodeId id) const { return node_alive_[static_cast<size_t>(id)]; }
  Value& value(ValueId id) { return values_[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  // Upper bounds for tables indexed by id; ids of removed nodes and values are not used again.
  size_t node_limit() const { return nodes_.size(); }
  size_t value_limit() const { return values_.size(); }
  bool alive(ValueId id) const { return value_alive_[static_cast<size_t>(id)]; }
  std::vector<ValueId> values() const;  // live ones, by id
  std::optional<ValueId> find(std::string_view name) const;

  // A fresh value. The name is made unique by a suffix if it is taken; empty names become "v<id>".
  ValueId add_value(std::string name, Type type = {});
  ValueId add_input(std::string name, Type type);
  ValueId add_constant(std::string name, Tensor tensor);
  void set_constant(ValueId id, Tensor tensor);  // replaces the tensor and the type
  void rename(ValueId id, std::string name);     // made unique if taken

  // Appends the node, or places it before `before`. Outputs must have no producer yet. Inference is not run.
  NodeId add_node(Op op, std::vector<ValueId> inputs, std::vector<ValueId> outputs, std::string name = {},
                  NodeId before = NodeId::none);
  // A node with one new output named `output`.
  ValueId add(Op op, std::vector<ValueId> inputs, std::string output, NodeId before = NodeId::none);
  void remove_node(NodeId id);  // its outputs lose their producer; remove or replace them
  void remove_value(ValueId id);
  // Every use of `from` (inputs of nodes and graph outputs) becomes `to`.
  void replace_uses(ValueId from, ValueId to);
  // Restores topological order after edits, keeping the present order where it can. Fails on a cycle, naming a node on
  // it.
  Result<void> sort();
  // Drops nodes whose outputs nobody uses and values without producer or use (graph inputs stay). Returns how many
  // nodes.
  int remove_unused();

 private:
  std::string unique_name(std::string name, ValueId id) const;
  void forget_node(NodeId id);  // without its place in the order

  std::deque<Node> nodes_;  // growing keeps references valid
  std::deque<Value> values_;
  std::vector<bool> node_alive_, value_alive_;
  std::vector<NodeId> order_;
  std::map<std::string, ValueId, std::less<>> names_;
};

// Who uses each value, by value id; computed once, not kept up to date.
struct Use {
  NodeId node;
  int slot;  // input index; -1 for a capture
};
class Uses {
 public:
  explicit Uses(const Graph& graph);
  std::span<const Use> of(ValueId id) const { return uses_[static_cast<size_t>(id)]; }
  bool is_output(ValueId id) const { return is_output_[static_cast<size_t>(id)]; }
  bool is_captured(ValueId id) const { return is_captured_[static_cast<size_t>(id)]; }
  // One node uses it, once, and nothing outside can see it.
  bool single(ValueId id) const { return of(id).size() == 1 && !is_output(id) && !is_captured(id); }

 private:
  std::vector<std::vector<Use>> uses_;
  std::vector<bool> is_output_, is_captured_;
};

// Same structure, names, types, attributes and constants (ids may differ).
bool equal(const Graph& a, const Graph& b);
// "node 'conv1' (Conv)" or, without a name, "node producing 'y' (Conv)".
std::string describe(const Graph& graph, NodeId id);

// What a node's links, inference see.
LinkContext link_context(const Graph& graph, NodeId id);

}  // namespace pare
