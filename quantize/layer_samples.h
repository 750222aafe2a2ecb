// The same positions of one layer in the float and in the quantized network.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "quantize/layer_matrix.h"
#include "quantize/layers.h"

namespace pare {

// A layer with weights in both graphs, and how its rows are read.
struct SampledLayer {
  QuantizedWeight weight;
  LayerMatrix matrix, reference;  // of the quantized and of the float graph
  // The result is computed + bias, channel by channel, and has the positions of X in order (Conv), or is a matrix
  // (Gemm, MatMul). Only then the following are known.
  bool plain = false;
  ValueId residual = ValueId::none;  // added to the result, in both graphs or in neither
  ValueId reference_residual = ValueId::none;
  float low = -std::numeric_limits<float>::infinity();  // of the clip behind
  float high = std::numeric_limits<float>::infinity();
  bool state = false;  // X is what the layer itself gave the step before: read in the float graph for both

  int64_t outputs() const { return matrix.groups * matrix.rows; }
};

// Every layer of match_weights that is a matrix product, one for each weight, in the order of the quantized graph.
std::vector<SampledLayer> sampled_layers(const Graph& quantized, const Graph& reference);

// `count` positions of `total`, one from each of as many equal stretches; the same for the same seed.
std::vector<int64_t> sample_positions(int64_t total, int64_t count, uint64_t seed);

// X^T of a group at the positions: element (column, i) at to[column * stride + i].
void gather_columns(const ActivationRows& rows, int64_t columns, int64_t group, const std::vector<int64_t>& positions,
                    float* to, int64_t stride);

// Adds a tensor of the shape of a plain layer's result at the positions: output o, position i to to[o * stride + i].
void add_results(const SampledLayer& layer, const Tensor& tensor, const std::vector<int64_t>& positions, float* to,
                 int64_t stride);

// (q - zero point) * scale, where there is one scale; none elsewhere.
std::optional<float> dequantized_scale(const Graph& graph, ValueId value);
Tensor dequantize(const Graph& graph, NodeId dequantize_linear, const Tensor& integers);

}  // namespace pare
