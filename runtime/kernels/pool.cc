// Pools and block rearrangements. https://onnx.ai/onnx/operators: MaxPool, AveragePool, GlobalAveragePool,
// GlobalMaxPool, DepthToSpace, SpaceToDepth.
#include <cmath>
#include <limits>

#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/window.h"

namespace pare {
namespace {

using namespace kernels;

template <class O>
Result<SlidingWindow> pool_window(const O& op, const Tensor& x) {
  return make_window({op.auto_pad, op.dilations, op.pads, op.strides, op.ceil_mode != 0}, x.dims(), op.kernel_shape);
}

template <class T>
void max_pool(const SlidingWindow& window, bool column_major, const Tensor& x, Tensor& y, Tensor* indices) {
  const auto in = x.data<T>();
  auto out = y.mutable_data<T>();
  const auto& z = window.axis[0];
  const auto& r = window.axis[1];
  const auto& c = window.axis[2];
  for (int64_t plane = 0; plane < window.batch * window.channels; ++plane) {
    const int64_t from = plane * window.in_size();
    for_each_position(window, [&](int64_t o, int64_t d, int64_t h, int64_t w) {
      T best =
          std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
      int64_t where = -1;
      for_each_cell(window, d, h, w, [&](int64_t cell, int64_t) {
        const T value = in[from + cell];
        const bool nan = value != value;
        if (where < 0 || value > best || (nan && best == best)) {
          best = value;
          where = cell;
        }
      });
      out[plane * window.out_size() + o] = best;
      if (!indices) return;
      if (column_major && where >= 0) {
        const int64_t depth = where / (r.in * c.in), row = where / c.in % r.in, column = where % c.in;
        where = (column * r.in + row) * z.in + depth;
      }
      indices->mutable_data<int64_t>()[plane * window.out_size() + o] = where < 0 ? -1 : from + where;
    });
  }
}

// Cells of the window that lie in the input or its declared padding (ceil_mode's overhang does not count).
int64_t padded_cells(const SlidingWindow& window, int64_t d, int64_t h, int64_t w) {
  const std::array<int64_t, 3> at{d, h, w};
  int64_t count = 1;
  for (size_t i = 0; i < 3; ++i) {
    const SlidingWindow::Axis& axis = window.axis[i];
    int64_t along = 0;
    for (int64_t k = 0; k < axis.kernel; ++k)
      along += at[i] * axis.stride + k * axis.dilation < axis.in + axis.pad_begin + axis.pad_end;
    count *= along;
  }
  return count;
}

template <class T>
void average_pool(const SlidingWindow& window, bool count_padding, const Tensor& x, Tensor& y) {
  const auto in = x.data<T>();
  auto out = y.mutable_data<T>();
  for (int64_t plane = 0; plane < window.batch * window.channels; ++plane) {
    const T* from = in.data() + plane * window.in_size();
    for_each_position(window, [&](int64_t o, int64_t d, int64_t h, int64_t w) {
      double sum = 0;
      int64_t count = 0;
      for_each_cell(window, d, h, w, [&](int64_t cell, int64_t) {
        sum += static_cast<double>(from[cell]);
        ++count;
      });
      if (count_padding) count = padded_cells(window, d, h, w);
      out[plane * window.out_size() + o] = static_cast<T>(count > 0 ? sum / static_cast<double>(count) : 0.0);
    });
  }
}

}  // namespace

Result<void> run(const MaxPool& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const SlidingWindow window, pool_window(op, x));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), window.out_dims(window.channels)));
  Tensor indices;
  if (context.outputs.size() > 1) {
    PARE_ASSIGN(indices, allocate(DType::int64, y.dims()));
  }
  const bool known = dispatch(x.dtype(), Numbers{}, [&]<class T>() {
    max_pool<T>(window, op.storage_order == 1, x, y, context.outputs.size() > 1 ? &indices : nullptr);
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  if (context.outputs.size() > 1) context.outputs[1] = std::move(indices);
  return {};
}

Result<void> run(const AveragePool& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const SlidingWindow window, pool_window(op, x));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), window.out_dims(window.channels)));
  if (!dispatch(x.dtype(), Floats{}, [&]<class T>() { average_pool<T>(window, op.count_include_pad != 0, x, y); }))
    return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const GlobalPool& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  if (x.rank() < 2) return input_error("takes an input of rank 2 up, found " + std::to_string(x.rank()));
  Dims dims(x.dims().size(), 1);
  dims[0] = x.dims()[0];
  dims[1] = x.dims()[1];
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), dims));
  const int64_t size = product(x.dims(), 2, x.dims().size());
  const bool known = dispatch(x.dtype(), Floats{}, [&]<class T>() {
    const auto in = x.data<T>();
    auto out = y.mutable_data<T>();
    for (int64_t plane = 0; plane < y.size(); ++plane) {
      double sum = 0;
      double best = -std::numeric_limits<double>::infinity();
      for (int64_t i = 0; i < size; ++i) {
        const auto value = static_cast<double>(in[plane * size + i]);
        sum += value;
        if (value > best || value != value) best = value;
      }
      out[plane] = static_cast<T>(op.kind == GlobalPool::Kind::Max ? best : size > 0 ? sum / double(size) : 0.0);
    }
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const DepthToSpace& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const int64_t b = op.blocksize;
  if (x.rank() != 4 || b < 1 || b > (1 << 15) || x.dims()[1] % (b * b) != 0)
    return input_error("takes [N, C * blocksize^2, H, W], found " + to_string(x.type()));
  const int64_t n = x.dims()[0], c = x.dims()[1] / (b * b), h = x.dims()[2], w = x.dims()[3];
  // Axes N, C, H, block row, W, block column of the output, over the input's channel order: DCR keeps the block
  // outermost.
  const bool dcr = op.mode == "DCR";
  const int64_t plane = h * w;
  const int64_t c_stride = dcr ? plane : b * b * plane;
  const int64_t block = dcr ? c * plane : plane;
  PARE_ASSIGN(Tensor y, strided(x, {n, c, h, b, w, b}, {c * b * b * plane, c_stride, w, b * block, 1, block}));
  context.outputs[0] = y.reshaped({n, c, h * b, w * b});
  return {};
}

Result<void> run(const SpaceToDepth& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const int64_t b = op.blocksize;
  if (x.rank() != 4 || b < 1 || x.dims()[2] % b != 0 || x.dims()[3] % b != 0)
    return input_error("takes [N, C, H, W] with H and W multiples of blocksize, found " + to_string(x.type()));
  const int64_t n = x.dims()[0], c = x.dims()[1], h = x.dims()[2] / b, w = x.dims()[3] / b;
  const int64_t row = w * b;
  const int64_t plane = h * b * row;
  PARE_ASSIGN(Tensor y, strided(x, {n, b, b, c, h, w}, {c * plane, row, 1, plane, b * row, b}));
  context.outputs[0] = y.reshaped({n, c * b * b, h, w});
  return {};
}

}  // namespace pare
