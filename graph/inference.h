// One run of inference over a graph that is left as it is; infer_types(), verify() and operators that hold graphs share
// it.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/infer.h"

namespace pare {

class Inference {
 public:
  // What is believed of the declared types of values that nodes produce.
  enum class Declared : uint8_t {
    all,
    dtypes,  // their element types; shapes only where an Opaque node leaves no other source
  };
  explicit Inference(const Graph& graph, Declared declared = Declared::all);
  // For an input or a captured value of a subgraph: replaces what the graph declares. Before run().
  void bind(ValueId id, Known known) { known_[static_cast<size_t>(id)] = std::move(known); }
  // Every node in order. Fails as infer_types() does.
  Result<void> run();
  // Declared and inferred knowledge together.
  const Type& type(ValueId id) const { return known_[static_cast<size_t>(id)].type; }
  // The same with contents, after run().
  const Known& known(ValueId id) const { return known_[static_cast<size_t>(id)]; }

 private:
  Result<void> infer_node(const Node& node);
  Type declared_type(const Node& producer, ValueId id) const;

  const Graph& graph_;
  Declared declared_;
  std::vector<Known> known_;
};

}  // namespace pare
