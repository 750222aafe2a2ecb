#include "quantize/weight_quantizer.h"

#include "graph/error.h"
#include "graph/verify.h"

namespace pare {
namespace {

// Below this many elements a table's scale and zero point cost more than its bytes save.
constexpr int64_t kSmallestTable = 1024;

std::string granularity_of(const Grid& grid) {
  if (grid.block > 0) return "block " + std::to_string(grid.block);
  return grid.axis >= 0 ? "channel" : "tensor";
}

int bits_of(const Grid& grid) {
  int bits = 1;
  while ((int64_t{1} << bits) < grid.highest - grid.lowest) ++bits;
  return bits;
}

}  // namespace

WeightFormat WeightQuantizer::format(const PlacedConstant& placed, const Tensor& tensor) const {
  const LayerSettings& s = settings(placed.node);
  WeightFormat format;
  format.bits = s.weight_bits;
  format.axis = s.per_channel ? placed.axis : -1;
  format.zero_points = s.zero_points;
  format.reduce_range = s.reduce_range;
  // Blocks run along the one summed axis of a matrix; the filters of a convolution keep a scale per channel.
  if (s.block > 0 && placed.reduced >= 0 && tensor.rank() == (op_role(graph_.node(placed.node).op) == Role::recurs ? 3 : 2)) {
    format.block = s.block;
    format.block_axis = placed.reduced;
  }
  return format;
}

WeightQuantizer::Quantized WeightQuantizer::quantize(const PlacedConstant& placed, const std::function<void(Grid&)>& adjust) const {
  const ValueId id = graph_.node(placed.node).inputs[static_cast<size_t>(placed.slot)];
  const Tensor& tensor = *graph_.value(id).constant;
  try {
    const WeightFormat f = format(placed, tensor);
    Grid grid = options_.clip_weights ? least_error_grid(tensor, f) : whole_range_grid(tensor, f);
    if (adjust) adjust(grid);
    Tensor integers = round_to_grid(tensor, grid);
    return {std::move(grid), std::move(integers)};
  } catch (Error& error) {
    throw Error(error.code(), std::string(error.what()) + " (" + describe(graph_, placed.node) + ")");
  }
}

Grid WeightQuantizer::replace(const PlacedConstant& placed, int activation_bits, const std::function<void(Grid&)>& adjust) {
  const Quantized quantized = quantize(placed, adjust);
  ValueId& operand = graph_.node(placed.node).inputs[static_cast<size_t>(placed.slot)];
  const ValueId id = operand;
  const ValueId dq = writer.dequantized(graph_.value(id).name, quantized.integers, quantized.grid);
  book(placed, *graph_.value(id).constant, quantized, activation_bits);
  graph_.node(placed.node).inputs[static_cast<size_t>(placed.slot)] = dq;
  return quantized.grid;
}

void WeightQuantizer::replace_table(const PlacedConstant& placed) {
  const ValueId id = graph_.node(placed.node).inputs[static_cast<size_t>(placed.slot)];
  const Tensor tensor = *graph_.value(id).constant;
  if (placed.slot != 0 || tensor.size() < kSmallestTable || !settings(placed.node).quantize) return;
  const Grid grid = whole_range_grid(tensor, {});
  const Quantized quantized{grid, round_to_grid(tensor, grid)};
  book(placed, tensor, quantized, 0);
  writer.dequantize_behind(placed.node, 0, quantized.integers, grid);
}

void WeightQuantizer::book(const PlacedConstant& placed, const Tensor& original, const Quantized& quantized, int activation_bits) {
  const Node& node = graph_.node(placed.node);
  QuantizedLayer layer;
  layer.output = graph_.value(node.outputs[0] == ValueId::none ? node.outputs.back() : node.outputs[0]).name;
  layer.node = node.name.empty() ? layer.output : node.name;
  layer.type = op_type(node.op);
  layer.weight_bits = bits_of(quantized.grid);
  layer.activation_bits = activation_bits;
  layer.granularity = granularity_of(quantized.grid);
  const bool first = booked_.emplace(node.inputs[static_cast<size_t>(placed.slot)], layer.weight_bits).second;
  if (first) layer.bytes_before = static_cast<int64_t>(original.byte_size());
  if (first) layer.bytes_after = static_cast<int64_t>(quantized.integers.byte_size() + quantized.grid.scales.size() * sizeof(float));
  layer.weight_sqnr_db = grid_sqnr_db(original, quantized.integers, quantized.grid);
  report.layers.push_back(layer);
}

void finish(Graph& graph, const Placement& placement, QuantizeReport& report, const std::string& what) {
  for (size_t i = 0; i < placement.kept_float.size(); ++i) {
    report.kept_float.push_back(describe(graph, placement.kept_float[i]) + ": " + placement.reasons[i]);
  }
  if (report.layers.empty() && report.activations == 0) {
    const std::string first = report.kept_float.empty() ? "" : " (" + report.kept_float[0] + ")";
    throw Error(ErrorCode::unsupported, "quantize: no node of graph '" + graph.name + "' " + what + first + "; nothing was done");
  }
  graph.remove_unused();
  unwrap(graph.sort());
  unwrap(infer_types(graph));
  unwrap(verify(graph));
}

}  // namespace pare
