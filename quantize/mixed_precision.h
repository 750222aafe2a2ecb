// Bits for each layer by what it costs: sensitivities measured one layer at a time, then a knapsack.
//
// The measure of a layer at b bits is the noise-to-signal ratio of the model's outputs, sum (y - y_q)^2 / sum y^2, when this
// layer alone is quantized to b bits. Errors of different layers are nearly uncorrelated, so their ratios are added, as in
// Dong et al. 2020, "HAWQ-V2", section 4, with the measured ratio in the place of the Hessian's trace.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/quantize.h"

namespace pare {

struct BitChoice {
  int bits = 0;       // 0: the layer stays float
  int64_t bytes = 0;  // of its weights
  double loss = 0;    // noise-to-signal ratio of the outputs
};

struct LayerChoices {
  std::string node;    // for people
  std::string output;  // names the layer (LayerOverride)
  std::vector<BitChoice> choices;
};

// The outputs of a float graph on some batches, and how far another graph's are from them.
class OutputProbe {
 public:
  // Keeps the outputs of all `batches`: pass few.
  OutputProbe(const Graph& reference, const Batches& batches, const ObserveOptions& options);
  // Mean over the float32 outputs of noise / signal; infinite where the candidate's are not finite.
  double loss(const Graph& candidate) const;

 private:
  std::vector<std::vector<Tensor>> expected_;
  Batches batches_;
  ObserveOptions options_;
};

// A quantizer with everything but the layers' settings bound: (graph, overrides, only) -> report.
using QuantizeRun = std::function<QuantizeReport(Graph&, const std::vector<LayerOverride>&, const std::vector<std::string>& only)>;

struct SensitivityOptions {
  std::vector<int> bits{8, 4};  // candidates; 0 for float
  std::string file;             // kept as a text while measuring, and what it holds is not measured again; empty: none
  std::function<void(int64_t done, int64_t total)> progress;
};

// Every layer that `run` quantizes, in graph order. Throws Error: input where `file` belongs to another model or setting.
std::vector<LayerChoices> measure_sensitivities(const Graph& reference, const OutputProbe& probe, const QuantizeRun& run,
                                                const SensitivityOptions& options);

// For each layer the index of a choice: the least sum of losses at no more than `budget` bytes in all. Where even the
// smallest choices exceed it: those. A dynamic programme over `budget` in 4,096 steps, bytes rounded up.
std::vector<size_t> choose_bits(const std::vector<LayerChoices>& layers, int64_t budget);

int64_t chosen_bytes(const std::vector<LayerChoices>& layers, const std::vector<size_t>& chosen);
double chosen_loss(const std::vector<LayerChoices>& layers, const std::vector<size_t>& chosen);
// As overrides for the quantizer that measured them.
std::vector<LayerOverride> overrides_of(const std::vector<LayerChoices>& layers, const std::vector<size_t>& chosen);

}  // namespace pare
