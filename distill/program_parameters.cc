// The half of Program that deals with what is trained: finding parameters, and writing them back.
#include <algorithm>
#include <cmath>

#include "distill/program.h"

namespace pare {
namespace {

const Tensor* constant_at(const Graph& graph, const Node& node, size_t slot) {
  if (slot >= node.inputs.size() || node.inputs[slot] == ValueId::none) return nullptr;
  const auto& constant = graph.value(node.inputs[slot]).constant;
  return constant ? &*constant : nullptr;
}

// A scale as it broadcasts against the tensor it belongs to, by way of dequantizing ones.
at::Tensor steps_like(const at::Tensor& tensor, const at::Tensor& scale, const DequantizeLinear& op) {
  return unwrap(dequantize(at::ones_like(tensor), scale, at::Tensor(), op.axis, op.block_size));
}

}  // namespace

std::vector<bool> weight_values(const Graph& graph) {
  std::vector<bool> computed(graph.value_limit(), false), weights(graph.value_limit(), false);
  for (ValueId id : graph.inputs) computed[static_cast<size_t>(id)] = true;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const bool any = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
      return input != ValueId::none && computed[static_cast<size_t>(input)];
    });
    for (ValueId output : node.outputs) {
      if (output != ValueId::none) computed[static_cast<size_t>(output)] = any;
    }
  }
  for (size_t i = graph.order().size(); i-- > 0;) {
    const Node& node = graph.node(graph.order()[i]);
    const bool moves = op_role(node.op) == Role::passes || as<QuantizeLinear>(node.op) || as<DequantizeLinear>(node.op);
    const bool onwards = moves && !node.outputs.empty() && node.outputs[0] != ValueId::none &&
                         weights[static_cast<size_t>(node.outputs[0])];
    for (size_t slot = 0; slot < node.inputs.size(); ++slot) {
      const ValueId input = node.inputs[slot];
      if (input == ValueId::none || computed[static_cast<size_t>(input)]) continue;
      const auto dims = graph.value(input).type.dims();
      if ((dims && is_weight(node.op, slot, *dims)) || (onwards && slot == 0)) weights[static_cast<size_t>(input)] = true;
    }
  }
  return weights;
}

at::Tensor find_original(const Graph& originals, const at::Tensor& rounded, const at::Tensor& scale) {
  at::Tensor best;
  double best_distance = 0;
  for (ValueId id : originals.values()) {
    const auto& constant = originals.value(id).constant;
    if (!constant || constant->dtype() != DType::float32 || constant->dims() != dims_of(rounded)) continue;
    const at::Tensor candidate = unwrap(to_torch(*constant, rounded.scalar_type()));
    const at::Tensor steps = ((candidate - rounded) / scale).abs();
    if (steps.le(1).to(at::kDouble).mean().item<double>() < 0.9) continue;
    const double distance = steps.mean().item<double>();
    if (best.defined() && distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

size_t Program::add_parameter(ValueId value, ParameterKind kind, at::Tensor tensor) {
  tensor = tensor.detach().clone();
  tensor.set_requires_grad(true);
  parameters_.push_back({.value = value, .kind = kind, .tensor = tensor});
  return parameters_.size() - 1;
}

void Program::collect_parameters(const Graph* originals) {
  const std::vector<bool> weights = weight_values(graph_);
  for (ValueId id : graph_.values()) {
    const auto i = static_cast<size_t>(id);
    const Value& value = graph_.value(id);
    if (!weights[i] || !value.constant || value.constant->dtype() != DType::float32 || !constants_[i].defined()) continue;
    parameter_of_[id] = add_parameter(id, ParameterKind::weight, constants_[i]);
    constants_[i] = parameters_.back().tensor;
  }
  for (Step& step : steps_) {
    const Node& node = graph_.node(step.node);
    const Tensor* integers = as<DequantizeLinear>(node.op) ? constant_at(graph_, node, 0) : nullptr;
    if (!integers || !is_integer(integers->dtype()) || !weights[static_cast<size_t>(node.inputs[0])]) continue;
    add_shadow(step, originals);
  }
}

void Program::add_shadow(Step& step, const Graph* originals) {
  const Node& node = graph_.node(step.node);
  const auto& op = *as<DequantizeLinear>(node.op);
  step.shadow_type = graph_.value(node.inputs[0]).type.dtype;
  if (auto known = parameter_of_.find(node.inputs[0]); known != parameter_of_.end()) {
    step.shadow = known->second;
    return;
  }
  const at::Tensor& scale = constants_[static_cast<size_t>(node.inputs[1])];
  if (!scale.defined()) return;  // computed: the integers stay as they are
  at::Tensor start = run_step(step, std::vector<at::Tensor>(constants_.size()), {})[0];
  if (originals && bits(step.shadow_type) <= 16) {
    const at::Tensor found = find_original(*originals, start, steps_like(start, scale, op));
    if (found.defined()) start = found;
  }
  step.shadow = add_parameter(node.inputs[0], ParameterKind::shadow, laid_out(start));
  parameter_of_[node.inputs[0]] = step.shadow;
}

void Program::add_scales() {
  const auto add = [&](ValueId scale) {
    const auto i = static_cast<size_t>(scale);
    if (!graph_.value(scale).constant || parameter_of_.count(scale)) return;
    parameter_of_[scale] = add_parameter(scale, ParameterKind::scale, constants_[i]);
    parameters_.back().floor = constants_[i].min().item<double>() * 1e-3;
    constants_[i] = parameters_.back().tensor;
  };
  for (const Step& step : steps_) {
    const Node& node = graph_.node(step.node);
    const bool rounds = as<QuantizeLinear>(node.op) || (step.shadow != kNone && bits(step.shadow_type) <= 16);
    if (rounds) add(node.inputs[1]);
  }
  // A DequantizeLinear with its own copy of the scale learns with the QuantizeLinear before it.
  for (const Step& step : steps_) {
    const Node& node = graph_.node(step.node);
    if (!as<DequantizeLinear>(node.op) || graph_.value(node.inputs[0]).producer == NodeId::none) continue;
    const Node& before = graph_.node(graph_.value(node.inputs[0]).producer);
    if (!as<QuantizeLinear>(before.op) || before.inputs[1] == node.inputs[1]) continue;
    const auto known = parameter_of_.find(before.inputs[1]);
    const auto &mine = graph_.value(node.inputs[1]).constant, &its = graph_.value(before.inputs[1]).constant;
    if (known == parameter_of_.end() || !mine || !(*mine == *its) || parameter_of_.count(node.inputs[1])) continue;
    parameter_of_[node.inputs[1]] = known->second;
    constants_[static_cast<size_t>(node.inputs[1])] = parameters_[known->second].tensor;
  }
}

void Program::fit_scales(std::span<const at::Tensor> inputs) {
  const at::NoGradGuard no_gradients;
  fitted_.emplace(parameters_.size(), false);
  forward(inputs, graph_.outputs, {});
  fitted_.reset();
}

// Errors are summed per element of the scale: over everything it is shared by along other axes.
void Program::fit_scale(const Step& step, const LowerContext& context, const at::Tensor& real) {
  const Node& node = graph_.node(step.node);
  const auto known = parameter_of_.find(node.inputs[1]);
  if (!fitted_ || known == parameter_of_.end() || (*fitted_)[known->second]) return;
  (*fitted_)[known->second] = true;
  const auto* q = as<QuantizeLinear>(node.op);
  const auto* d = as<DequantizeLinear>(node.op);
  const int64_t axis = q ? q->axis : d->axis, block = q ? q->block_size : d->block_size;
  if (block > 0) return;
  at::Tensor& scale = parameters_[known->second].tensor;
  const at::Tensor zero = context.has(2) ? context.inputs[2] : at::Tensor(), first = scale.clone();
  const DType dtype = q ? context.output_types[0] : step.shadow_type;
  at::Tensor least, best = first;
  for (int percent = 100; percent >= 30; percent -= 5) {
    const at::Tensor candidate = first * (percent / 100.0);
    const at::Tensor rounded =
        unwrap(dequantize(unwrap(quantize(real, candidate, zero, dtype, axis, 0)), candidate, zero, axis, 0));
    at::Tensor error = (rounded - real).square();
    if (scale.numel() > 1) {
      error = error.movedim(axis, 0).flatten(1).sum(1).reshape(scale.sizes());
    } else {
      error = error.sum().reshape(scale.sizes());
    }
    best = least.defined() ? at::where(error.lt(least), candidate, best) : candidate;
    least = least.defined() ? at::minimum(error, least) : error;
  }
  scale.copy_(best);
}

void Program::note_scale(const Step& step, const LowerContext& context, const at::Tensor& quantized) {
  const Node& node = graph_.node(step.node);
  const auto known = parameter_of_.find(node.inputs[1]);
  if (known == parameter_of_.end() || parameters_[known->second].gradient_factor != 1) return;
  const DType dtype = step.shadow != kNone ? step.shadow_type : context.output_types[0];
  const int64_t samples = step.shadow == kNone && quantized.dim() > 1 ? std::max<int64_t>(1, quantized.size(0)) : 1;
  const double elements = static_cast<double>(quantized.numel() / samples) /
                          static_cast<double>(std::max<int64_t>(1, context.inputs[1].numel()));
  parameters_[known->second].gradient_factor = 1 / std::sqrt(std::max(1.0, elements) * integer_range(dtype).second);
}

namespace {

// The scale of an int32 bias: the product of the scales of the operands it is added to the product of, where both are
// dequantized; undefined otherwise.
at::Tensor product_scale(const Graph& graph, const std::vector<at::Tensor>& constants, ValueId bias) {
  const Uses uses(graph);
  if (!uses.single(bias)) return {};
  const Use use = uses.of(bias)[0];
  if (use.slot != 2) return {};
  at::Tensor product;
  for (size_t slot : {0, 1}) {
    const NodeId producer = graph.value(graph.node(use.node).inputs[slot]).producer;
    if (producer == NodeId::none || !as<DequantizeLinear>(graph.node(producer).op)) return {};
    const at::Tensor& scale = constants[static_cast<size_t>(graph.node(producer).inputs[1])];
    if (!scale.defined()) return {};
    product = product.defined() ? product * scale : scale;
  }
  return product;
}

}  // namespace

// Rounds a shadow; for an int32 bias whose operands learned their scales, mends the scale first.
Tensor Program::integers_of(const Step& step, Graph& graph) const {
  Node& node = graph.node(step.node);
  const auto& op = *as<DequantizeLinear>(node.op);
  const at::Tensor& shadow = parameters_[step.shadow].tensor;
  at::Tensor scale = constants_[static_cast<size_t>(node.inputs[1])];
  const at::Tensor zero =
      node.inputs.size() > 2 && node.inputs[2] != ValueId::none ? constants_[static_cast<size_t>(node.inputs[2])] : at::Tensor();
  if (bits(step.shadow_type) <= 16) {
    return from_torch(unwrap(quantize(shadow, scale, zero, step.shadow_type, op.axis, op.block_size)), step.shadow_type);
  }
  const at::Tensor product = options_.learn_scales ? product_scale(graph_, constants_, node.outputs[0]) : at::Tensor();
  if (product.defined() && product.numel() == scale.numel()) {
    scale = product.reshape(scale.sizes());
    Tensor mended = from_torch(scale, DType::float32);
    if (Uses(graph).single(node.inputs[1])) {
      graph.set_constant(node.inputs[1], std::move(mended));
    } else {
      node.inputs[1] = graph.add_constant(graph.value(node.inputs[1]).name, std::move(mended));
    }
  }
  const at::Tensor steps = (shadow / steps_like(shadow, scale, op)).to(at::kDouble).round();
  return from_torch(zero.defined() ? steps + zero : steps, step.shadow_type);
}

void Program::write_back(Graph& graph) const {
  const at::NoGradGuard no_gradients;
  for (const Step& step : steps_) {
    if (step.shadow == kNone) continue;
    const ValueId constant = graph.node(step.node).inputs[0];
    graph.set_constant(constant, integers_of(step, graph));
  }
  for (const auto& [value, index] : parameter_of_) {
    const Parameter& parameter = parameters_[index];
    if (parameter.kind != ParameterKind::shadow) graph.set_constant(value, from_torch(parameter.tensor, DType::float32));
  }
  for (ValueId id : statistics_) graph.set_constant(id, from_torch(constants_[static_cast<size_t>(id)], DType::float32));
}

}  // namespace pare
