// What rewriting passes share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare {

// Lets everything that uses `from`, subgraphs included, use `to` instead, of the same type. A graph output keeps its
// name: `to` takes it over. False, and nothing changed, where that cannot be: `from` is a graph output and `to` is an
// input, a constant, captured from around, or another output. `from` stays behind without uses.
bool forward(Graph& graph, ValueId from, ValueId to);
// Renames a value, also where subgraphs capture it. The name must be free.
void rename_value(Graph& graph, ValueId id, const std::string& name);

// The one number that every element of a constant is; nullopt for anything else. Integers above 2^53 and constants of
// more than 2^20 elements count as anything else.
std::optional<double> uniform_constant(const Graph& graph, ValueId id);
const Tensor* constant_of(const Graph& graph, const Node& node, size_t slot);
// Input `slot` of the node, none where it is left out.
ValueId input_of(const Node& node, size_t slot);
const Shape* shape_of(const Graph& graph, ValueId id);
// The node that makes a value, if its operator is an O.
template <class O>
const Node* producer_as(const Graph& graph, ValueId id) {
  if (id == ValueId::none || graph.value(id).producer == NodeId::none) return nullptr;
  const Node& node = graph.node(graph.value(id).producer);
  return as<O>(node.op) ? &node : nullptr;
}

// A constant that broadcasts along one axis only, as one number per element of that axis: per-channel scales and
// shifts. `rank` is that of the data it meets, `extent` that axis' extent. A single element counts `extent` times.
std::optional<std::vector<double>> along_axis(const Tensor& constant, int rank, int axis, int64_t extent);
Tensor float_vector(const std::vector<double>& values);

// Gives input `slot` of the node a constant: in place of the one there if nothing else uses that, else a fresh one
// called `name` (made unique).
void replace_constant(Graph& graph, NodeId id, size_t slot, const std::string& name, Tensor tensor);

// Whether broadcasting the constant against the data provably gives the data's shape.
bool broadcasts_into(const Graph& graph, ValueId constant, ValueId data, ValueId result);

// Provably the same extents.
bool same_shape(const Shape* a, const Shape* b);

}  // namespace pare
