// Graphs inside operators: If, Loop, Scan, SequenceMap, and what Opaque carries.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace pare {

struct Subgraph {
  std::string_view attribute;
  GraphPtr graph;  // may be null in a graph that nobody verified
};
std::vector<Subgraph> subgraphs(const Op& op);

// Levels of graphs inside the graph's operators; 0 without any.
int subgraph_levels(const Graph& graph);

// The outputs of `body` where its inputs are `inputs` and captured values what `around` knows of them. The body's own
// declarations of shapes are not believed (they may come from one iteration of many), but for those of Opaque nodes.
Result<std::vector<Known>> infer_subgraph(const GraphPtr& body, std::string_view attribute,
                                          std::span<const Known> inputs, const InferContext& around);

bool is_optional(Container container);
bool holds_sequence(Container container);  // perhaps an optional one

// The type of a value that is sometimes of the one and sometimes of the other: extents that differ become unknown.
// Fails where element types differ, or one is a sequence and the other is none.
Result<Type> either(const Type& a, const Type& b);

}  // namespace pare
