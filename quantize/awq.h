// Activation-aware weight scaling for weights of few bits: channels that activations make matter get finer steps.
//
//   s_c = (mean|x_c|)^a,   x / s,   round(s w)        for each channel c of what a layer reads
//
// J. Lin et al. 2023, "AWQ: Activation-aware Weight Quantization", arXiv 2306.00978, section 3.2: a is searched on a
// grid over [0, 1] for the least squared error of the layers' outputs on sampled rows of the data. Only where the node
// that computes x can take the scale, and only where the error falls to `gain` of what it was: the graph computes what
// it did before, to the rounding of float32, and adds no node.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/observe.h"

namespace pare {

struct AwqOptions {
  int bits = 4;
  int64_t block = 0;  // elements along the summed axis that share a scale; 0: all of an output channel
  double gain = 0.97;
  ObserveOptions observe;
};

struct AwqPlace {
  std::string value;
  double exponent = 0;                 // a
  double before_db = 0, after_db = 0;  // output against error, weights quantized
};

// Throws Error as observe() does.
std::vector<AwqPlace> awq(Graph& graph, const Batches& batches, const AwqOptions& options = {});

}  // namespace pare
