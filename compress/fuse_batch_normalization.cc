#include "compress/fuse_batch_normalization.h"

#include "compress/affine.h"
#include "compress/rewrite.h"

namespace pare {
namespace {

bool fuse(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  std::optional<Affine> affine = affine_of(graph, node, 1);
  if (!affine) return false;
  ValueId output = node.outputs[0];
  Uses uses(graph);
  if (uses.is_captured(output)) return false;
  NodeId layer = graph.value(affine->data).producer;
  bool layer_before = layer != NodeId::none && channel_axis(graph, graph.node(layer)) == 1;
  if (layer_before && uses.single(affine->data) && absorb_behind(graph, layer, *affine)) {
    return forward(graph, output, affine->data);
  }
  return uses.single(output) && uses.of(output)[0].slot == 0 && absorb_ahead(graph, uses.of(output)[0].node, *affine);
}

}  // namespace

int fuse_batch_normalization(Graph& graph) {
  int fused = 0;
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    if (as<BatchNormalization>(graph.node(id).op) && fuse(graph, id)) ++fused;
  }
  if (fused > 0) graph.remove_unused();
  return fused;
}

}  // namespace pare
