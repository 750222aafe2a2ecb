#include "compress/fuse_activations.h"

#include <cmath>

#include "compress/rewrite.h"

namespace pare {
namespace {

// x and the number in x * number, x + number, x / number, x - number.
struct ByNumber {
  ValueId data;
  double number;
};
std::optional<ByNumber> by_number(const Graph& graph, ValueId id, Binary::Kind kind) {
  const Node* node = producer_as<Binary>(graph, id);
  if (node == nullptr || !as<Binary>(node->op, kind)) return std::nullopt;
  bool commutes = kind == Binary::Kind::Add || kind == Binary::Kind::Mul;
  for (size_t slot = 0; slot < 2; ++slot) {
    if (slot == 1 && !commutes) break;
    std::optional<double> number = uniform_constant(graph, node->inputs[1 - slot]);
    if (number && broadcasts_into(graph, node->inputs[1 - slot], node->inputs[slot], id)) {
      return ByNumber{node->inputs[slot], *number};
    }
  }
  return std::nullopt;
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); }

// What the value is a sixth of.
ValueId six_times(const Graph& graph, ValueId id) {
  if (auto quotient = by_number(graph, id, Binary::Kind::Div); quotient && quotient->number == 6) return quotient->data;
  if (auto product = by_number(graph, id, Binary::Kind::Mul); product && close(product->number, 1.0 / 6)) {
    return product->data;
  }
  return ValueId::none;
}

// x of Clip(x + 3, 0, 6).
ValueId shifted_relu6(const Graph& graph, ValueId id) {
  const Node* clip = producer_as<Clip>(graph, id);
  if (clip == nullptr || uniform_constant(graph, input_of(*clip, 1)) != 0.0) return ValueId::none;
  if (uniform_constant(graph, input_of(*clip, 2)) != 6.0) return ValueId::none;
  auto sum = by_number(graph, clip->inputs[0], Binary::Kind::Add);
  return sum && sum->number == 3 ? sum->data : ValueId::none;
}

ValueId hard_sigmoid_of(const Graph& graph, ValueId id) {
  if (const Node* node = producer_as<HardSigmoid>(graph, id)) {
    const HardSigmoid& op = *as<HardSigmoid>(node->op);
    return close(op.alpha, 1.0 / 6) && op.beta == 0.5f ? node->inputs[0] : ValueId::none;
  }
  ValueId sum = six_times(graph, id);
  return sum == ValueId::none ? ValueId::none : shifted_relu6(graph, sum);
}

// x of x * gate(x), with `gate` naming the x that a factor gates, either way round.
template <class Gate>
ValueId gated(const Graph& graph, ValueId id, Gate&& gate) {
  const Node* node = producer_as<Binary>(graph, id);
  if (node == nullptr || !as<Binary>(node->op, Binary::Kind::Mul)) return ValueId::none;
  for (size_t slot = 0; slot < 2; ++slot) {
    ValueId data = node->inputs[slot];
    if (gate(node->inputs[1 - slot]) == data) return data;
  }
  return ValueId::none;
}

ValueId hard_swish_of(const Graph& graph, ValueId id) {
  ValueId direct = gated(graph, id, [&](ValueId factor) { return hard_sigmoid_of(graph, factor); });
  if (direct != ValueId::none) return direct;
  ValueId product = six_times(graph, id);
  if (product == ValueId::none) return ValueId::none;
  return gated(graph, product, [&](ValueId factor) { return shifted_relu6(graph, factor); });
}

// x of 1 + Erf(x / sqrt 2).
ValueId erf_gate(const Graph& graph, ValueId id) {
  auto sum = by_number(graph, id, Binary::Kind::Add);
  if (!sum || sum->number != 1) return ValueId::none;
  const Node* erf = producer_as<Unary>(graph, sum->data);
  if (erf == nullptr || !as<Unary>(erf->op, Unary::Kind::Erf)) return ValueId::none;
  if (auto quotient = by_number(graph, erf->inputs[0], Binary::Kind::Div);
      quotient && close(quotient->number, std::sqrt(2.0))) {
    return quotient->data;
  }
  if (auto product = by_number(graph, erf->inputs[0], Binary::Kind::Mul);
      product && close(product->number, std::sqrt(0.5))) {
    return product->data;
  }
  return ValueId::none;
}

ValueId gelu_of(const Graph& graph, ValueId id) {
  auto half = [&](ValueId value) {
    auto product = by_number(graph, value, Binary::Kind::Mul);
    if (product && product->number == 0.5) return product->data;
    auto quotient = by_number(graph, value, Binary::Kind::Div);
    return quotient && quotient->number == 2 ? quotient->data : ValueId::none;
  };
  auto gate = [&](ValueId factor) { return erf_gate(graph, factor); };
  // (x * gate) / 2, (x / 2) * gate, x * (gate / 2)
  if (ValueId product = half(id); product != ValueId::none) {
    if (ValueId data = gated(graph, product, gate); data != ValueId::none) return data;
  }
  const Node* node = producer_as<Binary>(graph, id);
  if (node == nullptr || !as<Binary>(node->op, Binary::Kind::Mul)) return ValueId::none;
  for (size_t slot = 0; slot < 2; ++slot) {
    ValueId halved = half(node->inputs[slot]), other = node->inputs[1 - slot];
    if (halved == ValueId::none) continue;
    if (erf_gate(graph, other) == halved) return halved;
    if (erf_gate(graph, halved) == other) return other;
  }
  return ValueId::none;
}

bool become(Graph& graph, NodeId id, ValueId data, Op op) {
  if (data == ValueId::none || graph.value(data).type.dtype != DType::float32) return false;
  Node& node = graph.node(id);
  node.op = std::move(op);
  node.inputs = {data};
  return true;
}

}  // namespace

int fuse_activations(Graph& graph) {
  int fused = 0;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!as<Binary>(node.op)) continue;
    ValueId output = node.outputs[0];
    fused += become(graph, id, hard_swish_of(graph, output), Unary{.kind = Unary::Kind::HardSwish}) ||
             become(graph, id, hard_sigmoid_of(graph, output), HardSigmoid{.alpha = 1.0f / 6, .beta = 0.5f}) ||
             become(graph, id, gelu_of(graph, output), Gelu{});
  }
  if (fused > 0) graph.remove_unused();
  return fused;
}

}  // namespace pare
