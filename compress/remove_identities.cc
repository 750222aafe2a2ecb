#include "compress/remove_identities.h"

#include <algorithm>
#include <limits>

#include "compress/rewrite.h"

namespace pare {
namespace {

// Whether the shape of output 0 is provably that of input 0.
bool keeps_shape(const Graph& graph, const Node& node) {
  return same_shape(shape_of(graph, node.inputs[0]), shape_of(graph, node.outputs[0]));
}

bool in_order(const std::vector<int64_t>& perm) { return !perm.empty() && std::ranges::is_sorted(perm); }

bool mask_unused(const Graph& graph, const Node& node) {
  if (node.outputs.size() < 2 || node.outputs[1] == ValueId::none) return true;
  Uses uses(graph);
  return uses.of(node.outputs[1]).empty() && !uses.is_output(node.outputs[1]);
}

// The operand that a binary operator passes on unchanged because the other one is neutral.
ValueId neutral_operand(const Graph& graph, const Node& node, Binary::Kind kind) {
  bool commutes = kind == Binary::Kind::Add || kind == Binary::Kind::Mul;
  double neutral = kind == Binary::Kind::Add || kind == Binary::Kind::Sub ? 0 : 1;
  for (size_t slot = 0; slot < (commutes ? 2u : 1u); ++slot) {
    ValueId data = node.inputs[slot], constant = node.inputs[1 - slot];
    if (uniform_constant(graph, constant) != neutral) continue;
    if (broadcasts_into(graph, constant, data, node.outputs[0])) return data;
  }
  return ValueId::none;
}

ValueId same_as(const Graph& graph, const Node& node, const Unary& op) {
  if (op.kind == Unary::Kind::Identity) return node.inputs[0];
  if (op.kind != Unary::Kind::Relu) return ValueId::none;
  const Node* source = producer_as<Unary>(graph, node.inputs[0]);
  return source && as<Unary>(source->op, Unary::Kind::Relu) ? node.inputs[0] : ValueId::none;
}

ValueId same_as(const Graph& graph, const Node& node, const Binary& op) {
  switch (op.kind) {
    case Binary::Kind::Add:
    case Binary::Kind::Sub:
    case Binary::Kind::Mul:
    case Binary::Kind::Div:
    case Binary::Kind::Pow:
      return neutral_operand(graph, node, op.kind);
    case Binary::Kind::And:
    case Binary::Kind::BitwiseAnd:
    case Binary::Kind::BitwiseOr:
    case Binary::Kind::BitwiseXor:
    case Binary::Kind::Equal:
    case Binary::Kind::Greater:
    case Binary::Kind::GreaterOrEqual:
    case Binary::Kind::Less:
    case Binary::Kind::LessOrEqual:
    case Binary::Kind::Or:
    case Binary::Kind::PRelu:
    case Binary::Kind::Xor:
      return ValueId::none;
  }
  return ValueId::none;
}

// A range that cuts nothing off: no bounds, or a lower bound of 0 behind a Relu and no upper one.
ValueId same_as(const Graph& graph, const Node& node, const Clip&) {
  auto bound = [&](size_t slot, double open) {
    return input_of(node, slot) == ValueId::none ? std::optional(open) : uniform_constant(graph, node.inputs[slot]);
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::optional<double> low = bound(1, -kInfinity), high = bound(2, kInfinity);
  constexpr double kLargest = std::numeric_limits<float>::max();
  if (!low || !high || *high < kLargest) return ValueId::none;
  const Node* source = producer_as<Unary>(graph, node.inputs[0]);
  bool positive = source != nullptr && as<Unary>(source->op, Unary::Kind::Relu);
  bool open = *low == -kInfinity && *high == kInfinity;
  return open || (positive && *low <= 0 && *high == kInfinity) ? node.inputs[0] : ValueId::none;
}

ValueId same_as(const Graph& graph, const Node& node, const Cast& op) {
  return graph.value(node.inputs[0]).type.dtype == op.to ? node.inputs[0] : ValueId::none;
}
ValueId same_as(const Graph& graph, const Node& node, const CastLike&) {
  const DType dtype = graph.value(node.inputs[0]).type.dtype;
  const bool same = dtype != DType::undefined && dtype == graph.value(node.inputs[1]).type.dtype;
  return same ? node.inputs[0] : ValueId::none;
}
ValueId same_as(const Graph& graph, const Node& node, const Where&) {
  const std::optional<double> condition = uniform_constant(graph, node.inputs[0]);
  if (!condition) return ValueId::none;
  const ValueId chosen = node.inputs[*condition != 0 ? 1 : 2];
  return same_shape(shape_of(graph, chosen), shape_of(graph, node.outputs[0])) ? chosen : ValueId::none;
}
ValueId same_as(const Graph& graph, const Node& node, const Dropout&) {
  return mask_unused(graph, node) && uniform_constant(graph, input_of(node, 2)).value_or(0) == 0 &&
                 (input_of(node, 2) == ValueId::none || constant_of(graph, node, 2))
             ? node.inputs[0]
             : ValueId::none;
}
ValueId same_as(const Graph&, const Node& node, const Variadic&) {
  return node.inputs.size() == 1 ? node.inputs[0] : ValueId::none;
}
ValueId same_as(const Graph&, const Node& node, const Concat&) {
  return node.inputs.size() == 1 ? node.inputs[0] : ValueId::none;
}
ValueId same_as(const Graph&, const Node& node, const Split&) {
  return node.outputs.size() == 1 ? node.inputs[0] : ValueId::none;
}
ValueId same_as(const Graph&, const Node& node, const Transpose& op) {
  return in_order(op.perm) ? node.inputs[0] : ValueId::none;
}
ValueId same_as(const Graph& graph, const Node& node, const Slice&) {
  if (!keeps_shape(graph, node)) return ValueId::none;
  // The whole extent in another direction is no identity.
  if (input_of(node, 4) != ValueId::none && uniform_constant(graph, node.inputs[4]) != 1.0) return ValueId::none;
  return node.inputs[0];
}
ValueId same_as(const Graph& graph, const Node& node, const Pad&) {
  return uniform_constant(graph, node.inputs[1]) == 0.0 ? node.inputs[0] : ValueId::none;
}

// Operators that keep all elements in their order: the same where the shape is.
template <class O>
ValueId same_if_shape(const Graph& graph, const Node& node, const O&) {
  return keeps_shape(graph, node) ? node.inputs[0] : ValueId::none;
}
ValueId same_as(const Graph& graph, const Node& node, const Reshape& op) { return same_if_shape(graph, node, op); }
ValueId same_as(const Graph& graph, const Node& node, const Flatten& op) { return same_if_shape(graph, node, op); }
ValueId same_as(const Graph& graph, const Node& node, const Squeeze& op) { return same_if_shape(graph, node, op); }
ValueId same_as(const Graph& graph, const Node& node, const Unsqueeze& op) { return same_if_shape(graph, node, op); }
ValueId same_as(const Graph& graph, const Node& node, const Expand& op) { return same_if_shape(graph, node, op); }
ValueId same_as(const Graph& graph, const Node& node, const Tile& op) { return same_if_shape(graph, node, op); }

// Every other operator computes.
template <class O>
ValueId same_as(const Graph&, const Node&, const O&) {
  return ValueId::none;
}

}  // namespace

int remove_identities(Graph& graph) {
  int removed = 0;
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    const Node& node = graph.node(id);
    if (node.outputs.empty() || node.outputs[0] == ValueId::none) continue;
    ValueId same = std::visit([&](const auto& op) { return same_as(graph, node, op); }, node.op.variant());
    if (same != ValueId::none && forward(graph, node.outputs[0], same)) ++removed;
  }
  if (removed > 0) graph.remove_unused();
  return removed;
}

}  // namespace pare
