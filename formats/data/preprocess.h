// The steps between what a data file holds and what a model expects, in order, from a TOML file (docs/data.md).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// x * value
struct ScaleStep {
  double value = 1;
};
// x - values[c] for channel c; a single value holds for all channels
struct MeanStep {
  std::vector<double> values;
};
// x / values[c]
struct StdStep {
  std::vector<double> values;
};
// Permutes axes: "NHWC" to "NCHW". Both name every axis of the batch once, the first N.
struct LayoutStep {
  std::string from, to;
};
// To another element type, as ONNX Cast does it.
struct CastStep {
  DType to = DType::float32;
};

struct PreprocessStep {
  std::variant<ScaleStep, MeanStep, StdStep, LayoutStep, CastStep> op;
  std::string input;  // the only array it applies to; empty: every array
};

struct Preprocess {
  std::vector<PreprocessStep> steps;
};

// `where` starts each message. Unknown keys and operators fail (input) with the nearest known one.
Result<Preprocess> parse_preprocess(const std::string& toml, const std::string& where);
Result<Preprocess> read_preprocess(const std::string& path);

// Applies the steps to a batch [N, ...] of the array `input`. Arithmetic is float32, whatever comes in. The channel
// axis is the C of the layout where a layout step says it (before the step its `from`, after it its `to`), else axis 1.
Result<Tensor> apply(const Preprocess& preprocess, const std::string& input, Tensor batch);

}  // namespace pare
