// Quantization from beginning to end: what is done to the float graph, the quantizer of a mode, what is done to the
// quantized graph, and what it cost. Every step is a pass of its own; this is their order.
//
//   static    smooth -> quantize_static -> rounding, bias correction -> loss
//   dynamic   smooth -> quantize_dynamic -> loss
//   weights   awq -> quantize_weights -> rounding, bias correction -> loss
//   float16, bfloat16   convert_to_float16 -> loss
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantize/adaround.h"
#include "quantize/float16.h"
#include "quantize/gptq.h"
#include "quantize/quantize.h"

namespace pare {

enum class QuantizeMode : uint8_t { static_, dynamic, weights, float16, bfloat16 };
std::string_view name_of(QuantizeMode mode);
QuantizeMode parse_quantize_mode(std::string_view name);  // throws Error: usage

enum class Rounding : uint8_t { nearest, mse, gptq, adaround };
std::string_view name_of(Rounding rounding);
Rounding parse_rounding(std::string_view name);  // throws Error: usage

struct PipelineOptions {
  QuantizeMode mode = QuantizeMode::static_;
  QuantizeOptions quantize;
  Rounding rounding = Rounding::nearest;
  bool bias_correction = false;
  bool smooth = true;  // static and dynamic: where it helps on the data; only folded into what is there
  bool awq = false;    // weights
  AdaroundOptions adaround;
  GptqOptions gptq;
  bool keep_io = true;          // 16 bits: inputs and outputs stay float32
  int64_t loss_batches = 4;     // that the loss is measured on
  int threads = 1;
  // Progress of a step: a reporter for its name; none where empty.
  std::function<std::function<void(int64_t, int64_t)>(const std::string& step)> progress;
};

// `batches` may be empty (count 0) where nothing asks for data. Throws Error: usage where something does.
QuantizeReport quantize(Graph& graph, const Batches& batches, const PipelineOptions& options);

}  // namespace pare
