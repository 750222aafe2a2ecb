#include <algorithm>
#include <cmath>
#include <map>

#include "graph/error.h"
#include "quantize/scale.h"
#include "quantize/weight_quantizer.h"

namespace pare {
namespace {

constexpr float kLargestBias = 1 << 30;  // leaves the accumulator as much again

class StaticQuantizer {
 public:
  StaticQuantizer(Graph& graph, const Placement& placement, const std::vector<LayerSettings>& settings,
                  const Calibration& calibration, const QuantizeOptions& options)
      : graph_(graph), placement_(placement), settings_(settings), calibration_(calibration), options_(options),
        weights_(graph, options, settings) {}

  QuantizeReport run() {
    choose_types();
    share_ranges();
    for (const PlacedConstant& passed : placement_.passed) quantize_passed(passed);
    for (const ValueId value : placement_.activations) quantize_activation(value);
    for (const PlacedConstant& weight : placement_.weights) quantize_weight(weight);
    for (const PlacedConstant& bias : placement_.biases) quantize_bias(bias);
    weights_.report.activations = static_cast<int64_t>(placement_.activations.size());
    finish(graph_, placement_, weights_.report, "computes on float32 in a form that has an integer counterpart");
    return std::move(weights_.report);
  }

 private:
  ValueId group(ValueId value) const { return placement_.group[static_cast<size_t>(value)]; }

  // Of all that read a member of the group, the widest type; that of the defaults where nothing that multiplies does.
  void choose_types() {
    const Uses uses(graph_);
    for (const ValueId value : placement_.activations) {
      for (const Use& use : uses.of(value)) {
        const Role role = op_role(graph_.node(use.node).op);
        if (use.slot < 0 || (role != Role::computes && role != Role::recurs) || !placement_.integer[static_cast<size_t>(use.node)]) continue;
        const LayerSettings& s = settings_[static_cast<size_t>(use.node)];
        const auto [it, fresh] = types_.emplace(group(value), Kind{s.activation, s.symmetric});
        if (!fresh && bits(s.activation) > bits(it->second.dtype)) it->second = {s.activation, s.symmetric};
      }
    }
  }
  struct Kind {
    DType dtype;
    bool symmetric;
  };
  Kind kind_of(ValueId value) const {
    const auto it = types_.find(group(value));
    return it == types_.end() ? Kind{options_.settings.activation, options_.settings.symmetric} : it->second;
  }

  // The members of a group share a range, which holds the constants that are moved together with them.
  void share_ranges() {
    std::map<ValueId, std::vector<ValueId>> groups;
    for (const ValueId value : placement_.activations) groups[group(value)].push_back(value);
    for (const auto& [id, values] : groups) {
      const Kind kind = kind_of(values[0]);
      const auto [lowest, highest] = limits(kind.dtype);
      shared_[id] = calibration_.range(values, {.levels = highest - lowest, .symmetric = kind.symmetric});
    }
    for (const PlacedConstant& passed : placement_.passed) {
      const Node& node = graph_.node(passed.node);
      const auto shared = shared_.find(group(node.outputs[0]));
      if (shared == shared_.end()) continue;
      const auto data = graph_.value(node.inputs[static_cast<size_t>(passed.slot)]).constant->data<float>();
      const auto [low, high] = std::minmax_element(data.begin(), data.end());
      shared->second = {std::min(shared->second.low, *low), std::max(shared->second.high, *high), true};
    }
  }

  ActivationQuant quant_of(ValueId value) const {
    const Kind kind = kind_of(value);
    return activation_quant(shared_.at(group(value)), kind.dtype, kind.symmetric);
  }

  void quantize_activation(ValueId value) {
    const ActivationQuant quant = quant_of(value);
    // What float arithmetic gives, float arithmetic may read as it is.
    const NodeId producer = graph_.value(value).producer;
    const bool all = producer != NodeId::none && placement_.integer[static_cast<size_t>(producer)];
    const ValueId dq = weights_.writer.quantize(value, quant, [&](const Node&, NodeId id) {
      return all || (static_cast<size_t>(id) < placement_.integer.size() && placement_.integer[static_cast<size_t>(id)]);
    });
    quants_[dq] = quant;
  }

  // In the scale of the activations that it is moved together with, or by itself.
  void quantize_passed(const PlacedConstant& passed) {
    const ValueId output = graph_.node(passed.node).outputs[0];
    if (group(output) == ValueId::none) {
      weights_.replace_table(passed);
      return;
    }
    ValueId& operand = graph_.node(passed.node).inputs[static_cast<size_t>(passed.slot)];
    const ActivationQuant quant = quant_of(output);
    Grid grid;
    grid.dtype = quant.dtype;
    std::tie(grid.lowest, grid.highest) = limits(quant.dtype);
    grid.scales = {quant.scale};
    grid.zeros = {quant.zero};
    const Tensor tensor = *graph_.value(operand).constant;
    WeightQuantizer::Quantized quantized{grid, round_to_grid(tensor, grid)};
    weights_.book(passed, tensor, quantized, bits(quant.dtype));
    operand = weights_.writer.dequantized(graph_.value(operand).name, quantized.integers, grid);
  }

  void quantize_weight(const PlacedConstant& weight) {
    const auto input = quants_.find(graph_.node(weight.node).inputs[0]);
    const int activation_bits = input == quants_.end() ? 0 : bits(input->second.dtype);
    const Grid grid = weights_.replace(weight, activation_bits, [&](Grid& g) { make_room_for_bias(graph_.node(weight.node), g); });
    if (weight.slot == 1) weight_grids_[weight.node] = grid;
  }

  // Scales large enough that the int32 bias of each channel fits.
  void make_room_for_bias(const Node& node, Grid& grid) const {
    if (op_role(node.op) != Role::computes || node.inputs.size() < 3 || node.inputs[2] == ValueId::none || grid.block > 0) return;
    const auto input = quants_.find(node.inputs[0]);
    if (input == quants_.end()) return;
    const Tensor& bias = *graph_.value(node.inputs[2]).constant;
    const auto data = bias.data<float>();
    const bool matches = static_cast<size_t>(bias.size()) == grid.scales.size();
    for (size_t i = 0; i < data.size(); ++i) {
      float& scale = grid.scales[matches ? i : 0];
      scale = std::max(scale, std::abs(data[i]) / (input->second.scale * kLargestBias));
    }
  }

  void quantize_bias(const PlacedConstant& placed) {
    const ValueId id = graph_.node(placed.node).inputs[2];
    const Tensor bias = *graph_.value(id).constant;
    const auto input = quants_.find(graph_.node(placed.node).inputs[0]);
    const auto weight = weight_grids_.find(placed.node);
    if (input == quants_.end() || weight == weight_grids_.end() || weight->second.block > 0) return;
    Grid product;
    product.dtype = DType::int32;
    std::tie(product.lowest, product.highest) = limits(DType::int32);
    product.scales = weight->second.scales;
    for (float& scale : product.scales) scale *= input->second.scale;
    if (weight->second.axis >= 0) {
      if (bias.rank() == 0 || static_cast<size_t>(bias.dims().back()) != product.scales.size()) return;
      product.axis = bias.rank() - 1;
      product.dims = {bias.dims().back()};
    }
    graph_.node(placed.node).inputs[2] = weights_.writer.dequantized(graph_.value(id).name, round_to_grid(bias, product), product);
  }

  Graph& graph_;
  const Placement& placement_;
  const std::vector<LayerSettings>& settings_;
  const Calibration& calibration_;
  const QuantizeOptions& options_;
  WeightQuantizer weights_;
  std::map<ValueId, ValueRange> shared_;      // by group
  std::map<ValueId, Kind> types_;             // by group
  std::map<ValueId, ActivationQuant> quants_;  // by dequantized value
  std::map<NodeId, Grid> weight_grids_;
};

// The bits of the first and of the last layer, with the values that they read.
void set_ends(const Placement& placement, int ends_bits, std::vector<LayerSettings>& settings) {
  if (ends_bits == 0 || placement.weights.empty()) return;
  for (const PlacedConstant& end : {placement.weights.front(), placement.weights.back()}) {
    LayerSettings& s = settings[static_cast<size_t>(end.node)];
    s.weight_bits = ends_bits;
    s.activation = ends_bits == 4 ? DType::uint4 : DType::uint8;
  }
}

Placement place(const Graph& graph, const std::vector<LayerSettings>& settings) {
  PlaceOptions place;
  place.exclude = [&](const Node&, NodeId id) { return !settings[static_cast<size_t>(id)].quantize; };
  return place_quantizers(graph, place);
}

}  // namespace

std::vector<ValueId> calibrated_values(const Graph& graph, const QuantizeOptions& options) {
  return place(graph, resolve_settings(graph, options.settings, options.overrides, options.only)).activations;
}

QuantizeReport quantize_static(Graph& graph, const Batches& batches, const QuantizeOptions& options) {
  std::vector<LayerSettings> settings = resolve_settings(graph, options.settings, options.overrides, options.only);
  const Placement placement = place(graph, settings);
  set_ends(placement, options.ends_bits, settings);
  Calibration measured;
  if (!options.calibration && !placement.activations.empty()) measured = calibrate(graph, placement.activations, batches, options.calibrate);
  return StaticQuantizer(graph, placement, settings, options.calibration ? *options.calibration : measured, options).run();
}

}  // namespace pare
