#include "compress/weight_axes.h"

#include <algorithm>

namespace pare {
namespace {

constexpr int kWeightSlot = 1;

void read_links(const LinkContext& context, WeightUse& use) {
  bool output_is_input = false;
  for (const Link& link : context.links) {
    for (auto [weight, other] : {std::pair(link.source, link.target), std::pair(link.target, link.source)}) {
      if (weight.side != AxisRef::Side::input || weight.slot != kWeightSlot) continue;
      if (other.side == AxisRef::Side::output && other.slot == 0) use.output_axis = weight.axis;
      if (other.side == AxisRef::Side::input && other.slot == 0) use.input_axis = weight.axis;
    }
  }
  output_is_input = use.output_axis >= 0 && use.output_axis == use.input_axis;
  if (output_is_input) use.input_axis = -1;
}

}  // namespace

std::vector<WeightUse> weight_uses(const Graph& graph) {
  std::vector<WeightUse> uses;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (op_role(node.op) != Role::computes || node.inputs.size() <= kWeightSlot) continue;
    ValueId weight = node.inputs[kWeightSlot];
    if (weight == ValueId::none || !graph.value(weight).constant) continue;
    WeightUse use{id, weight};
    LinkContext context = link_context(graph, id);
    op_links(node.op, context);
    read_links(context, use);
    uses.push_back(use);
  }
  return uses;
}

}  // namespace pare
