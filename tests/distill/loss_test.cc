#include "distill/loss.h"

#include <cmath>

#include "distill/optimizer.h"
#include "tests/catch.h"

using namespace pare;

namespace {

at::Tensor row(std::vector<double> values) { return at::tensor(values, at::kDouble).unsqueeze(0); }

}  // namespace

// At temperature 2 the teacher gives (3/4, 1/4) and the student (1/2, 1/2): 4 (3/4 ln 3/2 + 1/4 ln 1/2).
TEST_CASE("the distillation loss is the number worked out by hand") {
  const at::Tensor loss = distillation_loss(row({0, 0}), row({2 * std::log(3.0), 0}), 1, 2);
  CHECK(loss.item<double>() == Approx(0.5232481));
  CHECK(distillation_loss(row({1, 2}), row({3, 4}), 1, 2).item<double>() == Approx(0).margin(1e-12));
}

// Scores (0, ln 3) are probabilities (1/4, 3/4): -ln 3/4; smoothed by 0.1: 0.9 of it and 0.1 of the mean over classes.
TEST_CASE("cross entropy and label smoothing are the numbers worked out by hand") {
  const at::Tensor labels = at::tensor(std::vector<int64_t>{1}, at::kLong);
  CHECK(cross_entropy(row({0, std::log(3.0)}), labels, 1, 0).item<double>() == Approx(0.2876821));
  CHECK(cross_entropy(row({0, std::log(3.0)}), labels, 1, 0.1).item<double>() == Approx(0.3426127));
}

TEST_CASE("the terms of the loss add up by their weights") {
  LossTerms terms;
  terms.student = {row({0, std::log(3.0)})};
  terms.teacher = {row({1, std::log(3.0)})};
  terms.labels = at::tensor(std::vector<int64_t>{1}, at::kLong);
  TrainOptions options;
  options.label_weight = 2;
  options.teacher_weight = 0;
  options.output_weight = 3;
  CHECK(total_loss(terms, options).item<double>() == Approx(2 * 0.2876821 + 3 * 0.5));
}

TEST_CASE("the learning rate warms up linearly and falls as half a cosine") {
  TrainOptions options;
  options.learning_rate = 1;
  options.warmup = 0.2;
  CHECK(learning_rate(options, 0, 10) == Approx(0.5));
  CHECK(learning_rate(options, 1, 10) == Approx(1));
  CHECK(learning_rate(options, 2, 10) == Approx(1));
  CHECK(learning_rate(options, 6, 10) == Approx(0.5));
  CHECK(learning_rate(options, 9, 10) == Approx(0.5 * (1 + std::cos(M_PI * 7 / 8))));
}

namespace {

// The weight after steps with the gradient 1, from 1, at rate 0.1.
double descend(const TrainOptions& options, int steps, Dims dims = {1}) {
  std::vector<Parameter> parameters(1);
  parameters[0].tensor = at::ones(dims, at::kDouble).set_requires_grad(true);
  Descent descent(parameters, options);
  for (int i = 0; i < steps; ++i) {
    parameters[0].tensor.mutable_grad() = at::ones(dims, at::kDouble);
    descent.step(0.1);
  }
  return parameters[0].tensor.flatten()[0].item<double>();
}

}  // namespace

TEST_CASE("the optimizers take the steps of their papers") {
  TrainOptions options;
  options.momentum = 0.5;
  options.weight_decay = 0;
  CHECK(descend(options, 2) == Approx(1 - 0.1 * 1.5 - 0.1 * 1.75));  // Nesterov: v = 1, 1.5
  options.nesterov = false;
  CHECK(descend(options, 2) == Approx(1 - 0.1 - 0.1 * 1.5));
  options.weight_decay = 0.2;
  CHECK(descend(options, 1) == Approx(0.9));             // vectors do not decay
  CHECK(descend(options, 1, {1, 1}) == Approx(1 - 0.1 * 1.2));
  options.optimizer = Optimizer::adamw;
  CHECK(descend(options, 1, {1, 1}) == Approx(1 - 0.1 * 0.2 - 0.1));  // a first step is the rate whatever the gradient
}

TEST_CASE("gradients are cut to the norm, and scales multiplied by their factor") {
  std::vector<Parameter> parameters(2);
  for (Parameter& p : parameters) p.tensor = at::zeros({1}, at::kDouble).set_requires_grad(true);
  parameters[1].kind = ParameterKind::scale;
  parameters[1].gradient_factor = 0.5;
  Descent descent(parameters, {});
  const auto set = [&](double a, double b) {
    parameters[0].tensor.mutable_grad() = at::full({1}, a, at::kDouble);
    parameters[1].tensor.mutable_grad() = at::full({1}, b, at::kDouble);
  };
  set(3, 8);
  CHECK(descent.clip(1));
  CHECK(parameters[0].tensor.grad().item<double>() == Approx(0.6));
  CHECK(parameters[1].tensor.grad().item<double>() == Approx(0.8));
  set(std::nan(""), 0);
  CHECK_FALSE(descent.clip(1));
}
