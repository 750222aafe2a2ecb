#include "compress/algebra.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "compress/rewrite.h"

namespace pare {
namespace {

constexpr int kMaxDepth = 12;
constexpr size_t kMaxFactors = 8;

// The number that input `slot` of a binary operator is, where it leaves the shape of the other operand.
std::optional<double> number_at(const Graph& graph, const Node& node, size_t slot) {
  const std::optional<double> number = uniform_constant(graph, node.inputs[slot]);
  if (!number || !broadcasts_into(graph, node.inputs[slot], node.inputs[1 - slot], node.outputs[0]))
    return std::nullopt;
  return number;
}

void collect(const Graph& graph, ValueId id, ValueId whole, int depth, Factored& product) {
  const NodeId producer = id == whole ? NodeId::none : graph.value(id).producer;
  const Node* node = producer == NodeId::none || depth > kMaxDepth ? nullptr : &graph.node(producer);
  if (node && as<Unary>(node->op, Unary::Kind::Neg)) {
    product.coefficient = -product.coefficient;
    return collect(graph, node->inputs[0], whole, depth + 1, product);
  }
  if (node && as<Binary>(node->op, Binary::Kind::Div)) {
    const std::optional<double> divisor = number_at(graph, *node, 1);
    if (divisor && *divisor != 0) {
      product.coefficient /= *divisor;
      return collect(graph, node->inputs[0], whole, depth + 1, product);
    }
  }
  if (node && as<Binary>(node->op, Binary::Kind::Mul) && product.factors.size() < kMaxFactors) {
    for (size_t slot = 0; slot < 2; ++slot) {
      if (const std::optional<double> number = number_at(graph, *node, slot)) {
        product.coefficient *= *number;
        return collect(graph, node->inputs[1 - slot], whole, depth + 1, product);
      }
    }
    collect(graph, node->inputs[0], whole, depth + 1, product);
    return collect(graph, node->inputs[1], whole, depth + 1, product);
  }
  product.factors.push_back(id);
}

std::optional<Cubic> multiplied(const Cubic& a, const Cubic& b) {
  Cubic result(4, 0);
  for (size_t i = 0; i < 4; ++i) {
    for (size_t k = 0; k < 4; ++k) {
      if (a[i] == 0 || b[k] == 0) continue;
      if (i + k > 3) return std::nullopt;
      result[i + k] += a[i] * b[k];
    }
  }
  return result;
}

std::optional<Cubic> polynomial_at(const Graph& graph, ValueId id, ValueId x, int depth);

std::optional<Cubic> of_binary(const Graph& graph, const Node& node, Binary::Kind kind, ValueId x, int depth) {
  const std::optional<Cubic> a = polynomial_at(graph, node.inputs[0], x, depth + 1);
  if (!a) return std::nullopt;
  const std::optional<double> number = number_at(graph, node, 1);
  if (kind == Binary::Kind::Pow) {
    if (!number || *number < 1 || *number > 3 || *number != std::floor(*number)) return std::nullopt;
    std::optional<Cubic> power = a;
    for (int i = 1; i < static_cast<int>(*number) && power; ++i) power = multiplied(*power, *a);
    return power;
  }
  if (kind == Binary::Kind::Div) {
    return number && *number != 0 ? multiplied(*a, {1 / *number, 0, 0, 0}) : std::nullopt;
  }
  const std::optional<Cubic> b = polynomial_at(graph, node.inputs[1], x, depth + 1);
  if (!b) return std::nullopt;
  if (kind == Binary::Kind::Mul) return multiplied(*a, *b);
  Cubic sum = *a;
  for (size_t i = 0; i < 4; ++i) sum[i] += kind == Binary::Kind::Add ? (*b)[i] : -(*b)[i];
  return sum;
}

std::optional<Cubic> polynomial_at(const Graph& graph, ValueId id, ValueId x, int depth) {
  if (id == x) return Cubic{0, 1, 0, 0};
  if (const std::optional<double> number = uniform_constant(graph, id)) {
    // Of one element: it cannot change the shape of what it meets, unless its rank is higher.
    const Shape* shape = shape_of(graph, x);
    const Tensor& constant = *graph.value(id).constant;
    const bool small = constant.size() == 1 && shape && constant.rank() <= static_cast<int>(shape->size());
    return small || (constant.size() == 1 && constant.rank() == 0) ? std::optional(Cubic{*number, 0, 0, 0})
                                                                   : std::nullopt;
  }
  const NodeId producer = graph.value(id).producer;
  if (producer == NodeId::none || depth > kMaxDepth) return std::nullopt;
  const Node& node = graph.node(producer);
  if (as<Unary>(node.op, Unary::Kind::Neg)) {
    const std::optional<Cubic> inner = polynomial_at(graph, node.inputs[0], x, depth + 1);
    return inner ? multiplied(*inner, {-1, 0, 0, 0}) : std::nullopt;
  }
  const Binary* binary = as<Binary>(node.op);
  if (binary == nullptr) return std::nullopt;
  using Kind = Binary::Kind;
  constexpr std::array kArithmetic{Kind::Add, Kind::Sub, Kind::Mul, Kind::Div, Kind::Pow};
  return std::ranges::count(kArithmetic, binary->kind) > 0 ? of_binary(graph, node, binary->kind, x, depth)
                                                           : std::nullopt;
}

}  // namespace

Factored factored(const Graph& graph, ValueId id, ValueId whole) {
  Factored product;
  collect(graph, id, whole, 0, product);
  return product;
}

std::optional<Factored> without(Factored product, ValueId factor) {
  const auto at = std::ranges::find(product.factors, factor);
  if (at == product.factors.end()) return std::nullopt;
  product.factors.erase(at);
  return product;
}

std::optional<Cubic> polynomial(const Graph& graph, ValueId id, ValueId x) { return polynomial_at(graph, id, x, 0); }

std::optional<Shifted> shifted(const Graph& graph, ValueId id) {
  const Node* node = producer_as<Binary>(graph, id);
  const bool adds = node && as<Binary>(node->op, Binary::Kind::Add);
  if (!adds && !(node && as<Binary>(node->op, Binary::Kind::Sub))) return std::nullopt;
  for (size_t slot = 0; slot < 2; ++slot) {
    const std::optional<double> number = number_at(graph, *node, slot);
    if (!number) continue;
    const Factored term = factored(graph, node->inputs[1 - slot]);
    if (term.factors.size() != 1) return std::nullopt;
    const double sign = adds || slot == 1 ? 1 : -1;  // of the term
    return Shifted{adds || slot == 0 ? *number : -*number, sign * term.coefficient, term.factors[0]};
  }
  return std::nullopt;
}

std::vector<ValueId> ingredients(const Graph& graph, ValueId id) {
  constexpr size_t kMost = 24;
  std::vector<ValueId> found{id};
  for (size_t i = 0; i < found.size() && found.size() < kMost; ++i) {
    const NodeId producer = graph.value(found[i]).producer;
    if (producer == NodeId::none) continue;
    const Node& node = graph.node(producer);
    if (!op_pointwise(node.op) && !as<Binary>(node.op)) continue;
    for (ValueId input : node.inputs) {
      const bool fresh =
          input != ValueId::none && !graph.value(input).constant && std::ranges::count(found, input) == 0;
      if (fresh) found.push_back(input);
    }
  }
  found.erase(found.begin());
  return found;
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); }

bool close(const Cubic& a, const Cubic& b) {
  return std::ranges::equal(a, b, [](double x, double y) { return y == 0 ? std::abs(x) < 1e-7 : close(x, y); });
}

}  // namespace pare
