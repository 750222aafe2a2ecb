// What removing channels costs, group by group: in which order they go, and the loss after each.
#pragma once

#include <vector>

#include "compress/coupling.h"
#include "compress/prune.h"
#include "runtime/batches.h"

namespace pare {

struct EliminationStep {
  int channel;   // index into Coupling::channels
  double loss;   // of removing this channel and all before it; never decreases
};

// One list per group, cheapest first, every channel of the group once.
// l1: the loss grows by the square of the channel's L1 norm over its mean in the layer (1 = an average channel), summed over
// the layers that produce it: a channel of a residual stream, which many layers write, is dear.
// reconstruct: the squared error of the layers reading the group, refitted to the channels that are left, summed over those
// layers: behind the BatchNormalization of each, relative to the variance there or, where the result is added to a shortcut,
// to the variance of that sum.
std::vector<std::vector<EliminationStep>> elimination_orders(const Graph& graph, const Coupling& coupling,
                                                             const PruneOptions& options, const Batches* data);

}  // namespace pare
