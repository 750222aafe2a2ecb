// Pools and unfolding beyond the common ones. https://onnx.ai/onnx/operators: LpPool, GlobalLpPool, MaxUnpool,
// MaxRoiPool, Col2Im.
#include <cmath>
#include <limits>
#include <type_traits>

#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/window.h"

namespace pare {
namespace {

using namespace kernels;

double power(double value, int64_t p) { return std::pow(std::fabs(value), static_cast<double>(p)); }
double root(double sum, int64_t p) { return std::pow(sum, 1.0 / static_cast<double>(p)); }

// The extents along each spatial axis of what MaxUnpool inverts.
Result<Dims> unpooled_dims(const MaxUnpool& op, const Dims& x) {
  const size_t spatial = op.kernel_shape.size();
  Dims dims(x);
  for (size_t i = 0; i < spatial; ++i) {
    const int64_t stride = op.strides.empty() ? 1 : op.strides[i];
    const int64_t pads = op.pads.empty() ? 0 : op.pads[i] + op.pads[spatial + i];
    dims[2 + i] = (x[2 + i] - 1) * stride + op.kernel_shape[i] - pads;
    if (dims[2 + i] < 0) return input_error("pads are larger than the output, expected smaller ones");
  }
  return dims;
}

// The largest element of one cell of a region, 0 of an empty one. Region i is batch index, x1, y1, x2, y2.
template <class T>
void max_roi_pool(const MaxRoiPool& op, const Tensor& x, const Tensor& rois, Tensor& y) {
  const int64_t channels = x.dims()[1], height = x.dims()[2], width = x.dims()[3];
  const auto in = x.data<T>();
  auto out = y.mutable_data<T>();
  const auto scale = static_cast<double>(op.spatial_scale);
  const int64_t rows = op.pooled_shape[0], columns = op.pooled_shape[1];
  int64_t o = 0;
  for (int64_t r = 0; r < rois.dims()[0]; ++r) {
    const auto corner = [&](int64_t k) { return std::round(rois.as_double(r * 5 + k) * scale); };
    const double left = corner(1), top = corner(2);
    const double cell_width = std::max(corner(3) - left + 1, 1.0) / static_cast<double>(columns);
    const double cell_height = std::max(corner(4) - top + 1, 1.0) / static_cast<double>(rows);
    const auto clip = [](double at, int64_t extent) {
      return static_cast<int64_t>(std::clamp(std::isnan(at) ? 0.0 : at, 0.0, static_cast<double>(extent)));
    };
    for (int64_t c = 0; c < channels; ++c) {
      const T* plane = in.data() + (rois.as_int(r * 5) * channels + c) * height * width;
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t y_begin = clip(std::floor(static_cast<double>(i) * cell_height) + top, height);
        const int64_t y_end = clip(std::ceil(static_cast<double>(i + 1) * cell_height) + top, height);
        for (int64_t j = 0; j < columns; ++j) {
          const int64_t x_begin = clip(std::floor(static_cast<double>(j) * cell_width) + left, width);
          const int64_t x_end = clip(std::ceil(static_cast<double>(j + 1) * cell_width) + left, width);
          const bool empty = y_begin >= y_end || x_begin >= x_end;
          T best = empty ? T(0) : std::numeric_limits<T>::lowest();
          for (int64_t h = y_begin; h < y_end; ++h)
            for (int64_t w = x_begin; w < x_end; ++w) best = std::max(best, plane[h * width + w]);
          out[o++] = best;
        }
      }
    }
  }
}

// One spatial axis of Col2Im.
struct Blocks {
  int64_t image, block, count, stride, dilation, pad;
};

Result<std::vector<Blocks>> blocks_of(const Col2Im& op, const KernelContext& context) {
  const auto image = context.inputs[1].ints(), block = context.inputs[2].ints();
  const size_t spatial = image.size();
  const Dims& dims = context.inputs[0].dims();
  if (block.size() != spatial || spatial == 0) return input_error("image_shape and block_shape differ in length");
  std::vector<Blocks> axes;
  double blocks = 1, area = 1;
  for (size_t i = 0; i < spatial; ++i) {
    constexpr int64_t kLimit = int64_t{1} << 31;
    Blocks axis{image[i],
                block[i],
                0,
                op.strides.empty() ? 1 : op.strides[i],
                op.dilations.empty() ? 1 : op.dilations[i],
                op.pads.empty() ? 0 : op.pads[i]};
    const int64_t pad_end = op.pads.empty() ? 0 : op.pads[spatial + i];
    if (axis.image < 0 || axis.image >= kLimit || axis.block < 1 || axis.block >= kLimit)
      return input_error("extents of the image and the block must be positive and below 2^31");
    const int64_t room = axis.image + axis.pad + pad_end - axis.dilation * (axis.block - 1) - 1;
    axis.count = room < 0 ? 0 : room / axis.stride + 1;
    blocks *= static_cast<double>(axis.count);
    area *= static_cast<double>(axis.block);
    axes.push_back(axis);
  }
  if (static_cast<double>(dims[2]) != blocks || dims[1] < area || std::fmod(static_cast<double>(dims[1]), area) != 0)
    return input_error("input " + to_string(context.inputs[0].type()) + " does not hold " +
                       std::to_string(static_cast<int64_t>(area)) + " elements of " +
                       std::to_string(static_cast<int64_t>(blocks)) + " blocks");
  return axes;
}

// The place in the image of cell `cell` of block `block`, both counted row-major; -1 in the padding.
int64_t place(const std::vector<Blocks>& axes, int64_t cell, int64_t block) {
  int64_t at = 0, step = 1;
  for (size_t i = axes.size(); i-- > 0;) {
    const Blocks& axis = axes[i];
    const int64_t along = block % axis.count * axis.stride - axis.pad + cell % axis.block * axis.dilation;
    if (along < 0 || along >= axis.image) return -1;
    at += along * step;
    step *= axis.image;
    block /= axis.count;
    cell /= axis.block;
  }
  return at;
}

template <class T>
void col2im(const std::vector<Blocks>& axes, int64_t planes, const Tensor& x, Tensor& y) {
  using Sum = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;  // integers wrap
  const auto in = x.data<T>();
  auto out = y.mutable_data<T>();
  int64_t area = 1;
  for (const Blocks& axis : axes) area *= axis.block;
  const int64_t size = planes == 0 ? 0 : y.size() / planes, blocks = x.dims()[2];
  std::vector<Sum> sums(static_cast<size_t>(size));
  for (int64_t plane = 0; plane < planes; ++plane) {
    std::fill(sums.begin(), sums.end(), Sum(0));
    for (int64_t cell = 0; cell < area; ++cell)
      for (int64_t block = 0; block < blocks; ++block)
        if (const int64_t at = place(axes, cell, block); at >= 0)
          sums[at] += static_cast<Sum>(in[(plane * area + cell) * blocks + block]);
    for (int64_t i = 0; i < size; ++i) out[plane * size + i] = static_cast<T>(sums[i]);
  }
}

}  // namespace

Result<void> run(const LpPool& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(
      const SlidingWindow window,
      make_window({op.auto_pad, op.dilations, op.pads, op.strides, op.ceil_mode != 0}, x.dims(), op.kernel_shape));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), window.out_dims(window.channels)));
  const bool known = dispatch(x.dtype(), Floats{}, [&]<class T>() {
    const auto in = x.data<T>();
    auto out = y.mutable_data<T>();
    for (int64_t plane = 0; plane < window.batch * window.channels; ++plane) {
      for_each_position(window, [&](int64_t o, int64_t d, int64_t h, int64_t w) {
        double sum = 0;
        for_each_cell(window, d, h, w, [&](int64_t cell, int64_t) {
          sum += power(static_cast<double>(in[plane * window.in_size() + cell]), op.p);
        });
        out[plane * window.out_size() + o] = static_cast<T>(root(sum, op.p));
      });
    }
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const GlobalLpPool& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
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
      for (int64_t i = 0; i < size; ++i) sum += power(static_cast<double>(in[plane * size + i]), op.p);
      out[plane] = static_cast<T>(root(sum, op.p));
    }
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

// The indices count the elements of the tensor that was pooled; an output_shape beyond that only adds zeros behind.
Result<void> run(const MaxUnpool& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const Dims pooled, unpooled_dims(op, x.dims()));
  const Dims dims = context.has(2) ? context.inputs[2].ints() : pooled;
  if (dims.size() != pooled.size()) return input_error("output_shape needs one element per axis of X");
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] < pooled[i])
      return input_error("output_shape asks for " + std::to_string(dims[i]) + " along axis " + std::to_string(i) +
                         ", expected at least " + std::to_string(pooled[i]));
  ElementMover mover(x, x.dtype(), dims, nullptr);
  PARE_TRY(mover.allocate());
  const auto strides = strides_of(dims);
  const int64_t count = product(pooled);
  for (int64_t i = 0; i < x.size(); ++i) {
    int64_t index = context.inputs[1].as_int(i);
    if (index < 0 || index >= count)
      return input_error("an index is " + std::to_string(index) + ", expected 0 to " + std::to_string(count - 1));
    int64_t at = 0;
    for (size_t axis = dims.size(); axis-- > 0; index /= pooled[axis]) at += index % pooled[axis] * strides[axis];
    mover.move(at, i);
  }
  context.outputs[0] = mover.take();
  return {};
}

Result<void> run(const MaxRoiPool& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  const Tensor& rois = context.inputs[1];
  for (int64_t r = 0; r < rois.dims()[0]; ++r) {
    const double batch = rois.as_double(r * 5);
    if (!(batch >= 0 && batch < static_cast<double>(x.dims()[0])))
      return input_error("region " + std::to_string(r) + " is of image " + std::to_string(batch) +
                         ", expected one of " + std::to_string(x.dims()[0]));
  }
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), {rois.dims()[0], x.dims()[1], op.pooled_shape[0], op.pooled_shape[1]}));
  if (!dispatch(x.dtype(), Floats{}, [&]<class T>() { max_roi_pool<T>(op, x, rois, y); })) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Col2Im& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const std::vector<Blocks> axes, blocks_of(op, context));
  int64_t area = 1;
  for (const Blocks& axis : axes) area *= axis.block;
  Dims dims{x.dims()[0], x.dims()[1] / area};
  for (const Blocks& axis : axes) dims.push_back(axis.image);
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), dims));
  if (!dispatch(x.dtype(), Numbers{}, [&]<class T>() { col2im<T>(axes, dims[0] * dims[1], x, y); }))
    return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
