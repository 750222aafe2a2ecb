// Re-estimates the statistics of BatchNormalization after weights or channels upstream changed.
//
// As a forward pass in training mode does: in every batch each layer is normalized by that batch's own statistics, so
// that what reaches the layers behind it is distributed as it will be at last. The new mean is the mean over all batches,
// the new variance that of all elements: E[var_b] + Var[mean_b], biased as in the definition of inference (Ioffe and Szegedy,
// arXiv 1502.03167; recalibration after pruning: Li et al., "EagleEye", ECCV 2020, arXiv 2007.02491). One pass; memory does
// not depend on the number of batches. Batches should hold 32 samples or more.
#pragma once

#include <functional>

#include "graph/graph.h"
#include "runtime/batches.h"

namespace pare {

struct BatchNormOptions {
  int threads = 1;
  std::function<void(int64_t done, int64_t total)> progress;
};

// Returns how many nodes were re-estimated: those with constant mean and variance and data of known rank. Statistics that
// several nodes share become each node's own.
int reestimate_batch_norm(Graph& graph, const Batches& data, const BatchNormOptions& options = {});

}  // namespace pare
