// A graph as something that trains: its weights as LibTorch parameters, its nodes as calls.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "distill/lower.h"
#include "graph/error.h"
#include "graph/graph.h"

namespace pare {

struct ProgramOptions {
  at::ScalarType real = at::kFloat;  // float64 for checks of gradients
  bool trainable = true;             // false: nothing requires a gradient (a teacher)
  bool learn_scales = false;         // of QuantizeLinear and of the DequantizeLinear behind it
  bool channels_last = true;         // memory format of 4-D inputs and weights
};

// Whether channels_last is the faster memory format to train in: convolutions gain by it, but LibTorch's backward pass of
// BatchNormalization loses more where the number of channels is no multiple of 8 (1.13, AVX2: 4 times slower).
bool channels_last_pays(const Graph& graph);

enum class ParameterKind : uint8_t {
  weight,  // a float constant
  shadow,  // the floats that an integer constant behind DequantizeLinear stands for
  scale,   // of QuantizeLinear and DequantizeLinear
};

struct Parameter {
  ValueId value = ValueId::none;  // the constant it stands for
  ParameterKind kind = ParameterKind::weight;
  at::Tensor tensor;              // a leaf
  // Scales: their gradient is multiplied by 1 / sqrt(elements per scale * highest integer) (Esser et al. 2020, section
  // 2.2), known after the first pass; they stay above `floor`.
  double gradient_factor = 1;
  double floor = 0;
};

// Refers to the graph, which must outlive it and keep its nodes and values.
class Program {
 public:
  // `originals`: where shadow weights may start (see Trainer::train); may be null. Throws Error: unsupported.
  explicit Program(const Graph& graph, const ProgramOptions& options = {}, const Graph* originals = nullptr);

  struct Mode {
    bool training = false;
    bool batch_statistics = false;
  };
  // Inputs in the order of graph.inputs. Returns the values asked for. Throws Error naming the node that failed.
  std::vector<at::Tensor> forward(std::span<const at::Tensor> inputs, std::span<const ValueId> wanted, Mode mode);

  // Scales that learn start where the squared error of rounding is least on these inputs: each one times the best of 1,
  // 0.95, ... 0.3 (per channel for weights). Ranges by least and greatest value leave too coarse steps at 4 bits.
  void fit_scales(std::span<const at::Tensor> inputs);

  std::vector<Parameter>& parameters() { return parameters_; }
  // As forward() takes it: converted, and laid out as the options say.
  at::Tensor input(const Tensor& tensor) const;
  at::Tensor laid_out(at::Tensor tensor) const;

  // Puts parameters and normalization statistics back into the constants of `graph`: the graph this was made from or a
  // copy. Scales of int32 biases behind DequantizeLinear follow the scales of what they are added to.
  void write_back(Graph& graph) const;

 private:
  struct Step {
    NodeId node;
    size_t shadow = kNone;          // parameter that stands for the integers a DequantizeLinear reads
    DType shadow_type = DType::undefined;
    std::vector<size_t> last_uses;  // values that no later step needs
  };
  static constexpr size_t kNone = static_cast<size_t>(-1);

  void bind_constants();
  void collect_parameters(const Graph* originals);
  void add_shadow(Step& step, const Graph* originals);
  void add_scales();
  size_t add_parameter(ValueId value, ParameterKind kind, at::Tensor tensor);
  void fold_constants();
  void plan_lifetimes();

  LowerContext context_of(const Step& step, const std::vector<at::Tensor>& values, Mode mode) const;
  std::vector<at::Tensor> run_step(const Step& step, const std::vector<at::Tensor>& values, Mode mode);
  void fit_scale(const Step& step, const LowerContext& context, const at::Tensor& real);
  void note_scale(const Step& step, const LowerContext& context, const at::Tensor& quantized);
  Tensor integers_of(const Step& step, Graph& graph) const;

  const Graph& graph_;
  ProgramOptions options_;
  std::vector<Step> steps_;
  std::vector<at::Tensor> constants_;       // by value id: constants, parameters, what folds
  std::vector<Parameter> parameters_;
  std::map<ValueId, size_t> parameter_of_;  // of weights and scales, by constant
  std::vector<ValueId> statistics_;         // running means and variances
  std::optional<std::vector<bool>> fitted_;  // by parameter; only while fit_scales runs
};

// The values of `graph` that weights flow into before anything else does: constants at weight inputs (is_weight), and
// what reaches one through operators that only move or quantize elements. By value id.
std::vector<bool> weight_values(const Graph& graph);

// The float constant of `originals` that `rounded` (dequantized with steps `scale`, broadcast) most likely came from:
// same dims, nine elements in ten within one step, and the nearest of those; undefined when there is none.
at::Tensor find_original(const Graph& originals, const at::Tensor& rounded, const at::Tensor& scale);

}  // namespace pare
