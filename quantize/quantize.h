// Quantization to plain ONNX, gradient-free: the modes, their options and what they report.
//
// Static (activations and weights):
//   before   y = Conv(x, w, b)
//   after    y = Conv(DequantizeLinear(x_q, sx, zx), DequantizeLinear(w_q, sw), DequantizeLinear(b_q, sx*sw))
//            y_q = QuantizeLinear(y, sy, zy), and users of y read DequantizeLinear(y_q, sy, zy)
// Activations: asymmetric by default: scale = (high - low) / (2^bits - 1), the range widened to hold zero, the zero point
// rounded. Weights: symmetric, scale = max|w| / (2^(bits-1) - 1), per output channel. Biases: int32 at the product of the
// two scales; a channel whose bias would not fit gets a larger weight scale. LSTM and GRU: x as above, the weights of both
// products per gate row; the bias stays float. See Jacob et al. 2018, "Quantization and Training of Neural Networks for
// Efficient Integer-Arithmetic-Only Inference", and the ONNX operator pages.
//
// Dynamic (weights ahead, activations as they come, no data needed):
//   before   y = MatMul(x, w)                        also Gemm, and products of two computed values
//   after    x_q, sx, zx = DynamicQuantizeLinear(x)
//            y = Cast(MatMulInteger(x_q, w_q, zx)) * (sx * sw)
// LSTM and GRU: weights behind DequantizeLinear.
//
// Weights (the file shrinks, arithmetic stays float): w = DequantizeLinear(w_q, sw), per channel or per block.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/calibrate.h"
#include "quantize/grid.h"
#include "quantize/place.h"
#include "quantize/settings.h"
#include "runtime/batches.h"

namespace pare {

struct QuantizeOptions {
  CalibrateOptions calibrate;
  bool clip_weights = false;  // weight scales of least squared error instead of the whole range
  LayerSettings settings;
  std::vector<LayerOverride> overrides;
  std::vector<std::string> only;  // patterns; empty: every node
  const Calibration* calibration = nullptr;  // measured before, of the same graph; null: measured on the batches
  int ends_bits = 0;  // bits of the first and the last layer that computes, weights and inputs; 0: like the others
};

struct QuantizedLayer {
  std::string node;
  std::string output;  // name of its first output: the value that shows what it lost
  std::string type;
  int weight_bits = 0;
  int activation_bits = 0;  // of its first input; 0: float
  std::string granularity;  // "tensor", "channel" or "block 32"
  double weight_sqnr_db = 0;  // 10 log10(sum w^2 / sum (w - w_q)^2)
  double output_sqnr_db = std::numeric_limits<double>::quiet_NaN();  // measure_loss.h; NaN where it was not measured
  int64_t bytes_before = 0;
  int64_t bytes_after = 0;
};

struct QuantizeReport {
  std::vector<QuantizedLayer> layers;
  int64_t activations = 0;                 // values that got a quantizer
  std::vector<std::string> kept_float;     // "node 'x' (Gemm): its third operand is computed at run time"
  std::vector<std::string> notes;          // what else was done
  std::vector<double> outputs_sqnr_db;     // of the model's outputs; empty where they were not measured
  std::optional<double> agreement;         // measure_loss.h
};

// Each replaces float32 arithmetic by its quantized form. Throws Error: usage for settings that do not exist and patterns
// that name nothing, input for calibration values that are not finite, unsupported when no node of the graph has what the
// mode quantizes.
QuantizeReport quantize_static(Graph& graph, const Batches& batches, const QuantizeOptions& options = {});
// The values that it calibrates under these options.
std::vector<ValueId> calibrated_values(const Graph& graph, const QuantizeOptions& options = {});
QuantizeReport quantize_dynamic(Graph& graph, const QuantizeOptions& options = {});
QuantizeReport quantize_weights(Graph& graph, const QuantizeOptions& options = {});

}  // namespace pare
