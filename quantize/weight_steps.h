// The numbers of a quantized weight, element by element, and how they are written back with the bias that depends on them.
#pragma once

#include <optional>
#include <vector>

#include "quantize/layer_samples.h"

namespace pare {

// Which scale an element of the weight has: an index into the scale's elements.
class ScaleIndex {
 public:
  ScaleIndex(const Graph& graph, const QuantizedWeight& weight);
  int64_t operator()(int64_t element) const;

 private:
  int64_t inner_ = 1, extent_ = 1, block_ = 0;
  bool one_ = false;
};

// Whether each row of the layer has a scale of its own that nothing else depends on.
bool rows_own_scales(const Graph& graph, const Uses& uses, const SampledLayer& layer);

// The bias of a plain layer, one per output; zeros where it has none.
std::vector<float> read_bias(const Graph& graph, const SampledLayer& layer);
// Gives a plain Conv or Gemm that has no bias one of zeros, int32 if what it reads is quantized. False where it cannot hold one.
bool ensure_bias(Graph& graph, const SampledLayer& layer);

// Integers counted from their zero points, in the weight's own order; `scales` replace the weight's if given; `bias` the
// layer's, rounded to the product of the scales if it is kept in int32.
void write_weight(Graph& graph, const SampledLayer& layer, const std::vector<float>& integers,
                  const std::optional<std::vector<float>>& scales, const std::optional<std::vector<float>>& bias);

}  // namespace pare
