// Rounding of the weights of a quantized graph by what its layers compute on calibration data: GPTQ and relatives.
//
//   before  integers, scales and biases as a quantizer wrote them
//   after   the same graph with other integers; scales and biases where options say so
//
// For each layer Y = X W^T + b (layer_matrix.h): the rows X are read in the quantized graph as far as it is done, X'
// are the same rows in the float graph. What is to be met is the float layer's output on *its* input, so W first
// becomes
//   W' = W + W E[(X' - X) X^T] (E[X X^T] + damping)^-1
// and is rounded (round_matrix.h) for H = E[X X^T]. Where the layer adds a bias, means are left out of both
// expectations, because the bias makes up for them exactly: b' = b + W E[X'] - W_q E[X] (empirical bias correction,
// Nagel et al. 2019, arXiv 1906.04721, section 4.2).
//
// Layers are taken in order, several per sweep over the data; those that are not done yet compute with float weights
// meanwhile.
#pragma once

#include "quantize/layers.h"
#include "quantize/observe.h"
#include "quantize/round_matrix.h"

namespace pare {

enum class RoundingMethod : uint8_t {
  nearest,  // integers stay; biases change where options say so
  mse,      // scales with the least squared error of the weights, weighted by E[x^2] of what they multiply
  gptq,
};

struct GptqOptions {
  RoundingMethod method = RoundingMethod::gptq;
  RoundingOptions rounding;
  bool meet_float = true;     // round W' rather than W
  bool correct_bias = true;   // where there is a bias or may be one
  bool choose_scales = true;  // fit the scales of rows and tensors
  int sweeps = 12;           // over the data, at most one per layer; more where the statistics of a sweep would not fit
  int64_t positions = 8192;  // rows of a layer's input that are looked at, spread over the data; at least 8 per column
  size_t memory = size_t{256} << 20;  // bytes of statistics of a sweep
  ObserveOptions observe;
};

struct RoundedLayer {
  NodeId node = NodeId::none;  // of the quantized graph
  double cost = 0;             // mean squared error of the layer's output that is left
};

// Changes every weight that match_weights() finds and layer_matrix.h can see; the others stay. Throws Error: as
// observe().
std::vector<RoundedLayer> round_gptq(Graph& quantized, const Graph& reference, const Batches& batches,
                                     const GptqOptions& options);

}  // namespace pare
