#include "compress/pad_into_conv.h"

#include "compress/padding.h"
#include "compress/rewrite.h"

namespace pare {

int pad_into_conv(Graph& graph) {
  int changed = 0;
  for (NodeId id : graph.order()) {
    Node& node = graph.node(id);
    Conv* conv = as<Conv>(node.op);
    const Node* pad = conv ? producer_as<Pad>(graph, node.inputs[0]) : nullptr;
    const std::optional<Border> border = pad ? spatial_border(graph, *pad) : std::nullopt;
    if (!border || border->value != 0 || !widen(conv->auto_pad, conv->pads, *border)) continue;
    node.inputs[0] = pad->inputs[0];
    ++changed;
  }
  if (changed > 0) graph.remove_unused();
  return changed;
}

}  // namespace pare
