#include "compress/fuse_activations.h"

#include <cmath>
#include <numbers>

#include "compress/algebra.h"
#include "compress/rewrite.h"

namespace pare {
namespace {

struct Activation {
  ValueId data;
  Op op;
};
using Found = std::optional<Activation>;

// Clip((x + 3) * scale, 0, 6 * scale) is 6 * scale times the hard sigmoid of x: that factor.
std::optional<double> clipped_gate(const Graph& graph, ValueId id, ValueId x) {
  const Node* clip = producer_as<Clip>(graph, id);
  if (clip == nullptr || uniform_constant(graph, input_of(*clip, 1)) != 0.0) return std::nullopt;
  const std::optional<double> high = uniform_constant(graph, input_of(*clip, 2));
  const std::optional<Cubic> inner = polynomial(graph, clip->inputs[0], x);
  const bool hard = high && *high > 0 && inner && close(*inner, Cubic{*high / 2, *high / 6, 0, 0});
  return hard ? high : std::nullopt;
}

// How many times the hard sigmoid of x the value is.
std::optional<double> hard_gate(const Graph& graph, ValueId id, ValueId x) {
  if (const Node* node = producer_as<HardSigmoid>(graph, id)) {
    const HardSigmoid& op = *as<HardSigmoid>(node->op);
    const bool hard = node->inputs[0] == x && close(op.alpha, 1.0 / 6) && op.beta == 0.5f;
    return hard ? std::optional(1.0) : std::nullopt;
  }
  return clipped_gate(graph, id, x);
}

const Node* unary_of(const Graph& graph, ValueId id, Unary::Kind kind) {
  const Node* node = producer_as<Unary>(graph, id);
  return node && as<Unary>(node->op, kind) ? node : nullptr;
}

Found hard_sigmoid(const Graph& graph, const Factored& product, ValueId data, ValueId gate) {
  const std::optional<double> times = clipped_gate(graph, gate, data);
  if (!times || !close(product.coefficient * *times, 1)) return std::nullopt;
  return Activation{data, HardSigmoid{.alpha = 1.0f / 6, .beta = 0.5f}};
}

Found hard_swish(const Graph& graph, const Factored& product, ValueId data, ValueId gate) {
  const std::optional<double> times = hard_gate(graph, gate, data);
  if (!times || !close(product.coefficient * *times, 1)) return std::nullopt;
  return Activation{data, Unary{.kind = Unary::Kind::HardSwish}};
}

Found mish(const Graph& graph, const Factored& product, ValueId data, ValueId gate) {
  const Node* tanh = unary_of(graph, gate, Unary::Kind::Tanh);
  const Node* softplus = tanh ? unary_of(graph, tanh->inputs[0], Unary::Kind::Softplus) : nullptr;
  if (softplus == nullptr || softplus->inputs[0] != data || product.coefficient != 1) return std::nullopt;
  return Activation{data, Unary{.kind = Unary::Kind::Mish}};
}

Found gelu(const Graph& graph, const Factored& product, ValueId data, ValueId gate) {
  const std::optional<Shifted> sum = shifted(graph, gate);
  const bool halves = sum && close(sum->coefficient, sum->number) && close(product.coefficient * sum->number, 0.5);
  if (!halves) return std::nullopt;
  const Node* erf = unary_of(graph, sum->term, Unary::Kind::Erf);
  const Node* tanh = unary_of(graph, sum->term, Unary::Kind::Tanh);
  if (erf == nullptr && tanh == nullptr) return std::nullopt;
  const std::optional<Cubic> inner = polynomial(graph, (erf ? erf : tanh)->inputs[0], data);
  const double k = std::sqrt(2 * std::numbers::inv_pi);
  const Cubic expected = erf ? Cubic{0, std::sqrt(0.5), 0, 0} : Cubic{0, k, 0, 0.044715 * k};
  if (!inner || !close(*inner, expected)) return std::nullopt;
  return Activation{data, Gelu{.approximate = erf ? "none" : "tanh"}};
}

Found swish(const Graph& graph, const Factored& product, ValueId data, ValueId gate) {
  const Node* sigmoid = unary_of(graph, gate, Unary::Kind::Sigmoid);
  const std::optional<Cubic> inner = sigmoid ? polynomial(graph, sigmoid->inputs[0], data) : std::nullopt;
  if (!inner || product.coefficient != 1 || (*inner)[1] == 0 || !close(*inner, Cubic{0, (*inner)[1], 0, 0})) {
    return std::nullopt;
  }
  return Activation{data, Swish{.alpha = static_cast<float>((*inner)[1])}};
}

// The value as an activation of x: a gate of x alone, or x times a gate.
Found activation_of(const Graph& graph, ValueId id, ValueId x, int64_t opset) {
  const Factored product = factored(graph, id, x);
  if (product.factors.size() == 1) return hard_sigmoid(graph, product, x, product.factors[0]);
  const std::optional<Factored> rest = without(product, x);
  if (!rest || rest->factors.size() != 1) return std::nullopt;
  for (const auto find : {hard_swish, mish, gelu, swish}) {
    Found found = find(graph, *rest, x, rest->factors[0]);
    if (found && op_since(found->op) <= opset) return found;
  }
  return std::nullopt;
}

Found activation(const Graph& graph, ValueId id, int64_t opset) {
  for (ValueId x : ingredients(graph, id)) {
    if (Found found = activation_of(graph, id, x, opset)) return found;
  }
  return std::nullopt;
}

}  // namespace

int fuse_activations(Graph& graph, int64_t opset) {
  int fused = 0;
  for (NodeId id : graph.order()) {
    Node& node = graph.node(id);
    const bool outermost =
        as<Binary>(node.op, Binary::Kind::Mul) || as<Binary>(node.op, Binary::Kind::Div) || as<Clip>(node.op);
    if (!outermost) continue;
    const Found found = activation(graph, node.outputs[0], opset);
    if (!found || graph.value(found->data).type.dtype != DType::float32) continue;
    node.op = found->op;
    node.inputs = {found->data};
    ++fused;
  }
  if (fused > 0) graph.remove_unused();
  return fused;
}

}  // namespace pare
