// What matchers share: activations, per-axis constants, the operands and uses of quantized values.
#include <algorithm>
#include <cmath>

#include "runtime/plan/builder.h"

namespace pare {

std::optional<float> scalar_input(const Builder& builder, const Node& node, size_t slot) {
  if (slot >= node.inputs.size() || node.inputs[slot] == ValueId::none) return std::nullopt;
  const Tensor* tensor = builder.constant(node.inputs[slot]);
  if (tensor == nullptr || tensor->size() != 1 || tensor->dtype() != DType::float32) return std::nullopt;
  return tensor->data<float>()[0];
}

namespace {

// The other operand of a two-operand node of that kind, if it is a scalar constant.
std::optional<float> scalar_operand(const Builder& builder, NodeId id, Binary::Kind kind, ValueId value) {
  const Node& node = builder.node(id);
  if (!as<Binary>(node.op, kind)) return std::nullopt;
  if (node.inputs[0] == value) return scalar_input(builder, node, 1);
  const bool commutes = kind == Binary::Kind::Add || kind == Binary::Kind::Mul;
  return commutes && node.inputs[1] == value ? scalar_input(builder, node, 0) : std::nullopt;
}

bool near(std::optional<float> value, float expected) {
  return value && std::fabs(*value - expected) <= 1e-6f * std::fabs(expected);
}

// value -> Mul(value, other)
bool multiplies(const Builder& builder, NodeId id, ValueId a, ValueId b) {
  const Node& node = builder.node(id);
  if (!as<Binary>(node.op, Binary::Kind::Mul)) return false;
  return (node.inputs[0] == a && node.inputs[1] == b) || (node.inputs[0] == b && node.inputs[1] == a);
}

// Division by 6, as Div or as Mul.
bool divides_by_six(const Builder& builder, NodeId id, ValueId value) {
  return near(scalar_operand(builder, id, Binary::Kind::Div, value), 6.0f) ||
         near(scalar_operand(builder, id, Binary::Kind::Mul, value), 1.0f / 6.0f);
}

// x * HardSigmoid(x), x * Clip(x + 3, 0, 6) / 6 in both associations: what exporters write for HardSwish.
std::optional<ActivationMatch> match_hard_swish(const Builder& builder, ValueId value) {
  const auto users = builder.users(value);
  if (users.size() != 2) return std::nullopt;
  for (size_t k = 0; k < 2; ++k) {
    const NodeId first = users[k], product = users[1 - k];
    const Node& gate = builder.node(first);
    ValueId at = gate.outputs[0];
    std::vector<NodeId> nodes{first};
    bool sixth = false;
    if (const auto* hard = as<HardSigmoid>(gate.op)) {
      if (!near(hard->alpha, 1.0f / 6.0f) || hard->beta != 0.5f) continue;
      sixth = true;
    } else {
      if (!near(scalar_operand(builder, first, Binary::Kind::Add, value), 3.0f)) continue;
      const NodeId clip = builder.sole_user(at);
      if (clip == NodeId::none || !as<Clip>(builder.node(clip).op)) continue;
      const Node& bounds = builder.node(clip);
      if (scalar_input(builder, bounds, 1) != 0.0f || scalar_input(builder, bounds, 2) != 6.0f) continue;
      nodes.push_back(clip);
      at = bounds.outputs[0];
      const NodeId next = builder.sole_user(at);
      if (next != NodeId::none && divides_by_six(builder, next, at)) {
        nodes.push_back(next);
        at = builder.node(next).outputs[0];
        sixth = true;
      }
    }
    if (builder.sole_user(at) != product || !multiplies(builder, product, value, at)) continue;
    nodes.push_back(product);
    ValueId out = builder.node(product).outputs[0];
    if (!sixth) {
      const NodeId last = builder.sole_user(out);
      if (last == NodeId::none || !divides_by_six(builder, last, out)) continue;
      nodes.push_back(last);
      out = builder.node(last).outputs[0];
    }
    return ActivationMatch{{ActivationKind::hard_swish}, out, nodes};
  }
  return std::nullopt;
}

// x * Sigmoid(x)
std::optional<ActivationMatch> match_silu(const Builder& builder, ValueId value) {
  const auto users = builder.users(value);
  if (users.size() != 2) return std::nullopt;
  for (size_t k = 0; k < 2; ++k) {
    if (!as<Unary>(builder.node(users[k]).op, Unary::Kind::Sigmoid)) continue;
    const ValueId gate = builder.node(users[k]).outputs[0];
    if (builder.sole_user(gate) != users[1 - k] || !multiplies(builder, users[1 - k], value, gate)) continue;
    return ActivationMatch{
        {ActivationKind::silu, 1, 0}, builder.node(users[1 - k]).outputs[0], {users[k], users[1 - k]}};
  }
  return std::nullopt;
}

// x * (1 + Erf(x / sqrt(2))) / 2, the factors in any order.
std::optional<ActivationMatch> match_gelu(const Builder& builder, ValueId value) {
  const auto users = builder.users(value);
  constexpr float kRoot = 1.41421356f;
  for (const NodeId first : users) {
    if (!near(scalar_operand(builder, first, Binary::Kind::Div, value), kRoot) &&
        !near(scalar_operand(builder, first, Binary::Kind::Mul, value), 1 / kRoot))
      continue;
    ActivationMatch match{{ActivationKind::gelu}, builder.node(first).outputs[0], {first}};
    const auto step = [&](const auto& fits) {
      const NodeId next = builder.sole_user(match.out);
      if (next == NodeId::none || !fits(next)) return false;
      match.nodes.push_back(next);
      match.out = builder.node(next).outputs[0];
      return true;
    };
    const auto is_half = [&](NodeId id, ValueId of) {
      return near(scalar_operand(builder, id, Binary::Kind::Mul, of), 0.5f) ||
             near(scalar_operand(builder, id, Binary::Kind::Div, of), 2.0f);
    };
    if (!step([&](NodeId id) { return as<Unary>(builder.node(id).op, Unary::Kind::Erf) != nullptr; })) continue;
    if (!step([&](NodeId id) { return near(scalar_operand(builder, id, Binary::Kind::Add, match.out), 1.0f); }))
      continue;
    bool halved = step([&](NodeId id) { return is_half(id, match.out); });
    ValueId other = value;
    if (!halved) {
      // x / 2 may be the other factor.
      for (const NodeId user : users)
        if (user != first && is_half(user, value)) {
          other = builder.node(user).outputs[0];
          match.nodes.push_back(user);
          halved = true;
        }
    }
    if (!step([&](NodeId id) { return multiplies(builder, id, match.out, other); })) continue;
    if (!halved && !step([&](NodeId id) { return is_half(id, match.out); })) continue;
    if (other != value && builder.all_users(other).size() != 1) continue;
    bool all = true;  // nobody else uses the operand
    for (const NodeId user : users) all = all && std::count(match.nodes.begin(), match.nodes.end(), user) > 0;
    if (all) return match;
  }
  return std::nullopt;
}

std::optional<ActivationMatch> match_composed(const Builder& builder, ValueId value) {
  if (auto match = match_hard_swish(builder, value)) return match;
  if (auto match = match_silu(builder, value)) return match;
  return match_gelu(builder, value);
}

}  // namespace

std::optional<Activation> activation_of(const Builder& builder, const Node& node) {
  if (const auto* unary = as<Unary>(node.op)) {
    if (unary->kind == Unary::Kind::Relu) return Activation{ActivationKind::relu};
    if (unary->kind == Unary::Kind::HardSwish) return Activation{ActivationKind::hard_swish};
    if (unary->kind == Unary::Kind::Sigmoid) return Activation{ActivationKind::sigmoid};
    if (unary->kind == Unary::Kind::Tanh) return Activation{ActivationKind::tanh};
    return std::nullopt;
  }
  if (const auto* gelu = as<Gelu>(node.op))
    return Activation{gelu->approximate == "tanh" ? ActivationKind::gelu_tanh : ActivationKind::gelu};
  if (const auto* leaky = as<LeakyRelu>(node.op)) return Activation{ActivationKind::leaky_relu, leaky->alpha, 0};
  if (const auto* hard = as<HardSigmoid>(node.op))
    return Activation{ActivationKind::hard_sigmoid, hard->alpha, hard->beta};
  if (!as<Clip>(node.op)) return std::nullopt;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto has = [&](size_t i) { return i < node.inputs.size() && node.inputs[i] != ValueId::none; };
  const auto low = scalar_input(builder, node, 1), high = scalar_input(builder, node, 2);
  if ((has(1) && !low) || (has(2) && !high)) return std::nullopt;
  return Activation{ActivationKind::clip, low.value_or(-kInfinity), high.value_or(kInfinity)};
}

std::optional<ActivationMatch> match_activation(const Builder& builder, ValueId value) {
  if (builder.dtype(value) != DType::float32) return std::nullopt;
  const NodeId user = builder.sole_user(value);
  if (user == NodeId::none) return match_composed(builder, value);
  const Node& node = builder.node(user);
  if (node.inputs[0] != value) return std::nullopt;
  const auto activation = activation_of(builder, node);
  if (!activation) return std::nullopt;
  return ActivationMatch{*activation, node.outputs[0], {user}};
}

std::optional<std::vector<float>> per_axis(const Tensor& tensor, const Dims& out, size_t axis) {
  if (tensor.dtype() != DType::float32 || tensor.rank() > static_cast<int>(out.size())) return std::nullopt;
  const size_t shift = out.size() - tensor.dims().size();
  for (size_t i = 0; i < tensor.dims().size(); ++i)
    if (tensor.dims()[i] != 1 && (i + shift != axis || tensor.dims()[i] != out[axis])) return std::nullopt;
  const auto values = tensor.data<float>();
  std::vector<float> each(static_cast<size_t>(out[axis]));
  for (size_t i = 0; i < each.size(); ++i) each[i] = values[tensor.size() == 1 ? 0 : i];
  return each;
}

std::optional<Int8Quant> scalar_quant(const Builder& builder, const Node& node, DType dtype) {
  if (dtype != DType::int8 && dtype != DType::uint8) return std::nullopt;
  const auto scale = scalar_input(builder, node, 1);
  if (!scale || !(*scale > 0) || !std::isfinite(*scale)) return std::nullopt;
  Int8Quant quant{*scale, 0, dtype == DType::int8};
  if (node.inputs.size() > 2 && node.inputs[2] != ValueId::none) {
    const Tensor* zero = builder.constant(node.inputs[2]);
    if (zero == nullptr || zero->size() != 1 || zero->dtype() != dtype) return std::nullopt;
    quant.zero_point = static_cast<int32_t>(zero->as_int(0));
  }
  return quant;
}

std::optional<QuantizedOperand> quantized_operand(const Builder& builder, ValueId value) {
  if (builder.dtype(value) != DType::float32) return std::nullopt;
  for (int depth = 0; depth < 8; ++depth) {
    const NodeId producer = builder.graph.value(value).producer;
    if (producer == NodeId::none) return std::nullopt;
    const Node& node = builder.node(producer);
    if (as<Reshape>(node.op) || as<Flatten>(node.op) || as<Squeeze>(node.op) || as<Unsqueeze>(node.op) ||
        as<Unary>(node.op, Unary::Kind::Identity)) {
      value = node.inputs[0];
      continue;
    }
    if (!as<DequantizeLinear>(node.op) || builder.is_constant(value) || !builder.available(node.inputs[0]))
      return std::nullopt;
    const auto quant = scalar_quant(builder, node, builder.dtype(node.inputs[0]));
    if (!quant) return std::nullopt;
    return QuantizedOperand{node.inputs[0], *quant};
  }
  return std::nullopt;
}

std::optional<QuantizeUse> quantize_use(const Builder& builder, ValueId value) {
  const NodeId user = builder.sole_user(value);
  if (user == NodeId::none) return std::nullopt;
  const Node& node = builder.node(user);
  const auto* op = as<QuantizeLinear>(node.op);
  if (!op || op->precision != 0 || node.inputs[0] != value) return std::nullopt;
  const auto quant = scalar_quant(builder, node, builder.dtype(node.outputs[0]));
  if (!quant) return std::nullopt;
  return QuantizeUse{user, *quant, node.outputs[0]};
}

}  // namespace pare
