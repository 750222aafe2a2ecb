#include "compress/fuse_scale_shift.h"

#include "compress/affine.h"
#include "compress/rewrite.h"

namespace pare {
namespace {

// The operand that the layer behind or before would take over from: whichever is not constant.
bool fuse_behind(Graph& graph, const Uses& uses, NodeId id) {
  const Node& node = graph.node(id);
  for (ValueId data : node.inputs) {
    NodeId layer = data == ValueId::none ? NodeId::none : graph.value(data).producer;
    if (layer == NodeId::none || !uses.single(data)) continue;
    std::optional<int> axis = channel_axis(graph, graph.node(layer));
    std::optional<Affine> affine = axis ? affine_of(graph, node, *axis) : std::nullopt;
    if (!affine || affine->data != data) continue;
    ValueId output = node.outputs[0];
    if (absorb_behind(graph, layer, *affine)) return forward(graph, output, data);
  }
  return false;
}

bool fuse_ahead(Graph& graph, const Uses& uses, NodeId id) {
  const Node& node = graph.node(id);
  ValueId output = node.outputs[0];
  if (!uses.single(output) || uses.of(output)[0].slot != 0) return false;
  NodeId conv = uses.of(output)[0].node;
  if (!as<Conv>(graph.node(conv).op)) return false;
  std::optional<Affine> affine = affine_of(graph, node, 1);
  return affine && absorb_ahead(graph, conv, *affine);
}

}  // namespace

int fuse_scale_shift(Graph& graph) {
  int fused = 0;
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    if (!graph.alive(id) || !as<Binary>(graph.node(id).op)) continue;
    Uses uses(graph);
    if (uses.is_captured(graph.node(id).outputs[0])) continue;
    if (fuse_behind(graph, uses, id) || fuse_ahead(graph, uses, id)) ++fused;
  }
  if (fused > 0) graph.remove_unused();
  return fused;
}

}  // namespace pare
