// Static quantization to QuantizeLinear / DequantizeLinear form, gradient-free.
//
//   before   y = Conv(x, w, b)
//   after    y = Conv(DequantizeLinear(x_q, sx, zx), DequantizeLinear(w_q, sw), DequantizeLinear(b_q, sx*sw))
//            y_q = QuantizeLinear(y, sy, zy), and users of y read DequantizeLinear(y_q, sy, zy)
//
// Activations: unsigned, asymmetric: scale = (high - low) / (2^bits - 1), the range widened to hold zero, the zero point
// rounded. Weights: signed, symmetric, scale = max|w| / (2^(bits-1) - 1), per output channel. Biases: int32 at the product
// of the two scales; a channel whose bias would not fit gets a larger weight scale. See Jacob et al. 2018, "Quantization
// and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", and the ONNX operator pages.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/calibrate.h"
#include "quantize/place.h"
#include "runtime/batches.h"

namespace pare {

struct QuantizeOptions {
  CalibrateOptions calibrate;
  int weight_bits = 8;      // 8 or 4
  int activation_bits = 8;  // 8 or 4
  int ends_bits = 0;        // bits of the first and the last layer that computes, weights and inputs; 0: like the others
  bool per_channel = true;
  std::function<bool(const Node&)> exclude;
};

struct QuantizedLayer {
  std::string node;
  std::string type;
  int weight_bits = 0;
  int activation_bits = 0;  // of its first input
  bool per_channel = false;
  double weight_sqnr_db = 0;  // 10 log10(sum w^2 / sum (w - w_q)^2)
  int64_t bytes_before = 0;
  int64_t bytes_after = 0;
};

struct QuantizeReport {
  std::vector<QuantizedLayer> layers;
  int64_t activations = 0;                 // values that got a quantizer
  std::vector<std::string> kept_float;     // "node 'x' (Gemm): its third operand is computed at run time"
};

// Replaces float32 arithmetic by its quantized form. Throws Error: usage for bits other than 8 and 4, input for calibration
// values that are not finite, unsupported when no node of the graph has an integer form.
QuantizeReport quantize_static(Graph& graph, const Batches& batches, const QuantizeOptions& options = {});

}  // namespace pare
