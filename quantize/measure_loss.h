// What quantization cost, on data: each layer's output and the model's outputs against the float graph's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/observe.h"

namespace pare {

struct Loss {
  // 10 log10(sum y^2 / sum (y - y_q)^2) over all elements of all batches, in dB, both models on their own activations;
  // infinite where nothing is lost, NaN where the quantized model gives no finite number.
  std::vector<double> values;   // of the named values, in their order; nothing (NaN) for a name that either graph lacks
  std::vector<double> outputs;  // of the graph's outputs
  // Of the rows (last axis) of the first output with more than one column: where the largest element stands at the same
  // place. None where there is no such output.
  std::optional<double> agreement;
  int64_t rows = 0;
};

// The graphs have the same inputs and outputs. Throws what observe() does.
Loss measure_loss(const Graph& reference, const Graph& quantized, const std::vector<std::string>& values,
                  const Batches& batches, const ObserveOptions& options = {});

}  // namespace pare
