// The graphs that an operator holds (If, Loop, Scan, and operators pare does not know), as passes see them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace pare {

// Every graph attribute of the operator, in the order of its fields; `f` may put another graph in its place.
void for_each_subgraph(Op& op, const std::function<void(std::string_view name, GraphPtr& graph)>& f);
void for_each_subgraph(const Op& op, const std::function<void(std::string_view name, const Graph& graph)>& f);
bool has_subgraphs(const Op& op);
// Nodes, those of subgraphs included.
int count_nodes(const Graph& graph);

// Lets the node's subgraphs use the outer value `to` where they captured `from`.
void recapture(Graph& graph, NodeId id, ValueId from, ValueId to);
// Sets the node's captures to what its subgraphs capture now.
void refresh_captures(Graph& graph, NodeId id);
// Drops captured values that the graph does not use; a subgraph's own.
void drop_unused_captures(Graph& body);

// Places a copy of the nodes of `body` before a node: its inputs become `inputs`, what it captures the values of those
// names. Returns the values that the body's outputs have become.
std::vector<ValueId> splice(Graph& graph, NodeId before, const Graph& body, const std::vector<ValueId>& inputs);

// Replaces a node by values that are there already, one per output: each is handed on by an Identity.
void place_body(Graph& graph, NodeId id, const std::vector<ValueId>& results);

// Renames values of subgraphs that have the name of a value around them.
void settle_names(Graph& graph);

}  // namespace pare
