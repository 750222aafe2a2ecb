#include "quantize/weight_quantizer.h"

namespace pare {

QuantizeReport quantize_weights(Graph& graph, const QuantizeOptions& options) {
  const std::vector<LayerSettings> settings = resolve_settings(graph, options.settings, options.overrides, options.only);
  PlaceOptions place;
  place.exclude = [&](const Node&, NodeId id) { return !settings[static_cast<size_t>(id)].quantize; };
  const Placement placement = place_quantizers(graph, place);
  WeightQuantizer weights(graph, options, settings);
  for (const PlacedConstant& passed : placement.passed) weights.replace_table(passed);
  for (const PlacedConstant& weight : placement.weights) weights.replace(weight, 0);
  finish(graph, placement, weights.report, "multiplies by a float32 constant");
  return std::move(weights.report);
}

}  // namespace pare
