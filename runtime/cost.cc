#include "runtime/cost.h"

namespace pare {
namespace {

// Operands of one node, by their types.
struct Operands {
  const Graph& graph;
  const Node& node;

  const std::optional<Shape>& shape(ValueId id) const { return graph.value(id).type.shape; }
  const std::optional<Shape>& in(size_t i) const { return shape(node.inputs[i]); }
  const std::optional<Shape>& out() const { return shape(node.outputs[0]); }
};

int64_t extent(const Dim& dim) { return dim.known() ? dim.size : 1; }

int64_t count(const std::optional<Shape>& shape, size_t begin = 0) {
  int64_t total = 1;
  if (!shape) return 1;
  for (size_t i = begin; i < shape->size(); ++i)
    if (__builtin_mul_overflow(total, extent((*shape)[i]), &total)) return INT64_MAX;
  return total;
}

int64_t times(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

// Every output element (of a transposed convolution: every input element) meets one filter.
template <class O>
int64_t macs(const O&, const Operands&) {
  return 0;
}
int64_t macs(const Conv&, const Operands& node) { return times(count(node.out()), count(node.in(1), 1)); }
int64_t macs(const ConvInteger&, const Operands& node) { return times(count(node.out()), count(node.in(1), 1)); }
int64_t macs(const ConvTranspose&, const Operands& node) { return times(count(node.in(0)), count(node.in(1), 1)); }
int64_t macs(const Gemm& op, const Operands& node) {
  const auto& a = node.in(0);
  return times(count(node.out()), a && a->size() == 2 ? extent((*a)[op.transA ? 0 : 1]) : 1);
}
int64_t product_macs(const Operands& node) {
  const auto& a = node.in(0);
  return times(count(node.out()), a && !a->empty() ? extent(a->back()) : 1);
}
int64_t macs(const MatMul&, const Operands& node) { return product_macs(node); }
int64_t macs(const MatMulInteger&, const Operands& node) { return product_macs(node); }

}  // namespace

int64_t node_macs(const Graph& graph, NodeId id) {
  const Operands operands{graph, graph.node(id)};
  for (size_t i = 0; i < operands.node.inputs.size() && i < 2; ++i)
    if (operands.node.inputs[i] == ValueId::none) return 0;
  if (operands.node.outputs.empty() || operands.node.outputs[0] == ValueId::none) return 0;
  return std::visit([&](const auto& op) { return macs(op, operands); }, operands.node.op.variant());
}

int64_t graph_macs(const Graph& graph) {
  int64_t total = 0;
  for (const NodeId id : graph.order())
    if (__builtin_add_overflow(total, node_macs(graph, id), &total)) return INT64_MAX;
  return total;
}

}  // namespace pare
