// Runs a graph over all batches at once, a stretch at a time, so that a pass may change the weights of a layer after it has
// seen what reaches it and before anything behind it has run. Holds the values that are still needed, for every batch.
#pragma once

#include <memory>
#include <vector>

#include "graph/graph.h"
#include "runtime/batches.h"

namespace pare {

class StagedRun {
 public:
  // Refers to `graph`; its nodes and weights may change as long as what has already run stays as it was.
  StagedRun(const Graph& graph, const Batches& data, int threads);

  // The value, one tensor per batch. Values must be asked for in graph order of their producers; what a value asked for
  // earlier needed alone is gone. Throws Error where a node cannot run.
  const std::vector<Tensor>& get(ValueId value);

 private:
  bool done(ValueId value) const { return !held_[static_cast<size_t>(value)].empty(); }
  std::vector<NodeId> stretch(ValueId value) const;
  Graph extract(const std::vector<NodeId>& nodes, std::vector<ValueId>& inputs, std::vector<ValueId>& outputs) const;
  void drop_unneeded(ValueId asked);

  const Graph& graph_;
  int threads_;
  size_t batches_;
  std::vector<std::vector<Tensor>> held_;  // by value id
  std::vector<bool> ran_;                  // by node id
};

}  // namespace pare
