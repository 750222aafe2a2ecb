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
  const NodeId layer = uses.of(output)[0].node;
  const Shape* shape = shape_of(graph, output);
  const bool product = as<Gemm>(graph.node(layer).op) || as<MatMul>(graph.node(layer).op);
  if ((!product && !as<Conv>(graph.node(layer).op)) || shape == nullptr || shape->empty()) return false;
  std::optional<Affine> affine = affine_of(graph, node, product ? static_cast<int>(shape->size()) - 1 : 1);
  const bool same = affine && same_shape(shape, shape_of(graph, affine->data));
  return same && absorb_ahead(graph, layer, *affine);
}

}  // namespace

int fuse_scale_shift(Graph& graph) {
  int fused = 0;
  std::optional<Uses> uses(graph);
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    if (!as<Binary>(graph.node(id).op)) continue;
    if (!fuse_behind(graph, *uses, id) && !fuse_ahead(graph, *uses, id)) continue;
    ++fused;
    uses.emplace(graph);
  }
  if (fused > 0) graph.remove_unused();
  return fused;
}

}  // namespace pare
