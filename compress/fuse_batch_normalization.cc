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
  const Uses uses(graph);
  NodeId layer = graph.value(affine->data).producer;
  bool layer_before = layer != NodeId::none && channel_axis(graph, graph.node(layer)) == 1;
  if (layer_before && uses.single(affine->data) && absorb_behind(graph, layer, *affine)) {
    return forward(graph, output, affine->data);
  }
  if (!uses.single(output) || uses.of(output)[0].slot != 0) return false;
  // Axis 1 is the last one of what a product of matrices takes.
  const NodeId next = uses.of(output)[0].node;
  const Shape* shape = shape_of(graph, output);
  const bool reaches = as<Conv>(graph.node(next).op) || (shape != nullptr && shape->size() == 2);
  return reaches && absorb_ahead(graph, next, *affine);
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
