// One run of inference over a graph that is left as it is; infer_types() and verify() share it.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/infer.h"

namespace pare {

class Inference {
 public:
  explicit Inference(const Graph& graph);
  // Every node in order. Fails as infer_types() does.
  Result<void> run();
  // Declared and inferred knowledge together.
  const Type& type(ValueId id) const { return known_[static_cast<size_t>(id)].type; }
  // The same with contents, after run().
  const Known& known(ValueId id) const { return known_[static_cast<size_t>(id)]; }

 private:
  Result<void> infer_node(const Node& node);

  const Graph& graph_;
  std::vector<Known> known_;
};

}  // namespace pare
