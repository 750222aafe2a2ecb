// Drawing weights anew, for training from scratch.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace pare {

// Weights of Conv, ConvTranspose, Gemm and MatMul: normal, mean 0, variance 2 / inputs of one output (He et al. 2015,
// equation 10). Their biases and other added constants: 0. Normalization: scale 1, bias 0, mean 0, variance 1. Integer
// constants, and constants that training leaves alone, stay as they are.
void initialize_weights(Graph& graph, uint64_t seed);

}  // namespace pare
