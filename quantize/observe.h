// Activations of a graph on real data, streamed batch by batch: what calibration, corrections and rounding measure.
#pragma once

#include <functional>
#include <vector>

#include "graph/graph.h"
#include "runtime/batches.h"

namespace pare {

struct ObserveOptions {
  int threads = 1;
  std::function<void(int64_t done, int64_t total)> progress;
};

// Runs every batch through the executor and shows each of `values` once per batch, graph inputs among them, in the order
// given. Memory: one batch and the asked values. Throws Error: usage where the batches are empty; what the executor and
// the batches say.
void observe(const Graph& graph, const std::vector<ValueId>& values, const Batches& batches, const ObserveOptions& options,
             const std::function<void(ValueId value, const Tensor& tensor, int64_t batch)>& visit);

}  // namespace pare
