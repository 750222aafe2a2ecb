// Operators that move elements or look at shapes. https://onnx.ai/onnx/operators.
#include <cmath>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

Result<std::vector<int64_t>> int_vector(const Tensor& tensor, const char* what) {
  if ((tensor.dtype() != DType::int64 && tensor.dtype() != DType::int32) || tensor.rank() > 1)
    return input_error(std::string(what) + " must be a vector of integers, found " + to_string(tensor.type()));
  return tensor.ints();
}

Result<void> reshape(KernelContext& context, Dims dims) {
  const Tensor& x = context.inputs[0];
  if (element_count(dims) != x.size()) {
    Type wanted{x.dtype(), Shape{}};
    for (const int64_t dim : dims) wanted.shape->push_back(Dim(dim));
    return input_error("cannot give " + to_string(x.type()) + " the shape of " + to_string(wanted));
  }
  context.outputs[0] = x.reshaped(std::move(dims));
  return {};
}

// The axes of a Squeeze or Unsqueeze, normalized, as flags over `rank`.
Result<std::vector<bool>> axis_flags(const std::vector<int64_t>& axes, size_t rank) {
  std::vector<bool> flags(rank, false);
  for (const int64_t axis : axes) {
    PARE_ASSIGN(const size_t at, axis_of(axis, rank));
    if (flags[at]) return input_error("axis " + std::to_string(axis) + " appears twice");
    flags[at] = true;
  }
  return flags;
}

std::vector<std::vector<int64_t>> identity_maps(const Dims& dims) {
  std::vector<std::vector<int64_t>> maps;
  for (const int64_t dim : dims) maps.push_back(iota(dim));
  return maps;
}

// The elements a Slice takes along an axis, as ONNX clamps its bounds.
std::vector<int64_t> slice_indices(int64_t start, int64_t end, int64_t step, int64_t size) {
  const auto clamp = [&](int64_t value, int64_t low, int64_t high) {
    if (value < 0) value += size;
    return std::clamp(value, low, high);
  };
  std::vector<int64_t> indices;
  if (step > 0) {
    end = clamp(end, 0, size);
    for (int64_t i = clamp(start, 0, size); i<end; i = i> end - step ? end : i + step) indices.push_back(i);
  } else {
    end = clamp(end, -1, size - 1);
    for (int64_t i = clamp(start, -1, size - 1); i > end; i = i < end - step ? end : i + step) indices.push_back(i);
  }
  return indices;
}

// Where element i of a padded axis comes from; -1: the constant.
int64_t pad_source(const std::string& mode, int64_t i, int64_t size) {
  if (i >= 0 && i < size) return i;
  if (mode == "constant" || size == 0) return -1;
  if (mode == "edge") return std::clamp<int64_t>(i, 0, size - 1);
  if (mode == "wrap") return (i % size + size) % size;
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);  // reflect
  const int64_t at = (i % period + period) % period;
  return at < size ? at : period - at;
}

}  // namespace

Result<void> run(const Reshape& op, KernelContext& context) {
  PARE_ASSIGN(Dims dims, int_vector(context.inputs[1], "shape"));
  const Tensor& x = context.inputs[0];
  int64_t known = 1;
  int unknown = -1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && op.allowzero == 0) {
      if (i >= x.dims().size()) return input_error("shape keeps an axis that the input does not have");
      dims[i] = x.dims()[i];
    }
    if (dims[i] == -1 && unknown >= 0) return input_error("shape has more than one -1");
    if (dims[i] == -1)
      unknown = static_cast<int>(i);
    else if (dims[i] < 0 || __builtin_mul_overflow(known, dims[i], &known))
      return input_error("shape holds " + std::to_string(dims[i]));
  }
  if (unknown >= 0) {
    if (known == 0 || x.size() % known != 0)
      return input_error("shape does not divide " + std::to_string(x.size()) + " elements");
    dims[static_cast<size_t>(unknown)] = x.size() / known;
  }
  return reshape(context, std::move(dims));
}

Result<void> run(const Flatten& op, KernelContext& context) {
  const Dims& dims = context.inputs[0].dims();
  const auto rank = static_cast<int64_t>(dims.size());
  if (op.axis < -rank || op.axis > rank) {
    return input_error("axis " + std::to_string(op.axis) + " is out of range for rank " + std::to_string(rank));
  }
  const auto axis = static_cast<size_t>(op.axis < 0 ? op.axis + rank : op.axis);
  return reshape(context, {product(dims, 0, axis), product(dims, axis, dims.size())});
}

Result<void> run(const Squeeze&, KernelContext& context) {
  const Dims& dims = context.inputs[0].dims();
  std::vector<bool> gone(dims.size());
  if (context.has(1)) {
    PARE_ASSIGN(const auto axes, int_vector(context.inputs[1], "axes"));
    PARE_ASSIGN(gone, axis_flags(axes, dims.size()));
  } else {
    for (size_t i = 0; i < dims.size(); ++i) gone[i] = dims[i] == 1;
  }
  Dims left;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (!gone[i])
      left.push_back(dims[i]);
    else if (dims[i] != 1)
      return input_error("axis " + std::to_string(i) + " has extent " + std::to_string(dims[i]) + ", not 1");
  }
  return reshape(context, std::move(left));
}

Result<void> run(const Unsqueeze&, KernelContext& context) {
  const Dims& dims = context.inputs[0].dims();
  PARE_ASSIGN(const auto axes, int_vector(context.inputs[1], "axes"));
  PARE_ASSIGN(const auto fresh, axis_flags(axes, dims.size() + axes.size()));
  Dims out;
  size_t from = 0;
  for (const bool is_new : fresh) out.push_back(is_new ? 1 : dims[from++]);
  return reshape(context, std::move(out));
}

Result<void> run(const Transpose& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const size_t rank = x.dims().size();
  std::vector<int64_t> perm = op.perm;
  if (perm.empty())
    for (size_t i = 0; i < rank; ++i) perm.push_back(static_cast<int64_t>(rank - 1 - i));
  if (perm.size() != rank)
    return input_error("perm has " + std::to_string(perm.size()) + " axes, the input " + std::to_string(rank));
  PARE_TRY(axis_flags(perm, rank));
  const auto strides = strides_of(x.dims());
  Dims dims;
  std::vector<int64_t> permuted;
  for (const int64_t axis : perm) {
    const auto at = static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
    dims.push_back(x.dims()[at]);
    permuted.push_back(strides[at]);
  }
  PARE_ASSIGN(context.outputs[0], strided(x, dims, permuted));
  return {};
}

Result<void> run(const Concat& op, KernelContext& context) {
  const Tensor& first = context.inputs[0];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, first.dims().size()));
  Dims dims = first.dims();
  dims[axis] = 0;
  for (const Tensor& input : context.inputs) {
    Dims other = input.dims();
    if (input.dtype() != first.dtype() || other.size() != dims.size())
      return input_error("takes operands of one type and rank");
    const int64_t extent = other[axis];
    other[axis] = dims[axis];
    if (other != dims) return input_error("operands differ on an axis other than " + std::to_string(axis));
    if (__builtin_add_overflow(dims[axis], extent, &dims[axis])) return input_error("result is too large");
  }
  ElementMover mover(first, first.dtype(), dims, nullptr);
  PARE_TRY(mover.allocate());
  const int64_t outer = product(dims, 0, axis);
  const int64_t inner = product(dims, axis + 1, dims.size());
  int64_t begin = 0;
  for (const Tensor& input : context.inputs) {
    mover.read_from(input);
    const int64_t run_length = input.dims()[axis] * inner;
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < run_length; ++i) mover.move(o * dims[axis] * inner + begin + i, o * run_length + i);
    begin += run_length;
  }
  context.outputs[0] = mover.take();
  return {};
}

Result<void> run(const Split& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  const auto parts = static_cast<int64_t>(context.outputs.size());
  const int64_t size = x.dims()[axis];
  std::vector<int64_t> sizes;
  if (context.has(1)) {
    PARE_ASSIGN(sizes, int_vector(context.inputs[1], "split"));
  } else {
    const int64_t chunk = (size + parts - 1) / parts;  // the last part is the smaller one
    for (int64_t i = 0; i < parts; ++i) sizes.push_back(std::clamp<int64_t>(size - i * chunk, 0, chunk));
  }
  int64_t total = 0;
  for (const int64_t part : sizes)
    if (part < 0 || __builtin_add_overflow(total, part, &total))
      return input_error("split holds " + std::to_string(part));
  if (static_cast<int64_t>(sizes.size()) != parts || total != size)
    return input_error("split must give " + std::to_string(parts) + " parts of together " + std::to_string(size));
  int64_t begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    auto maps = identity_maps(x.dims());
    maps[axis] = iota(sizes[i]);
    for (int64_t& at : maps[axis]) at += begin;
    PARE_ASSIGN(context.outputs[i], select(x, maps));
    begin += sizes[i];
  }
  return {};
}

Result<void> run(const Slice&, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const auto starts, int_vector(context.inputs[1], "starts"));
  PARE_ASSIGN(const auto ends, int_vector(context.inputs[2], "ends"));
  std::vector<int64_t> axes = iota(static_cast<int64_t>(starts.size()));
  std::vector<int64_t> steps(starts.size(), 1);
  if (context.has(3)) {
    PARE_ASSIGN(axes, int_vector(context.inputs[3], "axes"));
  }
  if (context.has(4)) {
    PARE_ASSIGN(steps, int_vector(context.inputs[4], "steps"));
  }
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    return input_error("starts, ends, axes and steps must be of one length");
  PARE_TRY(axis_flags(axes, x.dims().size()));
  auto maps = identity_maps(x.dims());
  constexpr int64_t kFar = int64_t{1} << 62;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (steps[i] == 0) return input_error("steps holds 0");
    PARE_ASSIGN(const size_t axis, axis_of(axes[i], x.dims().size()));
    const auto bound = [&](int64_t v) { return std::clamp(v, -kFar, kFar); };
    maps[axis] = slice_indices(bound(starts[i]), bound(ends[i]), bound(steps[i]), x.dims()[axis]);
  }
  PARE_ASSIGN(context.outputs[0], select(x, maps));
  return {};
}

Result<void> run(const Pad& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const auto pads, int_vector(context.inputs[1], "pads"));
  std::vector<int64_t> axes = iota(x.rank());
  if (context.has(3)) {
    PARE_ASSIGN(axes, int_vector(context.inputs[3], "axes"));
  }
  PARE_TRY(axis_flags(axes, x.dims().size()));
  if (pads.size() != 2 * axes.size()) return input_error("pads must hold two entries per axis");
  const Tensor* fill = context.has(2) ? &context.inputs[2] : nullptr;
  if (fill && (fill->size() != 1 || fill->dtype() != x.dtype()))
    return input_error("constant_value must be one element of the input's type");
  if (op.mode != "constant" && op.mode != "edge" && op.mode != "reflect" && op.mode != "wrap")
    return input_error("mode \"" + op.mode + "\" is none of constant, reflect, edge, wrap");
  auto maps = identity_maps(x.dims());
  constexpr int64_t kLimit = int64_t{1} << 32;
  for (size_t i = 0; i < axes.size(); ++i) {
    PARE_ASSIGN(const size_t axis, axis_of(axes[i], x.dims().size()));
    const int64_t size = x.dims()[axis], begin = pads[i], end = pads[axes.size() + i];
    if (std::abs(begin) > kLimit || std::abs(end) > kLimit || size + begin + end < 0)
      return input_error("pads of " + std::to_string(begin) + " and " + std::to_string(end) +
                         " do not fit an axis of " + std::to_string(size));
    if (op.mode != "constant" && size == 0 && begin + end > 0)
      return input_error("cannot pad an empty axis with its own elements");
    maps[axis].resize(static_cast<size_t>(size + begin + end));
    for (size_t j = 0; j < maps[axis].size(); ++j)
      maps[axis][j] = pad_source(op.mode, static_cast<int64_t>(j) - begin, size);
  }
  PARE_ASSIGN(context.outputs[0], select(x, maps, fill));
  return {};
}

Result<void> run(const Gather& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const Tensor& indices = context.inputs[1];
  if (!is_integer(indices.dtype())) return input_error("indices must be integers");
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  const int64_t size = x.dims()[axis];
  std::vector<int64_t> at = indices.ints();
  for (int64_t& i : at) {
    if (i < -size || i >= size)
      return input_error("index " + std::to_string(i) + " is outside an axis of " + std::to_string(size));
    if (i < 0) i += size;
  }
  auto maps = identity_maps(x.dims());
  maps[axis] = std::move(at);
  PARE_ASSIGN(Tensor y, select(x, maps));
  Dims dims(x.dims().begin(), x.dims().begin() + static_cast<int64_t>(axis));
  dims.insert(dims.end(), indices.dims().begin(), indices.dims().end());
  dims.insert(dims.end(), x.dims().begin() + static_cast<int64_t>(axis) + 1, x.dims().end());
  context.outputs[0] = y.reshaped(std::move(dims));
  return {};
}

Result<void> run(const Expand&, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const Dims shape, int_vector(context.inputs[1], "shape"));
  if (!element_count(shape)) return input_error("shape holds a negative extent or is too large");
  PARE_ASSIGN(const Dims dims, broadcast_dims({x.dims(), shape}));
  PARE_ASSIGN(context.outputs[0], strided(x, dims, broadcast_strides(x.dims(), dims)));
  return {};
}

Result<void> run(const Tile&, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const auto repeats, int_vector(context.inputs[1], "repeats"));
  if (repeats.size() != x.dims().size()) return input_error("repeats must have one entry per axis");
  Dims dims, out;
  std::vector<int64_t> strides;
  const auto own = strides_of(x.dims());
  for (size_t i = 0; i < repeats.size(); ++i) {
    int64_t extent = 0;
    if (repeats[i] < 0 || __builtin_mul_overflow(repeats[i], x.dims()[i], &extent))
      return input_error("repeats holds " + std::to_string(repeats[i]));
    dims.insert(dims.end(), {repeats[i], x.dims()[i]});
    strides.insert(strides.end(), {0, own[i]});
    out.push_back(extent);
  }
  PARE_ASSIGN(Tensor y, strided(x, dims, strides));
  context.outputs[0] = y.reshaped(std::move(out));
  return {};
}

Result<void> run(const ShapeOf& op, KernelContext& context) {
  const Dims& dims = context.inputs[0].dims();
  const auto rank = static_cast<int64_t>(dims.size());
  const auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t begin = clamp(op.start);
  const int64_t end = std::max(begin, clamp(op.end.value_or(rank)));
  context.outputs[0] = Tensor::of<int64_t>({end - begin}, Dims(dims.begin() + begin, dims.begin() + end));
  return {};
}

Result<void> run(const Size&, KernelContext& context) {
  context.outputs[0] = Tensor::scalar<int64_t>(context.inputs[0].size());
  return {};
}

Result<void> run(const ConstantOfShape& op, KernelContext& context) {
  PARE_ASSIGN(const Dims dims, int_vector(context.inputs[0], "the shape"));
  const Tensor value = op.value ? *op.value : Tensor::scalar(0.0f);
  if (value.size() != 1) return input_error("value must have one element");
  if (!element_count(dims)) return input_error("the shape holds a negative extent or is too large");
  PARE_ASSIGN(context.outputs[0], strided(value, dims, std::vector<int64_t>(dims.size(), 0)));
  return {};
}

Result<void> run(const Range&, KernelContext& context) {
  for (const Tensor& input : context.inputs)
    if (input.size() != 1 || input.dtype() != context.inputs[0].dtype())
      return input_error("takes three scalars of one type");
  const DType dtype = context.inputs[0].dtype();
  const double start = context.inputs[0].as_double(0), limit = context.inputs[1].as_double(0),
               delta = context.inputs[2].as_double(0);
  if (!(delta < 0 || delta > 0)) return input_error("delta is zero");
  const double count = std::max(0.0, std::ceil((limit - start) / delta));
  if (!(count < 1e10)) return input_error("would give too many elements");
  PARE_ASSIGN(Tensor y, allocate(dtype, {static_cast<int64_t>(count)}));
  for (int64_t i = 0; i < y.size(); ++i) y.set_double(i, start + static_cast<double>(i) * delta);
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
