// AdaRound for a whole network: chooses for every weight of a quantized graph whether it is rounded up or down, so that each
// layer gives what it gave in the float network although what it reads is quantized (rounding_problem.h).
//
// Layers are done in graph order; what a layer reads is measured after all before it were done. Where the result of a layer is added
// to another value, that value's own error counts as well, if it is final: the layer makes up for it. Activations behind
// a layer (Relu, Clip) stand inside the loss. Then bias and step of each output channel are refitted on the same samples.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/rounding_problem.h"
#include "runtime/batches.h"

namespace pare {

struct AdaroundOptions {
  RelaxOptions relax;
  int64_t samples = 4096;            // positions per layer, the same number from every batch
  size_t held_bytes = size_t{256} << 20;  // of activations at a time: only so many batches are used
  int sweeps = 4;                    // of polishing single roundings after relaxing
  bool search_steps = true;          // below 8 bits, steps of least error before rounding
  bool refit = true;                 // bias and step of every channel
  double ridge = 0.3;                // times columns / samples: keeps weights near where samples say little
  int threads = 1;
  uint64_t seed = 0;
  std::function<void(int64_t done, int64_t total)> progress;
};

struct AdaroundLayer {
  std::string node;
  double nearest_loss = 0;  // mean squared error behind the activation, relative to the mean square of the target
  double loss = 0;
};

// `quantized` came from `reference` by a quantizer that kept its names (layers.h). Integers, scales and biases of its
// layers change, nothing else. Layers that are no matrix product of known shape keep their rounding. Throws Error: usage
// for empty batches; what executor and batches say.
std::vector<AdaroundLayer> round_adaround(Graph& quantized, const Graph& reference, const Batches& batches,
                                          const AdaroundOptions& options = {});

}  // namespace pare
