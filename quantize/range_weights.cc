#include "quantize/range_weights.h"

#include <algorithm>
#include <cmath>

namespace pare {
namespace {

int64_t extent(const Type& type, int axis) {
  return type.shape && axis < static_cast<int>(type.shape->size()) ? (*type.shape)[static_cast<size_t>(axis)].size : -1;
}

// Sum of the squares of the weight, by element of `axis`.
std::vector<double> squared_norms(const Tensor& weight, int axis) {
  std::vector<double> norms(static_cast<size_t>(weight.dims()[static_cast<size_t>(axis)]));
  int64_t inner = 1;
  for (int i = axis + 1; i < weight.rank(); ++i) inner *= weight.dims()[static_cast<size_t>(i)];
  const auto data = weight.data<float>();
  for (size_t i = 0; i < data.size(); ++i) {
    norms[i / static_cast<size_t>(inner) % norms.size()] += double{data[i]} * data[i];
  }
  return norms;
}

}  // namespace

std::optional<FactorAxis> factor_axis(const Graph& graph, NodeId id, int slot) {
  const Node& node = graph.node(id);
  if (op_role(node.op) != Role::computes || slot > 1 || node.inputs.size() < 2) return std::nullopt;
  const int other = 1 - slot;
  const ValueId weight = node.inputs[static_cast<size_t>(other)];
  if (weight == ValueId::none || !graph.value(weight).constant || graph.value(weight).type.dtype != DType::float32)
    return std::nullopt;
  LinkContext context = link_context(graph, id);
  op_links(node.op, context);
  for (const Link& link : context.links) {
    if (link.source.side != AxisRef::Side::input || link.target.side != AxisRef::Side::input) continue;
    if (link.source.slot == other && link.target.slot == slot)
      return FactorAxis{link.target.axis, weight, link.source.axis, link.map, true};
    if (link.source.slot == slot && link.target.slot == other)
      return FactorAxis{link.source.axis, weight, link.target.axis, link.map, false};
  }
  return std::nullopt;
}

std::optional<ChannelWeights> consumer_weights(const Graph& graph, const Uses& uses, ValueId value) {
  std::vector<double> sum;
  int axis = -1;
  for (const Use& use : uses.of(value)) {
    if (use.slot < 0) continue;
    const auto factor = factor_axis(graph, use.node, use.slot);
    if (!factor || (axis >= 0 && factor->axis != axis)) continue;
    const int64_t channels = extent(graph.value(value).type, factor->axis);
    if (channels <= 0) continue;
    const std::vector<double> norms = squared_norms(*graph.value(factor->weight).constant, factor->weight_axis);
    const auto size = static_cast<int64_t>(norms.size());
    std::vector<double> met(static_cast<size_t>(channels));
    double total = 0;
    for (int64_t c = 0; c < channels; ++c) {
      if (factor->from_weight) {
        const int64_t w = factor->map.source(c, size);
        if (w >= 0) met[static_cast<size_t>(c)] = norms[static_cast<size_t>(w)];
      }
    }
    for (int64_t w = 0; w < size && !factor->from_weight; ++w) {
      const int64_t c = factor->map.source(w, channels);
      if (c >= 0) met[static_cast<size_t>(c)] += norms[static_cast<size_t>(w)];
    }
    for (const double m : met) total += m;
    if (!(total > 0)) continue;
    axis = factor->axis;
    sum.resize(met.size());
    for (size_t c = 0; c < met.size(); ++c) sum[c] += met[c] / total * static_cast<double>(channels);
  }
  if (axis < 0) return std::nullopt;
  double mean = 0;
  for (const double s : sum) mean += s / static_cast<double>(sum.size());
  ChannelWeights result{axis, std::vector<uint32_t>(sum.size())};
  for (size_t c = 0; c < sum.size(); ++c) {
    result.weights[c] = static_cast<uint32_t>(std::clamp(std::nearbyint(256 * sum[c] / mean), 0.0, 16777216.0));
  }
  return result;
}

}  // namespace pare
