#include "quantize/float16.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "graph/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "quantize/calibrate.h"

namespace pare {
namespace {

// A Cast that reads a constant back costs about this many bytes in a file.
constexpr int64_t kCastElements = 64;

struct Limits {
  double largest, smallest;
};

// Largest finite and smallest normal number: IEEE 754 binary16; bfloat16 has the exponents of float32.
Limits limits_of(DType dtype) {
  return dtype == DType::float16 ? Limits{65504, 0x1p-14} : Limits{0x1.fep127, 0x1p-126};
}

class Float16Converter {
 public:
  Float16Converter(Graph& graph, const Float16Options& options)
      : graph_(graph),
        options_(options),
        limits_(limits_of(options.dtype)),
        keep_(graph.node_limit()),
        type_(graph.value_limit(), DType::undefined) {}

  Float16Report run() {
    const bool arithmetic = options_.arithmetic && options_.dtype == DType::float16;
    for (const ValueId id : graph_.values()) {
      if (is_float32_constant(id)) report_.bytes_before += static_cast<int64_t>(graph_.value(id).constant->byte_size());
    }
    if (arithmetic) {
      keep_index_arithmetic();
      if (options_.batches) measure();
      for (const NodeId id : graph_.order()) decide(id);
      const std::vector<NodeId> order = graph_.order();
      for (const NodeId id : order) rewrite(id);
      finish_outputs();
    } else {
      narrow_constants();
    }
    graph_.remove_unused();
    unwrap(graph_.sort());
    unwrap(infer_types(graph_));
    unwrap(verify(graph_));
    for (const ValueId id : graph_.values()) {
      const auto& constant = graph_.value(id).constant;
      if (!constant || (constant->dtype() != DType::float32 && constant->dtype() != options_.dtype)) continue;
      report_.bytes_after += static_cast<int64_t>(constant->byte_size());
      report_.constants += constant->dtype() == options_.dtype;
    }
    return std::move(report_);
  }

 private:
  static size_t at(ValueId id) { return static_cast<size_t>(id); }
  static size_t at(NodeId id) { return static_cast<size_t>(id); }
  bool is_float32(ValueId id) const { return id != ValueId::none && graph_.value(id).type.dtype == DType::float32; }
  bool is_float32_constant(ValueId id) const { return is_float32(id) && graph_.value(id).constant.has_value(); }

  void keep(NodeId id, const std::string& reason) {
    if (keep_[at(id)]) return;
    keep_[at(id)] = true;
    report_.kept_float.push_back(describe(graph_, id) + ": " + reason);
  }

  // Nodes between integers and integers: sizes, positions, indices, which 16 bits would round.
  void keep_index_arithmetic() {
    std::vector<bool> from_integers(graph_.value_limit()), to_integers(graph_.value_limit());
    for (const NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      const bool all = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
        return !is_float32(v) || (graph_.value(v).constant && graph_.value(v).constant->size() == 1) ||
               from_integers[at(v)];
      });
      for (const ValueId output : node.outputs) {
        if (all && !node.inputs.empty() && is_float32(output)) from_integers[at(output)] = true;
      }
    }
    for (auto it = graph_.order().rbegin(); it != graph_.order().rend(); ++it) {
      const Node& node = graph_.node(*it);
      const bool ends = std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId v) {
        return v != ValueId::none && (is_float32(v) ? to_integers[at(v)] : is_integer(graph_.value(v).type.dtype));
      });
      if (!ends) continue;
      bool index = false;
      for (const ValueId input : node.inputs) {
        if (!is_float32(input) || !from_integers[at(input)]) continue;
        to_integers[at(input)] = index = true;
      }
      for (const ValueId output : node.outputs) index = index || (is_float32(output) && from_integers[at(output)]);
      if (index) keep(*it, "it computes indices or sizes");
    }
  }

  void measure() {
    std::vector<ValueId> values;
    for (const ValueId id : graph_.values()) {
      if (is_float32(id) && !graph_.value(id).constant && graph_.value(id).type.container == Container::tensor)
        values.push_back(id);
    }
    measured_ = calibrate(graph_, values, *options_.batches, {.observe = options_.observe});
  }

  // Why the value cannot be 16 bits wide, if it cannot.
  std::optional<std::string> obstacle(ValueId id, const char* what) const {
    const std::string name = std::string(what) + " '" + graph_.value(id).name + "'";
    double magnitude = 0, room = 1;
    if (graph_.value(id).constant) {
      for (const float x : graph_.value(id).constant->data<float>()) {
        if (!is_flag(x)) magnitude = std::max(magnitude, std::abs(double{x}));
      }
    } else if (at(id) < measured_.entries.size() && measured_.entries[at(id)]) {
      const ValueStatistics& statistics = measured_.entries[at(id)]->statistics;
      const auto& extent = statistics.has_extremes() ? statistics.near : statistics.all;
      magnitude = std::max(-double{extent.low}, double{extent.high});
      room = 2;
    }
    char number[32];
    std::snprintf(number, sizeof number, "%.3g", magnitude);
    const std::string type = options_.dtype == DType::float16 ? "float16" : "bfloat16";
    char limit[32];
    if (magnitude * room > limits_.largest) {
      std::snprintf(limit, sizeof limit, "%.6g", limits_.largest);
      return name + " reaches " + number + ", " + (magnitude > limits_.largest ? "beyond" : "near") + " the " + limit +
             " of " + type;
    }
    if (magnitude > 0 && magnitude < limits_.smallest) {
      std::snprintf(limit, sizeof limit, "%.3g", limits_.smallest);
      return name + " stays within " + number + ", below the smallest normal number of " + type + ", " + limit;
    }
    return std::nullopt;
  }

  // In a constant: beyond the type, and 2^24 or more.
  bool is_flag(float x) const { return std::abs(x) > limits_.largest && std::abs(x) >= 0x1p24f; }

  DType type_of(ValueId id) const {
    return type_[at(id)] != DType::undefined ? type_[at(id)] : graph_.value(id).type.dtype;
  }

  // Whether the node's inference takes 16 bits in the inputs that `narrow` says; sets what its outputs are then.
  bool accepts(NodeId id, const std::vector<bool>& narrow, std::vector<DType>& outputs) const {
    const Node& node = graph_.node(id);
    InferContext context;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      Known known;
      known.present = node.inputs[i] != ValueId::none;
      if (known.present) known.type = graph_.value(node.inputs[i]).type;
      if (known.present && !is_float32(node.inputs[i]) && graph_.value(node.inputs[i]).constant)
        known.constant = &*graph_.value(node.inputs[i]).constant;
      if (narrow[i]) known.type.dtype = options_.dtype;
      context.inputs.push_back(std::move(known));
    }
    context.outputs.resize(node.outputs.size());
    if (!op_infer(node.op, context)) return false;
    outputs.clear();
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const DType dtype = context.outputs[i].type.dtype;
      if (node.outputs[i] != ValueId::none && is_float32(node.outputs[i]) && dtype != DType::float32 &&
          dtype != options_.dtype)
        return false;
      outputs.push_back(dtype);
    }
    return true;
  }

  void decide(NodeId id) {
    const Node& node = graph_.node(id);
    std::vector<bool> narrow, activations;
    bool quantized = false;
    for (const ValueId input : node.inputs) {
      narrow.push_back(is_float32(input));
      activations.push_back(is_float32(input) && !graph_.value(input).constant);
      quantized = quantized || (input != ValueId::none && is_narrow_integer(graph_.value(input).type.dtype));
    }
    for (const ValueId output : node.outputs)
      quantized = quantized || (output != ValueId::none && is_narrow_integer(graph_.value(output).type.dtype));
    if (std::find(narrow.begin(), narrow.end(), true) == narrow.end() || keep_[at(id)]) return;
    if (quantized) return keep(id, "it is quantized");
    if (!node.captures.empty() || as<Opaque>(node.op)) return keep(id, "it is not known to take 16 bits");
    for (const ValueId output : node.outputs) {
      if (output != ValueId::none && is_captured(output))
        return keep(id, "a graph inside an operator reads '" + graph_.value(output).name + "'");
    }
    std::vector<DType> outputs;
    if (!accepts(id, narrow, outputs)) {
      narrow = activations;
      if (std::find(narrow.begin(), narrow.end(), true) == narrow.end() || !accepts(id, narrow, outputs)) {
        return keep(id, "it has no form with 16-bit floats");
      }
    }
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!narrow[i]) continue;
      if (const auto reason = obstacle(node.inputs[i], "its operand")) return keep(id, *reason);
    }
    for (const ValueId output : node.outputs) {
      if (!is_float32(output)) continue;
      if (const auto reason = obstacle(output, "its result")) return keep(id, *reason);
    }
    narrow_[id] = narrow;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (is_float32(node.outputs[i])) type_[at(node.outputs[i])] = outputs[i];
    }
    report_.nodes += std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId v) { return is_float32(v); });
  }

  bool is_captured(ValueId id) {
    if (!uses_) uses_.emplace(graph_);
    return uses_->is_captured(id);
  }

  // The value in the other type, once; a constant is rounded itself.
  ValueId as_type(ValueId id, DType dtype, NodeId before) {
    const auto [known, fresh] = casts_.try_emplace({id, dtype}, ValueId::none);
    if (!fresh) return known->second;
    const std::string name = graph_.value(id).name + (dtype == DType::float32 ? "_float32" : "_16bit");
    if (graph_.value(id).constant) {
      known->second = graph_.add_constant(name, rounded(*graph_.value(id).constant));
    } else {
      known->second = graph_.add_value(name, {dtype, graph_.value(id).type.shape});
      graph_.add_node(Cast{.to = dtype}, {id}, {known->second}, {}, before);
    }
    return known->second;
  }

  Tensor rounded(const Tensor& tensor) {
    Tensor wide = tensor;
    for (const float x : tensor.data<float>()) {
      if (is_flag(x)) ++report_.clamped;
    }
    for (float& x : wide.mutable_data<float>()) {
      if (is_flag(x)) x = std::copysign(static_cast<float>(limits_.largest), x);
    }
    return unwrap(cast(wide, options_.dtype));
  }

  void rewrite(NodeId id) {
    const auto narrow = narrow_.find(id);
    for (size_t i = 0; i < graph_.node(id).inputs.size(); ++i) {
      const ValueId input = graph_.node(id).inputs[i];
      if (input == ValueId::none || !is_known_float(input)) continue;
      const DType wanted = narrow != narrow_.end() && narrow->second[i] ? options_.dtype : DType::float32;
      if (type_of(input) != wanted) {
        const ValueId converted = as_type(input, wanted, id);
        graph_.node(id).inputs[i] = converted;
      }
    }
    if (narrow == narrow_.end()) return;
    for (const ValueId output : graph_.node(id).outputs) {
      if (is_known_float(output)) graph_.value(output).type.dtype = type_of(output);
    }
  }
  bool is_known_float(ValueId id) const {
    if (id == ValueId::none) return false;
    const DType dtype = graph_.value(id).type.dtype;
    return dtype == DType::float32 || (at(id) < type_.size() && type_[at(id)] != DType::undefined);
  }

  void finish_outputs() {
    if (!options_.keep_io) return narrow_inputs();
    for (ValueId& output : graph_.outputs) {
      if (at(output) >= type_.size() || type_[at(output)] != options_.dtype) continue;
      const std::string name = graph_.value(output).name;
      const ValueId wide = as_type(output, DType::float32, NodeId::none);
      graph_.rename(output, name + "_16bit");
      graph_.rename(wide, name);
      output = wide;
    }
  }

  // Inputs become 16 bits wide: what read a Cast of them reads them, and the others a Cast back.
  void narrow_inputs() {
    for (const ValueId input : graph_.inputs) {
      const auto narrowed = casts_.find({input, options_.dtype});
      if (narrowed == casts_.end()) continue;
      const NodeId old_cast = graph_.value(narrowed->second).producer;
      graph_.replace_uses(narrowed->second, input);
      graph_.remove_node(old_cast);
      graph_.remove_value(narrowed->second);
      ValueId wide = ValueId::none;
      graph_.value(input).type.dtype = options_.dtype;
      const std::vector<NodeId> order = graph_.order();
      for (const NodeId id : order) {
        const auto narrow = narrow_.find(id);
        for (size_t i = 0; i < graph_.node(id).inputs.size(); ++i) {
          if (graph_.node(id).inputs[i] != input || (narrow != narrow_.end() && narrow->second[i])) continue;
          if (wide == ValueId::none) {
            wide = graph_.add_value(graph_.value(input).name + "_float32",
                                    {DType::float32, graph_.value(input).type.shape});
            graph_.add_node(Cast{.to = DType::float32}, {input}, {wide}, {}, id);
          }
          graph_.node(id).inputs[i] = wide;
        }
      }
    }
  }

  void narrow_constants() {
    const Uses uses(graph_);
    for (const ValueId id : graph_.values()) {
      if (!is_float32_constant(id) || graph_.value(id).constant->size() < kCastElements || uses.is_captured(id))
        continue;
      if (uses.of(id).empty()) continue;
      if (const auto reason = obstacle(id, "its operand")) {
        for (const Use& use : uses.of(id)) keep(use.node, *reason);
        continue;
      }
      const std::vector<ValueId> outputs = graph_.outputs;
      const ValueId wide = graph_.add_value(graph_.value(id).name + "_float32", graph_.value(id).type);
      graph_.replace_uses(id, wide);
      graph_.outputs = outputs;
      graph_.add_node(Cast{.to = DType::float32}, {id}, {wide}, {}, graph_.order().front());
      graph_.set_constant(id, rounded(*graph_.value(id).constant));
    }
  }

  static bool is_narrow_integer(DType dtype) { return is_integer(dtype) && bits(dtype) <= 8; }

  Graph& graph_;
  const Float16Options& options_;
  Limits limits_;
  std::vector<bool> keep_;                      // by node
  std::vector<DType> type_;                     // by value, of those that nodes in 16 bits give
  std::map<NodeId, std::vector<bool>> narrow_;  // nodes in 16 bits: which inputs are
  std::map<std::pair<ValueId, DType>, ValueId> casts_;
  std::optional<Uses> uses_;
  Calibration measured_;
  Float16Report report_;
};

}  // namespace

Float16Report convert_to_float16(Graph& graph, const Float16Options& options) {
  if (options.dtype != DType::float16 && options.dtype != DType::bfloat16) {
    throw Error(ErrorCode::usage, "quantize: a type of 16 bits was expected, float16 or bfloat16");
  }
  return Float16Converter(graph, options).run();
}

}  // namespace pare
