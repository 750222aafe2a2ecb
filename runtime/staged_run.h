// Runs a graph over all batches at once, a stretch at a time, so that a pass may change the weights of a layer after it has
// seen what reaches it and before anything behind it has run. Holds the values that are still needed, for every batch; of
// a value that comes out of DequantizeLinear its integers, a quarter of the bytes.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "runtime/batches.h"

namespace pare {

class StagedRun {
 public:
  // Refers to `graph`; its nodes and weights may change as long as what has already run stays as it was.
  StagedRun(const Graph& graph, const Batches& data, int threads)
      : graph_(graph), data_(data), threads_(threads), held_(graph.value_limit()), ran_(graph.node_limit(), false) {}

  // The value, one tensor per batch, until the next call. Values must be asked for in graph order of their producers; what
  // a value asked for earlier needed alone is gone. Fails where a node cannot run or a batch does not fit the graph.
  Result<const std::vector<Tensor>*> get(ValueId value);

 private:
  bool done(ValueId value) const;
  bool given(ValueId value) const;        // an input of the graph
  bool dequantizes(NodeId node) const;    // from computed integers: run again wherever its result is needed
  ValueId held_as(ValueId value) const;   // the value whose tensors are kept for it
  Result<std::vector<NodeId>> stretch(ValueId value) const;
  Graph extract(const std::vector<NodeId>& nodes, std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs) const;
  Result<std::vector<Tensor>> inputs(int64_t batch) const;
  Result<const std::vector<Tensor>*> read(ValueId value);
  Result<void> run(const std::vector<NodeId>& nodes, const std::vector<ValueId>& outputs);
  void drop_unneeded(ValueId asked);

  const Graph& graph_;
  Batches data_;
  int threads_;
  std::vector<std::vector<Tensor>> held_;  // by value id
  std::vector<bool> ran_;                  // by node id
};

}  // namespace pare
