// Refits the weights that read removed channels, so that their layers come as close as the remaining channels allow to what
// they computed before: least squares on real activations, layer by layer, no gradients.
//
// For a layer y = W x + b of the original and the rows x' that reach it in the pruned graph (where every layer before it has
// been refitted already), the new weights minimize |y - W' x' - b'|^2 + ridge * |W' - W_kept|^2 over the samples (He, Zhang
// and Sun, "Channel Pruning for Accelerating Very Deep Neural Networks", ICCV 2017, arXiv 1707.06168, eq. 1 and section
// 3.2.1). Where the result is added to a shortcut, y also makes up for the error of the shortcut (their section 3.3.2).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "compress/coupling.h"
#include "graph/graph.h"
#include "runtime/batches.h"

namespace pare {

struct CompensateOptions {
  int64_t samples = 8192;   // rows per layer
  double ridge = 1e-3;      // relative to the mean variance of a column
  bool all_layers = false;  // also layers that lost no input channel but come behind one that did
  int threads = 1;
  std::function<void(const std::string& step, double done)> progress;
};

// `pruned` is `original` after remove_elements(kept): same node ids. Layers that cannot be read (layer_rows.h) stay.
// Returns how many were refitted. A Conv or Gemm without a bias gets one.
int compensate(const Graph& original, Graph& pruned, const KeptIndices& kept, const Batches& data,
               const CompensateOptions& options = {});

}  // namespace pare
