// Latency of several models side by side, interleaved run by run, so that a machine whose speed drifts is fair to all.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare {

struct Latency {
  double median_ms = 0;
  double min_ms = 0;
  int64_t runs = 0;
};

struct LatencyOptions {
  int threads = 1;
  int64_t runs = 0;      // of each model; 0: as many as fit in `seconds`, at least 5
  double seconds = 1.0;  // for each model
  int64_t batch = 1;     // for input dims that are symbols: the first gets this, others 1
  bool reference = false;
};

// One entry per run, in order; each run is called twice before its time counts.
std::vector<Latency> measure_latency(const std::vector<std::function<void()>>& runs, const LatencyOptions& options);
// One entry per model, in order. `inputs` may be empty: then each model gets zeros of its input types.
std::vector<Latency> measure_latency(const std::vector<std::shared_ptr<const Graph>>& models,
                                     const std::vector<std::vector<Tensor>>& inputs,
                                     const LatencyOptions& options = {});

// Zeros for every input, symbols replaced as LatencyOptions says. Throws Error (unsupported) when a rank is unknown.
std::vector<Tensor> zero_inputs(const Graph& graph, int64_t batch);

}  // namespace pare
