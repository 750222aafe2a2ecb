// Normalizations and Softmax. https://onnx.ai/onnx/operators. Sums in double.
#include <cmath>
#include <limits>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

Result<void> check_channels(const KernelContext& context, size_t operands) {
  const Tensor& x = context.inputs[0];
  if (x.rank() < 2 && operands > 2) {
    if (x.rank() < 1) return input_error("takes an input with channels");
  }
  const int64_t channels = x.rank() > 1 ? x.dims()[1] : 1;
  for (size_t i = 1; i <= operands; ++i)
    if (context.inputs[i].size() != channels)
      return input_error("needs one entry per channel (" + std::to_string(channels) + "), found " +
                         to_string(context.inputs[i].type()));
  return {};
}

// Splits dims around an axis.
struct Lines {
  int64_t outer, size, inner;
};
Lines lines_along(const Dims& dims, size_t axis) {
  return {product(dims, 0, axis), dims[axis], product(dims, axis + 1, dims.size())};
}

struct Moments {
  double mean, variance;
};
template <class T>
Moments moments(const T* values, int64_t count) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]);
  const double mean = sum / static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i)
    squares += (static_cast<double>(values[i]) - mean) * (static_cast<double>(values[i]) - mean);
  return {mean, squares / static_cast<double>(count)};
}

template <class T>
void softmax(const Softmax& op, const Lines& lines, const Tensor& x, Tensor& y) {
  const auto in = x.data<T>();
  auto out = y.mutable_data<T>();
  for (int64_t o = 0; o < lines.outer; ++o) {
    for (int64_t i = 0; i < lines.inner; ++i) {
      const int64_t base = o * lines.size * lines.inner + i;
      double top = -std::numeric_limits<double>::infinity(), sum = 0;
      for (int64_t k = 0; k < lines.size; ++k) top = std::max(top, static_cast<double>(in[base + k * lines.inner]));
      for (int64_t k = 0; k < lines.size; ++k) sum += std::exp(static_cast<double>(in[base + k * lines.inner]) - top);
      for (int64_t k = 0; k < lines.size; ++k) {
        const double value = static_cast<double>(in[base + k * lines.inner]) - top;
        out[base + k * lines.inner] =
            static_cast<T>(op.kind == Softmax::Kind::Softmax ? std::exp(value) / sum : value - std::log(sum));
      }
    }
  }
}

template <class T>
void layer_norm(const LayerNormalization& op, int64_t rows, int64_t columns, KernelContext& context, Tensor& y,
                Tensor& means, Tensor& inverses) {
  const Dims& dims = context.inputs[0].dims();
  const auto in = context.inputs[0].data<T>();
  const auto scale = context.inputs[1].data<T>();
  const auto bias = context.has(2) ? context.inputs[2].data<T>() : std::span<const T>();
  auto out = y.mutable_data<T>();
  std::vector<Moments> row_moments;
  for (int64_t row = 0; row < rows; ++row) {
    row_moments.push_back(moments(in.data() + row * columns, columns));
    row_moments.back().variance = 1 / std::sqrt(row_moments.back().variance + static_cast<double>(op.epsilon));
    means.set_double(row, row_moments.back().mean);
    inverses.set_double(row, row_moments.back().variance);
  }
  const std::array<std::vector<int64_t>, 2> strides{
      broadcast_strides(context.inputs[1].dims(), dims),
      context.has(2) ? broadcast_strides(context.inputs[2].dims(), dims) : std::vector<int64_t>(dims.size(), 0)};
  for_each_index<2>(dims, strides, [&](int64_t i, const auto& at) {
    const auto& [mean, inverse] = row_moments[i / columns];
    const double normal = (static_cast<double>(in[i]) - mean) * inverse;
    out[i] = static_cast<T>(normal * static_cast<double>(scale[at[0]]) +
                            (bias.empty() ? 0.0 : static_cast<double>(bias[at[1]])));
  });
}

// By the mean and variance of the batch, which also move the running ones.
Result<void> train_batch_norm(const BatchNormalization& op, KernelContext& context) {
  PARE_TRY(check_channels(context, 4));
  for (const Tensor& input : context.inputs)
    if (!is_float(input.dtype())) return no_kernel(input.dtype());
  const Tensor& x = context.inputs[0];
  const int64_t channels = context.inputs[1].size();
  const int64_t inner = x.rank() > 1 ? product(x.dims(), 2, x.dims().size()) : 1;
  std::array<Tensor, 3> results;
  PARE_ASSIGN(results[0], allocate(x.dtype(), x.dims()));
  for (size_t k : {1, 2}) {
    PARE_ASSIGN(results[k], allocate(context.inputs[k + 2].dtype(), {channels}));
  }
  const double momentum = static_cast<double>(op.momentum);
  for (int64_t c = 0; c < channels; ++c) {
    std::vector<double> values;
    std::vector<int64_t> places;
    for (int64_t i = 0; i < x.size(); ++i) {
      if (i / inner % channels != c) continue;
      values.push_back(x.as_double(i));
      places.push_back(i);
    }
    const auto [mean, variance] = moments(values.data(), static_cast<int64_t>(values.size()));
    const double factor = context.inputs[1].as_double(c) / std::sqrt(variance + static_cast<double>(op.epsilon));
    for (size_t i = 0; i < values.size(); ++i)
      results[0].set_double(places[i], (values[i] - mean) * factor + context.inputs[2].as_double(c));
    results[1].set_double(c, context.inputs[3].as_double(c) * momentum + mean * (1 - momentum));
    results[2].set_double(c, context.inputs[4].as_double(c) * momentum + variance * (1 - momentum));
  }
  for (size_t k = 0; k < results.size() && k < context.outputs.size(); ++k) context.outputs[k] = std::move(results[k]);
  return {};
}

}  // namespace

Result<void> run(const BatchNormalization& op, KernelContext& context) {
  if (op.training_mode != 0) return train_batch_norm(op, context);
  if (auto done = through_float32(op, context)) return *done;
  PARE_TRY(check_channels(context, 4));
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const int64_t channels = context.inputs[1].size();
  const int64_t inner = x.rank() > 1 ? product(x.dims(), 2, x.dims().size()) : 1;
  const bool known = dispatch(x.dtype(), Floats{}, [&]<class T>() {
    const auto in = x.data<T>();
    auto out = y.mutable_data<T>();
    for (int64_t i = 0; i < x.size(); ++i) {
      const int64_t c = i / inner % channels;
      const double scale = context.inputs[1].as_double(c), bias = context.inputs[2].as_double(c);
      const double mean = context.inputs[3].as_double(c), variance = context.inputs[4].as_double(c);
      const double normal = (static_cast<double>(in[i]) - mean) / std::sqrt(variance + static_cast<double>(op.epsilon));
      out[i] = static_cast<T>(normal * scale + bias);
    }
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const InstanceNormalization& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  PARE_TRY(check_channels(context, 2));
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const int64_t channels = context.inputs[1].size();
  const int64_t inner = x.rank() > 1 ? product(x.dims(), 2, x.dims().size()) : 1;
  const bool known = dispatch(x.dtype(), Floats{}, [&]<class T>() {
    const auto in = x.data<T>();
    auto out = y.mutable_data<T>();
    for (int64_t plane = 0; inner > 0 && plane * inner < x.size(); ++plane) {
      const auto [mean, variance] = moments(in.data() + plane * inner, inner);
      const double factor =
          context.inputs[1].as_double(plane % channels) / std::sqrt(variance + static_cast<double>(op.epsilon));
      const double bias = context.inputs[2].as_double(plane % channels);
      for (int64_t i = plane * inner; i < (plane + 1) * inner; ++i)
        out[i] = static_cast<T>((static_cast<double>(in[i]) - mean) * factor + bias);
    }
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const LayerNormalization& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) {
    PARE_TRY(*done);
    // The statistics are float32 whatever the type of the input.
    for (size_t i = 1; i < context.outputs.size(); ++i) {
      PARE_ASSIGN(context.outputs[i], cast(context.outputs[i], DType::float32));
    }
    return {};
  }
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  for (size_t slot = 1; slot < context.inputs.size(); ++slot) {
    if (!context.has(slot)) continue;
    PARE_ASSIGN(const Dims together, broadcast_dims({x.dims(), context.inputs[slot].dims()}));
    if (together != x.dims() || context.inputs[slot].dtype() != x.dtype())
      return input_error("scale and bias must broadcast to the input and have its type");
  }
  Dims row_dims = x.dims();
  for (size_t i = axis; i < row_dims.size(); ++i) row_dims[i] = 1;
  const int64_t rows = product(row_dims);
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  PARE_ASSIGN(Tensor means, allocate(DType::float32, row_dims));
  PARE_ASSIGN(Tensor inverses, allocate(DType::float32, row_dims));
  const int64_t columns = rows > 0 ? x.size() / rows : 0;
  const bool known =
      dispatch(x.dtype(), Floats{}, [&]<class T>() { layer_norm<T>(op, rows, columns, context, y, means, inverses); });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  if (context.outputs.size() > 1) context.outputs[1] = std::move(means);
  if (context.outputs.size() > 2) context.outputs[2] = std::move(inverses);
  return {};
}

Result<void> run(const LRN& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  if (x.rank() < 2) return input_error("takes an input with channels");
  if (op.size < 1) return input_error("size must be positive");
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const Lines lines = lines_along(x.dims(), 1);
  const bool known = dispatch(x.dtype(), Floats{}, [&]<class T>() {
    const auto in = x.data<T>();
    auto out = y.mutable_data<T>();
    for (int64_t i = 0; i < x.size(); ++i) {
      const int64_t c = i / lines.inner % lines.size;
      const int64_t low = std::max<int64_t>(0, c - (op.size - 1) / 2), high = std::min(lines.size - 1, c + op.size / 2);
      double squares = 0;
      for (int64_t k = low; k <= high; ++k) squares += std::pow(static_cast<double>(in[i + (k - c) * lines.inner]), 2);
      const double base =
          static_cast<double>(op.bias) + static_cast<double>(op.alpha) / static_cast<double>(op.size) * squares;
      out[i] = static_cast<T>(static_cast<double>(in[i]) / std::pow(base, static_cast<double>(op.beta)));
    }
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Softmax& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  if (x.rank() == 0) return input_error("takes no scalars");
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  if (!dispatch(x.dtype(), Floats{}, [&]<class T>() { softmax<T>(op, lines_along(x.dims(), axis), x, y); }))
    return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
