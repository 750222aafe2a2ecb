// Activations of two graphs that take the same inputs, side by side: what compares a quantized graph with its original.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "quantize/observe.h"

namespace pare {

// Runs every batch through both graphs and shows each pair once per batch, in the order given, graph inputs among them.
// Only what the values need is run. Memory: one batch and the asked values. Throws as observe() does.
void observe_pairs(const Graph& first, const Graph& second, const std::vector<std::pair<ValueId, ValueId>>& pairs,
                   const Batches& batches, const ObserveOptions& options,
                   const std::function<void(size_t pair, const Tensor& first, const Tensor& second)>& visit);

}  // namespace pare
