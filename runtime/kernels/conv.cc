// Convolutions. https://onnx.ai/onnx/operators: Conv, ConvTranspose, ConvInteger.
#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/window.h"

namespace pare {
namespace {

using namespace kernels;

template <class O>
Result<SlidingWindow> conv_window(const O& op, const Tensor& x, const Tensor& w) {
  if (x.rank() < 3 || w.rank() != x.rank())
    return input_error("takes operands of one rank from 3 up, found " + std::to_string(x.rank()) + " and " +
                       std::to_string(w.rank()));
  const Dims kernel(w.dims().begin() + 2, w.dims().end());
  return make_window({op.auto_pad, op.dilations, op.pads, op.strides}, x.dims(), kernel);
}

Result<void> check_groups(int64_t group, const Tensor& x, const Tensor& w) {
  const int64_t channels = x.dims()[1];
  const int64_t filters = w.dims()[0];
  if (group < 1 || channels % group != 0 || filters % group != 0 || w.dims()[1] != channels / group)
    return input_error("weights " + to_string(w.type()) + " in " + std::to_string(group) +
                       " groups do not fit an input of " + std::to_string(channels) + " channels");
  return {};
}

// out[n, m, o] = sum over c and the window of product(n, c, m, x offset, w offset), handed to store(flat index, m,
// sum).
template <class Acc, class Product, class Store>
void convolve(const SlidingWindow& window, int64_t filters, int64_t group, Product&& product_of, Store&& store) {
  const int64_t per_group = window.channels / group;
  const int64_t filters_per_group = filters / group;
  for (int64_t n = 0; n < window.batch; ++n) {
    for (int64_t m = 0; m < filters; ++m) {
      const int64_t first = m / filters_per_group * per_group;
      for_each_position(window, [&](int64_t o, int64_t d, int64_t h, int64_t w) {
        Acc sum = 0;
        for_each_cell(window, d, h, w, [&](int64_t cell, int64_t k) {
          for (int64_t c = 0; c < per_group; ++c) {
            const int64_t x_at = (n * window.channels + first + c) * window.in_size() + cell;
            const int64_t w_at = (m * per_group + c) * window.kernel_size() + k;
            sum += product_of(x_at, w_at, m);
          }
        });
        store((n * filters + m) * window.out_size() + o, m, sum);
      });
    }
  }
}

template <class T>
void conv(const SlidingWindow& window, int64_t group, const KernelContext& context, Tensor& y) {
  const auto x = context.inputs[0].data<T>();
  const auto w = context.inputs[1].data<T>();
  const auto bias = context.has(2) ? context.inputs[2].data<T>() : std::span<const T>();
  auto out = y.mutable_data<T>();
  convolve<double>(
      window, context.inputs[1].dims()[0], group,
      [&](int64_t i, int64_t j, int64_t) { return static_cast<double>(x[i]) * static_cast<double>(w[j]); },
      [&](int64_t i, int64_t m, double sum) { out[i] = static_cast<T>(sum + (bias.empty() ? 0.0 : double(bias[m]))); });
}

template <class T>
void conv_transpose(const SlidingWindow& window, int64_t group, const KernelContext& context, Tensor& y) {
  const auto x = context.inputs[0].data<T>();
  const auto w = context.inputs[1].data<T>();
  auto out = y.mutable_data<T>();
  const int64_t per_group = context.inputs[1].dims()[1];
  const int64_t filters = per_group * group;
  const int64_t channels_per_group = window.channels / group;
  // The window of the convolution whose transpose this is: it slides over the output, its positions are the inputs.
  SlidingWindow slid = window;
  for (SlidingWindow::Axis& axis : slid.axis) std::swap(axis.in, axis.out);
  std::vector<double> sums(static_cast<size_t>(slid.in_size()));
  for (int64_t n = 0; n < window.batch; ++n) {
    for (int64_t m = 0; m < filters; ++m) {
      const double bias = context.has(2) ? static_cast<double>(context.inputs[2].data<T>()[m]) : 0.0;
      std::fill(sums.begin(), sums.end(), bias);
      for (int64_t c = 0; c < channels_per_group; ++c) {
        const int64_t channel = m / per_group * channels_per_group + c;
        const T* from = x.data() + (n * window.channels + channel) * window.in_size();
        const T* weights = w.data() + (channel * per_group + m % per_group) * window.kernel_size();
        for_each_position(slid, [&](int64_t i, int64_t d, int64_t h, int64_t v) {
          for_each_cell(slid, d, h, v, [&](int64_t cell, int64_t k) {
            sums[cell] += static_cast<double>(from[i]) * static_cast<double>(weights[k]);
          });
        });
      }
      for (size_t i = 0; i < sums.size(); ++i)
        out[(n * filters + m) * static_cast<int64_t>(sums.size()) + i] = static_cast<T>(sums[i]);
    }
  }
}

}  // namespace

Result<void> run(const Conv& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  const Tensor& w = context.inputs[1];
  PARE_ASSIGN(const SlidingWindow window, conv_window(op, x, w));
  PARE_TRY(check_groups(op.group, x, w));
  if (context.has(2) && context.inputs[2].size() != w.dims()[0]) return input_error("needs one bias per filter");
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), window.out_dims(w.dims()[0])));
  if (!dispatch(x.dtype(), Floats{}, [&]<class T>() { conv<T>(window, op.group, context, y); }))
    return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const ConvTranspose& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  const Tensor& w = context.inputs[1];
  if (x.rank() < 3 || w.rank() != x.rank()) return input_error("takes operands of one rank from 3 up");
  if (op.group < 1 || x.dims()[1] % op.group != 0 || w.dims()[0] != x.dims()[1])
    return input_error("weights " + to_string(w.type()) + " do not fit " + std::to_string(x.dims()[1]) +
                       " channels in " + std::to_string(op.group) + " groups");
  const Dims kernel(w.dims().begin() + 2, w.dims().end());
  PARE_ASSIGN(const SlidingWindow window, make_transposed_window({op.auto_pad, op.dilations, op.pads, op.strides}, x.dims(),
                                                          kernel, op.output_padding, op.output_shape));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), window.out_dims(w.dims()[1] * op.group)));
  if (!dispatch(x.dtype(), Floats{}, [&]<class T>() { conv_transpose<T>(window, op.group, context, y); }))
    return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const ConvInteger& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const Tensor& w = context.inputs[1];
  PARE_ASSIGN(const SlidingWindow window, conv_window(op, x, w));
  PARE_TRY(check_groups(op.group, x, w));
  const int64_t filters = w.dims()[0];
  const int64_t x_zero = context.has(2) && context.inputs[2].size() > 0 ? context.inputs[2].as_int(0) : 0;
  std::vector<int64_t> w_zero(static_cast<size_t>(filters), 0);
  if (context.has(3)) {
    const Tensor& zero = context.inputs[3];
    if (zero.size() != 1 && zero.size() != filters) return input_error("needs one weight zero point or one per filter");
    for (int64_t m = 0; m < filters; ++m) w_zero[m] = zero.as_int(zero.size() == 1 ? 0 : m);
  }
  PARE_ASSIGN(Tensor y, allocate(DType::int32, window.out_dims(filters)));
  auto out = y.mutable_data<int32_t>();
  const auto go = [&]<class X, class W>(std::span<const X> xs, std::span<const W> ws) {
    convolve<int64_t>(
        window, filters, op.group,
        [&](int64_t i, int64_t j, int64_t m) { return (int64_t{xs[i]} - x_zero) * (int64_t{ws[j]} - w_zero[m]); },
        [&](int64_t i, int64_t, int64_t sum) { out[i] = static_cast<int32_t>(sum); });
  };
  const bool known = dispatch(x.dtype(), Bytes{}, [&]<class X>() {
    dispatch(w.dtype(), Bytes{}, [&]<class W>() { go(x.data<X>(), w.data<W>()); });
  });
  if (!known || (w.dtype() != DType::int8 && w.dtype() != DType::uint8))
    return no_kernel(known ? w.dtype() : x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
