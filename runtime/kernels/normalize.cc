// Normalizations over groups, roots of mean squares and p-norms. https://onnx.ai/onnx/operators. Sums in double.
#include <cmath>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

template <class T>
double sum_of(const T* values, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]);
  return sum;
}

template <class T>
void group_norm(const GroupNormalization& op, const KernelContext& context, Tensor& y) {
  const Tensor& x = context.inputs[0];
  const auto in = x.data<T>(), scale = context.inputs[1].data<T>(), bias = context.inputs[2].data<T>();
  auto out = y.mutable_data<T>();
  const int64_t channels = x.dims()[1], plane = product(x.dims(), 2, x.dims().size());
  const int64_t count = channels / op.num_groups * plane;  // elements of one group
  for (int64_t at = 0; count > 0 && at < x.size(); at += count) {
    const double mean = sum_of(in.data() + at, count) / static_cast<double>(count);
    double squares = 0;
    for (int64_t i = at; i < at + count; ++i) squares += std::pow(static_cast<double>(in[i]) - mean, 2);
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(count) + static_cast<double>(op.epsilon));
    for (int64_t i = at; i < at + count; ++i) {
      const int64_t c = i / plane % channels;
      const double normal = (static_cast<double>(in[i]) - mean) * inverse;
      out[i] = static_cast<T>(normal * static_cast<double>(scale[c]) + static_cast<double>(bias[c]));
    }
  }
}

// x / sqrt(mean(x^2) + epsilon) over rows of `columns`, times a scale that broadcasts.
template <class T>
void rms_norm(const RMSNormalization& op, int64_t columns, const Tensor& x, const Tensor& scale, Tensor& y) {
  const auto in = x.data<T>(), factors = scale.data<T>();
  auto out = y.mutable_data<T>();
  std::vector<double> inverses;
  for (int64_t at = 0; columns > 0 && at < x.size(); at += columns) {
    double squares = 0;
    for (int64_t i = at; i < at + columns; ++i) squares += std::pow(static_cast<double>(in[i]), 2);
    inverses.push_back(1 / std::sqrt(squares / static_cast<double>(columns) + static_cast<double>(op.epsilon)));
  }
  for_each_index<1>(x.dims(), {broadcast_strides(scale.dims(), x.dims())}, [&](int64_t i, const auto& at) {
    out[i] = static_cast<T>(static_cast<double>(in[i]) * inverses[static_cast<size_t>(i / columns)] *
                            static_cast<double>(factors[at[0]]));
  });
}

template <class T>
void lp_norm(const LpNormalization& op, int64_t size, int64_t inner, const Tensor& x, Tensor& y) {
  const auto in = x.data<T>();
  auto out = y.mutable_data<T>();
  for (int64_t line = 0; size > 0 && line < x.size() / size; ++line) {
    const int64_t base = line / inner * size * inner + line % inner;
    double norm = 0;
    for (int64_t k = 0; k < size; ++k) {
      const double value = static_cast<double>(in[base + k * inner]);
      norm += op.p == 1 ? std::fabs(value) : value * value;
    }
    if (op.p == 2) norm = std::sqrt(norm);
    for (int64_t k = 0; k < size; ++k) {
      const int64_t i = base + k * inner;
      out[i] = norm == 0 ? T(0) : static_cast<T>(static_cast<double>(in[i]) / norm);
    }
  }
}

// (x - mean) / (deviation + 1e-9) over the axes where `statistics` has extent 1, as the function that ONNX gives.
template <class T>
void mean_variance(const Dims& statistics, const Tensor& x, Tensor& y) {
  const auto in = x.data<T>();
  auto out = y.mutable_data<T>();
  const auto count = static_cast<size_t>(product(statistics));
  std::vector<double> means(count, 0.0), deviations(count, 0.0);
  const double share = count > 0 ? static_cast<double>(x.size()) / static_cast<double>(count) : 1.0;
  const std::array<std::vector<int64_t>, 1> strides{broadcast_strides(statistics, x.dims())};
  const auto each = [&](auto&& f) {
    for_each_index<1>(x.dims(), strides, [&](int64_t i, const auto& at) { f(i, static_cast<size_t>(at[0])); });
  };
  each([&](int64_t i, size_t at) { means[at] += static_cast<double>(in[i]) / share; });
  each([&](int64_t i, size_t at) { deviations[at] += std::pow(static_cast<double>(in[i]) - means[at], 2) / share; });
  each([&](int64_t i, size_t at) {
    out[i] = static_cast<T>((static_cast<double>(in[i]) - means[at]) / (std::sqrt(deviations[at]) + 1e-9));
  });
}

}  // namespace

Result<void> run(const GroupNormalization& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  if (!dispatch(x.dtype(), Floats{}, [&]<class T>() { group_norm<T>(op, context, y); })) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const RMSNormalization& op, KernelContext& context) {
  // X may be a 16-bit float beside a wider scale, whose type the product has.
  const DType narrow = context.inputs[1].dtype();
  std::vector<Tensor> operands;
  for (const Tensor& input : context.inputs) {
    PARE_ASSIGN(Tensor wide, cast(input, bits(narrow) == 16 ? DType::float32 : narrow));
    operands.push_back(std::move(wide));
  }
  const Tensor& x = operands[0];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const int64_t columns = product(x.dims(), axis, x.dims().size());
  if (!dispatch(x.dtype(), Floats{}, [&]<class T>() { rms_norm<T>(op, columns, x, operands[1], y); }))
    return no_kernel(x.dtype());
  PARE_ASSIGN(context.outputs[0], cast(y, narrow));
  return {};
}

Result<void> run(const LpNormalization& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const int64_t inner = product(x.dims(), axis + 1, x.dims().size());
  if (!dispatch(x.dtype(), Floats{}, [&]<class T>() { lp_norm<T>(op, x.dims()[axis], inner, x, y); }))
    return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const MeanVarianceNormalization& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  Dims statistics = x.dims();
  for (const int64_t entry : op.axes) {
    PARE_ASSIGN(const size_t axis, axis_of(entry, x.dims().size()));
    statistics[axis] = 1;
  }
  if (op.axes.empty()) statistics.assign(x.dims().size(), 1);
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  if (!dispatch(x.dtype(), Floats{}, [&]<class T>() { mean_variance<T>(statistics, x, y); }))
    return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
