#include "compress/fuse_gemm.h"

#include <cmath>

#include "compress/rewrite.h"

namespace pare {
namespace {

bool is_matrix(const Graph& graph, ValueId id) {
  const Shape* shape = shape_of(graph, id);
  return shape != nullptr && shape->size() == 2 && is_float(graph.value(id).type.dtype);
}

// The node as a Gemm of two matrices; its third input, where it has one, stays.
std::optional<Gemm> as_gemm(const Graph& graph, const Node& node) {
  if (const Gemm* gemm = as<Gemm>(node.op)) return *gemm;
  const bool matrices = as<MatMul>(node.op) && is_matrix(graph, node.inputs[0]) && is_matrix(graph, node.inputs[1]);
  return matrices ? std::optional(Gemm{}) : std::nullopt;
}

// x of Transpose(x) of a matrix that nothing else uses.
ValueId transposed(const Graph& graph, const Uses& uses, ValueId id) {
  const Node* node = producer_as<Transpose>(graph, id);
  if (node == nullptr || !uses.single(id) || !is_matrix(graph, id)) return ValueId::none;
  const std::vector<int64_t>& perm = as<Transpose>(node->op)->perm;
  return perm.empty() || perm[0] == 1 ? node->inputs[0] : ValueId::none;
}

bool take_transposes(Graph& graph, const Uses& uses, NodeId id) {
  Node& node = graph.node(id);
  std::optional<Gemm> gemm = as_gemm(graph, node);
  if (!gemm) return false;
  bool changed = false;
  for (size_t slot = 0; slot < 2; ++slot) {
    const ValueId data = transposed(graph, uses, node.inputs[slot]);
    if (data == ValueId::none) continue;
    int64_t& flag = slot == 0 ? gemm->transA : gemm->transB;
    flag = flag == 0;
    node.inputs[slot] = data;
    changed = true;
  }
  if (changed) node.op = *gemm;
  return changed;
}

bool take_sum(Graph& graph, const Uses& uses, NodeId id) {
  const Node node = graph.node(id);
  for (size_t slot = 0; slot < 2; ++slot) {
    const ValueId product = node.inputs[slot], term = node.inputs[1 - slot];
    const NodeId producer = graph.value(product).producer;
    if (producer == NodeId::none || !uses.single(product) || product == term) continue;
    const Node& layer = graph.node(producer);
    std::optional<Gemm> gemm = as_gemm(graph, layer);
    const Shape* shape = shape_of(graph, term);
    if (!gemm || input_of(layer, 2) != ValueId::none || shape == nullptr || shape->size() > 2) continue;
    if (!graph.value(term).constant) continue;
    if (!same_shape(shape_of(graph, product), shape_of(graph, node.outputs[0]))) continue;
    gemm->beta = 1;
    graph.node(id).op = *gemm;
    graph.node(id).inputs = {layer.inputs[0], layer.inputs[1], term};
    return true;
  }
  return false;
}

bool take_scale(Graph& graph, const Uses& uses, NodeId id) {
  const Node node = graph.node(id);
  const bool divides = as<Binary>(node.op, Binary::Kind::Div) != nullptr;
  for (size_t slot = 0; slot < (divides ? 1u : 2u); ++slot) {
    const ValueId product = node.inputs[slot];
    const NodeId producer = graph.value(product).producer;
    const std::optional<double> factor = uniform_constant(graph, node.inputs[1 - slot]);
    if (!factor || producer == NodeId::none || !uses.single(product)) continue;
    const Gemm* gemm = as<Gemm>(graph.node(producer).op);
    if (gemm == nullptr || !broadcasts_into(graph, node.inputs[1 - slot], product, node.outputs[0])) continue;
    Gemm scaled = *gemm;
    const double scale = divides ? 1 / *factor : *factor;
    scaled.alpha = static_cast<float>(scaled.alpha * scale);
    scaled.beta = static_cast<float>(scaled.beta * scale);
    if (!std::isfinite(scaled.alpha) || !std::isfinite(scaled.beta)) continue;
    graph.node(producer).op = scaled;
    return forward(graph, node.outputs[0], product);
  }
  return false;
}

}  // namespace

int fuse_gemm(Graph& graph) {
  int fused = 0;
  std::optional<Uses> uses(graph);
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    const Op& op = graph.node(id).op;
    bool changed = take_transposes(graph, *uses, id);
    if (!changed && as<Binary>(op, Binary::Kind::Add)) changed = take_sum(graph, *uses, id);
    if (!changed && (as<Binary>(op, Binary::Kind::Mul) || as<Binary>(op, Binary::Kind::Div))) {
      changed = take_scale(graph, *uses, id);
    }
    if (!changed) continue;
    ++fused;
    uses.emplace(graph);
  }
  if (fused > 0) graph.remove_unused();
  return fused;
}

}  // namespace pare
