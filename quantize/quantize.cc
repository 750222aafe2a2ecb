#include "quantize/quantize.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "graph/error.h"
#include "graph/verify.h"
#include "quantize/scale.h"

namespace pare {
namespace {

constexpr float kLargestBias = 1 << 30;  // leaves the accumulator as much again

class Quantizer {
 public:
  Quantizer(Graph& graph, const Placement& placement, const Calibration& calibration, const QuantizeOptions& options)
      : graph_(graph), placement_(placement), calibration_(calibration), options_(options) {
    find_ends();
  }

  QuantizeReport run() {
    share_ranges();
    for (const ValueId value : placement_.activations) quantize_activation(value);
    for (const PlacedConstant& weight : placement_.weights) quantize_weight(weight);
    for (const PlacedConstant& operand : placement_.operands) quantize_operand(operand);
    for (const PlacedConstant& bias : placement_.biases) quantize_bias(bias);
    for (size_t i = 0; i < placement_.kept_float.size(); ++i) {
      report_.kept_float.push_back(describe(graph_, placement_.kept_float[i]) + ": " + placement_.reasons[i]);
    }
    report_.activations = static_cast<int64_t>(placement_.activations.size());
    graph_.remove_unused();
    unwrap(graph_.sort());
    unwrap(infer_types(graph_));
    unwrap(verify(graph_));
    return std::move(report_);
  }

 private:
  struct Scales {
    std::vector<float> scale;
    int axis = -1;
  };

  void find_ends() {
    for (const PlacedConstant& weight : placement_.weights) {
      if (first_ == NodeId::none) first_ = weight.node;
      last_ = weight.node;
    }
  }
  bool at_end(NodeId id) const { return options_.ends_bits > 0 && (id == first_ || id == last_); }
  int weight_bits(NodeId id) const { return at_end(id) ? options_.ends_bits : options_.weight_bits; }

  // The members of a group share a range, and the bits of a first or last layer that reads one of them.
  void share_ranges() {
    const Uses uses(graph_);
    std::map<ValueId, std::vector<ValueId>> groups;
    for (const ValueId value : placement_.activations) {
      const ValueId group = placement_.group[static_cast<size_t>(value)];
      groups[group].push_back(value);
      for (const Use& use : uses.of(value)) {
        if (at_end(use.node)) group_bits_[group] = options_.ends_bits;
      }
    }
    for (const auto& [group, values] : groups) {
      shared_[group] = calibration_.range(values, {.levels = (1 << activation_bits(values[0])) - 1});
    }
  }
  int activation_bits(ValueId value) const {
    const auto it = group_bits_.find(placement_.group[static_cast<size_t>(value)]);
    return it == group_bits_.end() ? options_.activation_bits : it->second;
  }

  // Scales and zero points are often equal: one constant each.
  ValueId shared_constant(const std::string& name, const Tensor& tensor) {
    for (const auto& [id, known] : constants_) {
      if (known == tensor) return id;
    }
    const ValueId id = graph_.add_constant(name, tensor);
    constants_.emplace_back(id, tensor);
    return id;
  }

  Tensor zero_point(DType dtype, int64_t zero, const Dims& dims) {
    Tensor tensor(dtype, dims);
    for (int64_t i = 0; zero != 0 && i < tensor.size(); ++i) tensor.set_double(i, static_cast<double>(zero));
    return tensor;
  }

  void quantize_activation(ValueId value) {
    const std::string name = graph_.value(value).name;
    const int bits = activation_bits(value);
    const ScaleZero sz = asymmetric(shared_.at(placement_.group[static_cast<size_t>(value)]), bits);
    const ValueId scale = shared_constant(name + "_scale", Tensor::scalar(sz.scale));
    const ValueId zero = shared_constant(name + "_zero_point", zero_point(unsigned_type(bits), sz.zero, {}));
    const std::vector<ValueId> outputs = graph_.outputs;
    const Type type = graph_.value(value).type;
    const ValueId q = graph_.add_value(name + "_q", {unsigned_type(bits), type.shape});
    const ValueId dq = graph_.add_value(name + "_dq", type);
    graph_.replace_uses(value, dq);
    graph_.outputs = outputs;  // the model's outputs stay float
    graph_.add_node(QuantizeLinear{}, {value, scale, zero}, {q});
    graph_.add_node(DequantizeLinear{}, {q, scale, zero}, {dq});
    scales_[dq] = sz.scale;
    bits_[dq] = bits;
  }

  ValueId dequantized(std::string name, const Tensor& integers, const Scales& scales, DType zero_type, int64_t zero) {
    const bool per_axis = scales.axis >= 0;
    const Dims dims = per_axis ? Dims{static_cast<int64_t>(scales.scale.size())} : Dims{};
    const ValueId q = graph_.add_constant(name + "_q", integers);
    const ValueId s = shared_constant(name + "_scale", Tensor::of(dims, scales.scale));
    const ValueId z = shared_constant("zero_point", zero_point(zero_type, zero, dims));
    DequantizeLinear op;
    if (per_axis) op.axis = scales.axis;
    const ValueId dq = graph_.add_value(name + "_dq", {DType::float32, Type(integers.type()).shape});
    graph_.add_node(op, {q, s, z}, {dq});
    return dq;
  }

  // Large enough that the int32 bias of each channel fits.
  void make_room_for_bias(const Node& node, std::vector<float>& scales) const {
    if (node.inputs.size() < 3 || node.inputs[2] == ValueId::none) return;
    const auto input = scales_.find(node.inputs[0]);
    if (input == scales_.end()) return;
    const Tensor& bias = *graph_.value(node.inputs[2]).constant;
    const auto data = bias.data<float>();
    const bool matches = static_cast<size_t>(bias.size()) == scales.size();
    for (size_t i = 0; i < data.size(); ++i) {
      float& scale = scales[matches ? i : 0];
      scale = std::max(scale, std::abs(data[i]) / (input->second * kLargestBias));
    }
  }

  void quantize_weight(const PlacedConstant& weight) {
    const ValueId id = graph_.node(weight.node).inputs[static_cast<size_t>(weight.slot)];
    const Tensor tensor = *graph_.value(id).constant;
    const int bits = weight_bits(weight.node);
    Scales scales{{}, weight.axis};
    if (options_.calibrate.method == RangeMethod::mse) {
      scales.scale = least_error_scales(tensor, weight.axis, bits);
    } else {
      scales.scale = largest_magnitudes(tensor, weight.axis);
      for (float& scale : scales.scale) scale /= static_cast<float>((1 << (bits - 1)) - 1);
    }
    make_room_for_bias(graph_.node(weight.node), scales.scale);
    for (float& scale : scales.scale) scale = scale > 0 ? scale : 1.0f;
    const auto key = std::make_tuple(id, weight.axis, bits, scales.scale);
    auto found = weights_.find(key);
    if (found == weights_.end()) {
      const Tensor integers = quantize_tensor(tensor, scales.scale, {}, weight.axis, signed_type(bits));
      const ValueId dq = dequantized(graph_.value(id).name, integers, scales, signed_type(bits), 0);
      found = weights_.emplace(key, dq).first;
      report_layer(weight, tensor, integers, scales, bits);
    }
    graph_.node(weight.node).inputs[static_cast<size_t>(weight.slot)] = found->second;
    weight_scales_[weight.node] = scales;
  }

  void report_layer(const PlacedConstant& weight, const Tensor& tensor, const Tensor& integers, const Scales& scales, int bits) {
    const Node& node = graph_.node(weight.node);
    QuantizedLayer layer;
    layer.node = node.name.empty() ? graph_.value(node.outputs[0]).name : node.name;
    layer.type = op_type(node.op);
    layer.weight_bits = bits;
    layer.activation_bits = bits_.count(node.inputs[0]) ? bits_.at(node.inputs[0]) : 0;
    layer.per_channel = scales.axis >= 0;
    layer.bytes_before = static_cast<int64_t>(tensor.byte_size());
    layer.bytes_after = static_cast<int64_t>(integers.byte_size());
    const auto data = tensor.data<float>();
    int64_t inner = 1;
    for (int i = scales.axis + 1; scales.axis >= 0 && i < tensor.rank(); ++i) inner *= tensor.dims()[static_cast<size_t>(i)];
    double signal = 0, noise = 0;
    for (int64_t i = 0; i < tensor.size(); ++i) {
      const size_t group = scales.axis < 0 ? 0 : static_cast<size_t>(i / inner) % scales.scale.size();
      const double x = data[static_cast<size_t>(i)];
      const double error = x - static_cast<double>(integers.as_int(i)) * scales.scale[group];
      signal += x * x;
      noise += error * error;
    }
    layer.weight_sqnr_db = noise > 0 ? 10 * std::log10(signal / noise) : INFINITY;
    report_.layers.push_back(layer);
  }

  void quantize_operand(const PlacedConstant& operand) {
    const ValueId id = graph_.node(operand.node).inputs[static_cast<size_t>(operand.slot)];
    const Tensor tensor = *graph_.value(id).constant;
    if (tensor.size() == 0) return;
    const auto data = tensor.data<float>();
    const auto [low, high] = std::minmax_element(data.begin(), data.end());
    const ScaleZero sz = asymmetric({*low, *high, true}, options_.activation_bits);
    const DType type = unsigned_type(options_.activation_bits);
    const Tensor integers = quantize_tensor(tensor, {sz.scale}, {sz.zero}, -1, type);
    const ValueId dq = dequantized(graph_.value(id).name, integers, {{sz.scale}, -1}, type, sz.zero);
    graph_.node(operand.node).inputs[static_cast<size_t>(operand.slot)] = dq;
  }

  void quantize_bias(const PlacedConstant& placed) {
    const ValueId id = graph_.node(placed.node).inputs[2];
    const Tensor bias = *graph_.value(id).constant;
    const auto input = scales_.find(graph_.node(placed.node).inputs[0]);
    const auto weight = weight_scales_.find(placed.node);
    if (input == scales_.end() || weight == weight_scales_.end()) return;
    Scales product = weight->second;
    for (float& scale : product.scale) scale *= input->second;
    const bool per_channel = product.scale.size() > 1 || product.axis >= 0;
    if (per_channel && (bias.rank() == 0 || static_cast<size_t>(bias.dims().back()) != product.scale.size())) return;
    product.axis = per_channel ? bias.rank() - 1 : -1;
    const Tensor integers = quantize_tensor(bias, product.scale, {}, product.axis, DType::int32);
    const ValueId dq = dequantized(graph_.value(id).name, integers, product, DType::int32, 0);
    graph_.node(placed.node).inputs[2] = dq;
  }

  Graph& graph_;
  const Placement& placement_;
  const Calibration& calibration_;
  const QuantizeOptions& options_;
  QuantizeReport report_;
  NodeId first_ = NodeId::none, last_ = NodeId::none;
  std::map<ValueId, ValueRange> shared_;
  std::map<ValueId, int> group_bits_;
  std::vector<std::pair<ValueId, Tensor>> constants_;
  std::map<ValueId, float> scales_;  // by dequantized value
  std::map<ValueId, int> bits_;
  std::map<NodeId, Scales> weight_scales_;
  std::map<std::tuple<ValueId, int, int, std::vector<float>>, ValueId> weights_;
};

}  // namespace

QuantizeReport quantize_static(Graph& graph, const Batches& batches, const QuantizeOptions& options) {
  signed_type(options.weight_bits);
  signed_type(options.activation_bits);
  if (options.ends_bits != 0) signed_type(options.ends_bits);
  const Placement placement = place_quantizers(graph, {options.per_channel, options.exclude});
  if (placement.activations.empty()) {
    const std::string first = placement.kept_float.empty()
                                  ? ""
                                  : " (" + describe(graph, placement.kept_float[0]) + ": " + placement.reasons[0] + ")";
    throw Error(ErrorCode::unsupported, "quantize: no node of graph '" + graph.name + "' computes on float32 in a form "
                                        "that has an integer counterpart" + first + "; nothing was done");
  }
  const Calibration calibration = calibrate(graph, placement.activations, batches, options.calibrate);
  return Quantizer(graph, placement, calibration, options).run();
}

}  // namespace pare
