// Losses and optimizer steps. https://onnx.ai/onnx/operators: NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss;
// ai.onnx.preview.training: Adagrad, Adam, Momentum. All sums in double.
#include <cmath>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

// scores [N, C, d...] as rows of C elements that lie `step` apart.
struct Rows {
  int64_t batch, classes, step;
  explicit Rows(const Dims& dims) : batch(dims[0]), classes(dims[1]), step(product(dims, 2, dims.size())) {}
  int64_t count() const { return batch * step; }
  int64_t first(int64_t row) const { return row / step * classes * step + row % step; }
};

// The loss of each row whose log-probabilities are log_prob(flat index), reduced as the attribute says.
template <class T, class O, class F>
Result<Tensor> reduce_loss(const O& op, const KernelContext& context, F&& log_prob) {
  const Tensor& labels = context.inputs[1];
  const Rows rows(context.inputs[0].dims());
  const bool each = op.reduction == "none";
  PARE_ASSIGN(Tensor loss, allocate(context.inputs[0].dtype(), each ? labels.dims() : Dims{}));
  auto out = loss.mutable_data<T>();
  double sum = 0, weights = 0;
  for (int64_t row = 0; row < rows.count(); ++row) {
    const int64_t label = labels.as_int(row);
    if (op.ignore_index && label == *op.ignore_index) continue;
    if (label < 0 || label >= rows.classes)
      return input_error("a label is " + std::to_string(label) + ", expected 0 to " + std::to_string(rows.classes - 1) +
                         " or ignore_index");
    const double weight = context.has(2) ? context.inputs[2].as_double(label) : 1.0;
    const double value = -weight * log_prob(rows.first(row) + label * rows.step);
    if (each) out[row] = static_cast<T>(value);
    sum += value;
    weights += weight;
  }
  if (!each) out[0] = static_cast<T>(op.reduction == "mean" ? sum / weights : sum);
  return loss;
}

template <class T>
void log_softmax(const Tensor& scores, Tensor& result) {
  const auto x = scores.data<T>();
  auto y = result.mutable_data<T>();
  const Rows rows(scores.dims());
  for (int64_t row = 0; row < rows.count(); ++row) {
    const int64_t first = rows.first(row);
    double largest = -INFINITY, sum = 0;
    for (int64_t c = 0; c < rows.classes; ++c)
      largest = std::max(largest, static_cast<double>(x[first + c * rows.step]));
    for (int64_t c = 0; c < rows.classes; ++c) sum += std::exp(static_cast<double>(x[first + c * rows.step]) - largest);
    for (int64_t c = 0; c < rows.classes; ++c) {
      const int64_t i = first + c * rows.step;
      y[i] = static_cast<T>(static_cast<double>(x[i]) - largest - std::log(sum));
    }
  }
}

// Steps every element of every variable: step(rate, count, values), where values are those of the variable's tensors
// (X, G and the others) at one place; it changes in place what comes out: all but the gradient, values[1].
template <class F>
Result<void> each_element(KernelContext& context, size_t kinds, F&& step) {
  if (context.inputs[0].size() != 1 || context.inputs[1].size() != 1)
    return input_error("R and T have " + std::to_string(context.inputs[0].size()) + " and " +
                       std::to_string(context.inputs[1].size()) + " elements, expected one each");
  const double rate = context.inputs[0].as_double(0);
  const int64_t count = context.inputs[1].as_int(0);
  const size_t variables = (context.inputs.size() - 2) / kinds;
  for (size_t v = 0; v < variables; ++v) {
    std::vector<Tensor> tensors;
    for (size_t kind = 0; kind < kinds; ++kind) tensors.push_back(context.inputs[2 + kind * variables + v]);
    std::vector<double> values(kinds);
    for (int64_t i = 0; i < tensors[0].size(); ++i) {
      for (size_t kind = 0; kind < kinds; ++kind) values[kind] = tensors[kind].as_double(i);
      step(rate, count, values);
      for (size_t kind = 0; kind < kinds; ++kind)
        if (kind != 1) tensors[kind].set_double(i, values[kind]);
    }
    for (size_t kind = 0, o = 0; kind < kinds; ++kind)
      if (kind != 1) context.outputs[o++ * variables + v] = std::move(tensors[kind]);
  }
  return {};
}

}  // namespace

Result<void> run(const NegativeLogLikelihoodLoss& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  Result<void> status;
  const Tensor& x = context.inputs[0];
  const bool known = dispatch(x.dtype(), Floats{}, [&]<class T>() {
    const auto values = x.data<T>();
    auto loss = reduce_loss<T>(op, context, [&](int64_t i) { return static_cast<double>(values[i]); });
    if (loss)
      context.outputs[0] = *std::move(loss);
    else
      status = loss.failure();
  });
  return known ? status : no_kernel(x.dtype());
}

Result<void> run(const SoftmaxCrossEntropyLoss& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& scores = context.inputs[0];
  PARE_ASSIGN(Tensor log_prob, allocate(scores.dtype(), scores.dims()));
  Result<void> status;
  const bool known = dispatch(scores.dtype(), Floats{}, [&]<class T>() {
    log_softmax<T>(scores, log_prob);
    const auto values = log_prob.data<T>();
    auto loss = reduce_loss<T>(op, context, [&](int64_t i) { return static_cast<double>(values[i]); });
    if (loss)
      context.outputs[0] = *std::move(loss);
    else
      status = loss.failure();
  });
  if (!known) return no_kernel(scores.dtype());
  if (context.outputs.size() > 1) context.outputs[1] = std::move(log_prob);
  return status;
}

// values: X, G, H
Result<void> run(const Adagrad& op, KernelContext& context) {
  return each_element(context, 3, [&](double rate, int64_t count, std::vector<double>& values) {
    const double decayed = rate / (1.0 + static_cast<double>(count) * static_cast<double>(op.decay_factor));
    const double gradient = static_cast<double>(op.norm_coefficient) * values[0] + values[1];
    values[2] += gradient * gradient;
    values[0] -= decayed * gradient / (std::sqrt(values[2]) + static_cast<double>(op.epsilon));
  });
}

// values: X, G, V, H
Result<void> run(const Adam& op, KernelContext& context) {
  const double alpha = static_cast<double>(op.alpha), beta = static_cast<double>(op.beta);
  return each_element(context, 4, [&](double rate, int64_t count, std::vector<double>& values) {
    const double gradient = static_cast<double>(op.norm_coefficient) * values[0] + values[1];
    values[2] = alpha * values[2] + (1 - alpha) * gradient;
    values[3] = beta * values[3] + (1 - beta) * gradient * gradient;
    const auto steps = static_cast<double>(count);
    const double corrected =
        count > 0 ? rate * std::sqrt(1 - std::pow(beta, steps)) / (1 - std::pow(alpha, steps)) : rate;
    values[0] -= corrected * values[2] / (std::sqrt(values[3]) + static_cast<double>(op.epsilon));
    values[0] *= 1 - static_cast<double>(op.norm_coefficient_post);
  });
}

// values: X, G, V
Result<void> run(const Momentum& op, KernelContext& context) {
  const auto alpha = static_cast<double>(op.alpha), beta = static_cast<double>(op.beta);
  return each_element(context, 3, [&](double rate, int64_t count, std::vector<double>& values) {
    const double gradient = static_cast<double>(op.norm_coefficient) * values[0] + values[1];
    values[2] = alpha * values[2] + (count > 0 ? beta : 1.0) * gradient;
    values[0] -= rate * (op.mode == "nesterov" ? gradient + alpha * values[2] : values[2]);
  });
}

}  // namespace pare
