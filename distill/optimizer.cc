#include "distill/optimizer.h"

#include <cmath>
#include <numbers>

namespace pare {

double learning_rate(const TrainOptions& options, int64_t step, int64_t steps) {
  const double warm = options.warmup * static_cast<double>(steps);
  const double at = static_cast<double>(step);
  if (at + 1 <= warm) return options.learning_rate * (at + 1) / warm;
  const double rest = std::max(1.0, static_cast<double>(steps) - std::floor(warm));
  return options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * (at - std::floor(warm)) / rest));
}

Descent::Descent(std::vector<Parameter>& parameters, const TrainOptions& options)
    : parameters_(parameters), options_(options) {
  for (const Parameter& parameter : parameters_) {
    State state;
    const at::Tensor value = parameter.tensor.detach();
    state.momentum = at::zeros_like(value);
    if (options.optimizer == Optimizer::adamw) state.second = at::zeros_like(value);
    const bool weight = parameter.kind != ParameterKind::scale;
    state.decays = weight && value.dim() >= 2;
    if (options.keep_zeros && weight && value.eq(0).any().item<bool>()) state.mask = value.ne(0);
    states_.push_back(std::move(state));
  }
}

void Descent::zero_gradients() {
  for (Parameter& parameter : parameters_) parameter.tensor.mutable_grad().reset();
}

bool Descent::clip(double norm) {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> squares;
  for (Parameter& parameter : parameters_) {
    at::Tensor& gradient = parameter.tensor.mutable_grad();
    if (!gradient.defined()) continue;
    if (parameter.gradient_factor != 1) gradient.mul_(parameter.gradient_factor);
    if (norm > 0) squares.push_back(gradient.norm().to(at::kDouble));
  }
  if (squares.empty()) return true;
  const double length = at::stack(squares).norm().item<double>();
  if (!std::isfinite(length)) return false;
  if (length <= norm) return true;
  for (Parameter& parameter : parameters_) {
    if (parameter.tensor.grad().defined()) parameter.tensor.mutable_grad().mul_(norm / length);
  }
  return true;
}

void Descent::step(double rate) {
  const at::NoGradGuard no_gradients;
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;
  ++steps_;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor weight = parameters_[i].tensor;
    at::Tensor gradient = weight.grad();
    State& state = states_[i];
    if (!gradient.defined()) continue;
    const double decay = state.decays ? options_.weight_decay : 0;
    if (options_.optimizer == Optimizer::sgd) {
      if (decay != 0) gradient.add_(weight, decay);
      state.momentum.mul_(options_.momentum).add_(gradient);
      if (options_.nesterov) weight.add_(gradient, -rate);
      weight.add_(state.momentum, options_.nesterov ? -rate * options_.momentum : -rate);
    } else {
      state.momentum.mul_(kBeta1).add_(gradient, 1 - kBeta1);
      state.second.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
      const double first = 1 - std::pow(kBeta1, steps_), second = 1 - std::pow(kBeta2, steps_);
      const at::Tensor root = state.second.sqrt().div_(std::sqrt(second)).add_(kEpsilon);
      if (decay != 0) weight.mul_(1 - rate * decay);
      weight.addcdiv_(state.momentum, root, -rate / first);
    }
    if (state.mask.defined()) weight.mul_(state.mask);
    if (parameters_[i].kind == ParameterKind::scale) weight.clamp_min_(parameters_[i].floor);
  }
}

}  // namespace pare
