// Operators that pick elements by index or place. https://onnx.ai/onnx/operators. Scatters stand in scatter.cc, what
// sorts or counts in sort.cc.
#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

// Whether x fits the axis; counted from the back where negative.
Result<int64_t> index_in(int64_t i, int64_t size) {
  if (i < -size || i >= size)
    return input_error("index " + std::to_string(i) + " is outside an axis of " + std::to_string(size));
  return i < 0 ? i + size : i;
}

Result<void> need_index_type(const Tensor& indices) {
  if (indices.dtype() != DType::int64 && indices.dtype() != DType::int32)
    return input_error("indices must be int64 or int32, found " + to_string(indices.type()));
  return {};
}

// The single element of a tensor of at most rank 1.
Result<int64_t> single(const Tensor& tensor, const std::string& what) {
  if (tensor.size() != 1 || tensor.rank() > 1)
    return input_error(what + " must be one number, found " + to_string(tensor.type()));
  return tensor.as_int(0);
}

}  // namespace

Result<void> run(const GatherElements& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const Tensor& indices = context.inputs[1];
  PARE_TRY(need_index_type(indices));
  if (indices.rank() != x.rank()) return input_error("data and indices must be of one rank");
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  for (size_t i = 0; i < x.dims().size(); ++i)
    if (i != axis && indices.dims()[i] > x.dims()[i])
      return input_error("indices reach beyond data along axis " + std::to_string(i));
  ElementMover mover(x, x.dtype(), indices.dims(), nullptr);
  PARE_TRY(mover.allocate());
  auto strides = strides_of(x.dims());
  const int64_t along = std::exchange(strides[axis], 0);
  Result<void> done;
  for_each_index<1>(indices.dims(), {strides}, [&](int64_t i, const auto& at) {
    if (!done) return;
    if (auto index = index_in(indices.as_int(i), x.dims()[axis]); index)
      mover.move(i, at[0] + *index * along);
    else
      done = index.failure();
  });
  PARE_TRY(done);
  context.outputs[0] = mover.take();
  return {};
}

Result<void> run(const GatherND& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const Tensor& indices = context.inputs[1];
  PARE_TRY(need_index_type(indices));
  const auto rank = x.dims().size(), index_rank = indices.dims().size();
  if (op.batch_dims < 0 || op.batch_dims >= static_cast<int64_t>(std::min(rank, index_rank)))
    return input_error("batch_dims is " + std::to_string(op.batch_dims) + ", expected less than both ranks");
  const auto batch = static_cast<size_t>(op.batch_dims);
  const int64_t depth = indices.dims().back();
  if (depth < 1 || depth > static_cast<int64_t>(rank - batch))
    return input_error("index tuples have " + std::to_string(depth) + " entries, expected 1 to " +
                       std::to_string(rank - batch));
  const auto picked = batch + static_cast<size_t>(depth);
  if (!std::equal(x.dims().begin(), x.dims().begin() + op.batch_dims, indices.dims().begin()))
    return input_error("data and indices differ in a batch axis");
  Dims dims(indices.dims().begin(), indices.dims().end() - 1);
  dims.insert(dims.end(), x.dims().begin() + static_cast<int64_t>(picked), x.dims().end());
  ElementMover mover(x, x.dtype(), dims, nullptr);
  PARE_TRY(mover.allocate());
  const int64_t slice = product(x.dims(), picked, rank);
  const int64_t tuples = product(indices.dims(), 0, index_rank - 1);
  const int64_t per_batch = product(indices.dims(), batch, index_rank - 1);
  const int64_t batch_size = product(x.dims(), batch, rank);
  const auto strides = strides_of(x.dims());
  for (int64_t t = 0; t < tuples; ++t) {
    int64_t from = t / per_batch * batch_size;
    for (int64_t k = 0; k < depth; ++k) {
      const size_t axis = batch + static_cast<size_t>(k);
      PARE_ASSIGN(const int64_t index, index_in(indices.as_int(t * depth + k), x.dims()[axis]));
      from += index * strides[axis];
    }
    for (int64_t i = 0; i < slice; ++i) mover.move(t * slice + i, from + i);
  }
  context.outputs[0] = mover.take();
  return {};
}

Result<void> run(const OneHot& op, KernelContext& context) {
  const Tensor& indices = context.inputs[0];
  const Tensor& values = context.inputs[2];
  PARE_ASSIGN(const int64_t depth, single(context.inputs[1], "depth"));
  if (depth < 0) return input_error("depth is " + std::to_string(depth) + ", expected 0 or more");
  if (values.size() != 2) return input_error("values must hold two elements, found " + to_string(values.type()));
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, indices.dims().size() + 1));
  Dims dims = indices.dims();
  dims.insert(dims.begin() + static_cast<int64_t>(axis), depth);
  ElementMover mover(values, values.dtype(), dims, nullptr);
  PARE_TRY(mover.allocate());
  const int64_t inner = product(indices.dims(), axis, indices.dims().size());
  for (int64_t i = 0; i < indices.size(); ++i) {
    int64_t hot = indices.as_int(i);
    if (hot < 0 && hot >= -depth) hot += depth;
    for (int64_t k = 0; k < depth; ++k) mover.move((i / inner * depth + k) * inner + i % inner, k == hot ? 1 : 0);
  }
  context.outputs[0] = mover.take();
  return {};
}

Result<void> run(const Compress& op, KernelContext& context) {
  const Tensor flat = context.inputs[0].reshaped({context.inputs[0].size()});
  const Tensor& x = op.axis ? context.inputs[0] : flat;
  const Tensor& condition = context.inputs[1];
  if (condition.dtype() != DType::boolean || condition.rank() != 1)
    return input_error("condition must be a vector of bool, found " + to_string(condition.type()));
  PARE_ASSIGN(const size_t axis, axis_of(op.axis.value_or(0), x.dims().size()));
  if (condition.size() > x.dims()[axis])
    return input_error("condition has " + std::to_string(condition.size()) + " entries, expected at most " +
                       std::to_string(x.dims()[axis]));
  std::vector<std::vector<int64_t>> maps;
  for (const int64_t dim : x.dims()) maps.push_back(iota(dim));
  std::erase_if(maps[axis], [&](int64_t i) { return i >= condition.size() || condition.as_int(i) == 0; });
  PARE_ASSIGN(context.outputs[0], select(x, maps));
  return {};
}

Result<void> run(const ReverseSequence& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const Tensor& lengths = context.inputs[1];
  if (x.rank() < 2) return input_error("takes an input of rank 2 or more");
  if ((op.batch_axis != 0 && op.batch_axis != 1) || op.time_axis != 1 - op.batch_axis)
    return input_error("batch_axis and time_axis must be 0 and 1, in either order");
  const auto batch = static_cast<size_t>(op.batch_axis), time = static_cast<size_t>(op.time_axis);
  if (lengths.dtype() != DType::int64 || lengths.dims() != Dims{x.dims()[batch]})
    return input_error("sequence_lens must hold one int64 per entry of the batch, found " + to_string(lengths.type()));
  for (const int64_t length : lengths.data<int64_t>())
    if (length < 0 || length > x.dims()[time])
      return input_error("sequence_lens holds " + std::to_string(length) + ", expected 0 to " +
                         std::to_string(x.dims()[time]));
  ElementMover mover(x, x.dtype(), x.dims(), nullptr);
  PARE_TRY(mover.allocate());
  const auto strides = strides_of(x.dims());
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t t = i / strides[time] % x.dims()[time];
    const int64_t length = lengths.data<int64_t>()[static_cast<size_t>(i / strides[batch] % x.dims()[batch])];
    mover.move(i, t < length ? i + (length - 1 - 2 * t) * strides[time] : i);
  }
  context.outputs[0] = mover.take();
  return {};
}

Result<void> run(const Trilu& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (x.rank() < 2) return input_error("takes an input of rank 2 or more");
  int64_t k = 0;
  if (context.has(1)) {
    PARE_ASSIGN(k, single(context.inputs[1], "k"));
  }
  ElementMover mover(x, x.dtype(), x.dims(), nullptr);
  PARE_TRY(mover.allocate());
  const int64_t columns = x.dims().back(), rows = x.dims()[x.dims().size() - 2];
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t diagonal = i % columns - i / columns % rows;
    mover.move(i, (op.upper != 0 ? diagonal >= k : diagonal <= k) ? i : -1);
  }
  context.outputs[0] = mover.take();
  return {};
}

Result<void> run(const EyeLike& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (x.rank() != 2) return input_error("takes a matrix, found " + to_string(x.type()));
  const DType dtype = op.dtype == DType::undefined ? x.dtype() : op.dtype;
  if (!is_float(dtype) && !is_integer(dtype) && dtype != DType::boolean) return no_kernel(dtype);
  PARE_ASSIGN(Tensor y, allocate(dtype, x.dims()));
  for (int64_t i = 0; i < y.size(); ++i)
    if (i % x.dims()[1] - i / x.dims()[1] == op.k) y.set_double(i, 1);
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const CenterCropPad& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const Tensor& shape = context.inputs[1];
  PARE_TRY(need_index_type(shape));
  const std::vector<int64_t> axes = op.axes.empty() ? iota(x.rank()) : op.axes;
  if (shape.rank() != 1 || shape.size() != static_cast<int64_t>(axes.size()))
    return input_error("shape must hold one entry per axis, found " + to_string(shape.type()));
  Dims dims = x.dims(), overlap = x.dims();
  Dims from(dims.size(), 0), to(dims.size(), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    PARE_ASSIGN(const size_t axis, axis_of(axes[i], dims.size()));
    const int64_t target = shape.as_int(static_cast<int64_t>(i)), size = x.dims()[axis];
    if (target < 0) return input_error("shape holds " + std::to_string(target) + ", expected 0 or more");
    dims[axis] = target;
    overlap[axis] = std::min(target, size);
    from[axis] = target < size ? (size - target) / 2 : 0;
    to[axis] = target > size ? (target - size) / 2 : 0;
  }
  ElementMover mover(x, x.dtype(), dims, nullptr);
  PARE_TRY(mover.allocate());
  const auto in_strides = strides_of(x.dims()), out_strides = strides_of(dims);
  int64_t in_start = 0, out_start = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    in_start += from[i] * in_strides[i];
    out_start += to[i] * out_strides[i];
  }
  for_each_index<2>(overlap, {in_strides, out_strides},
                    [&](int64_t, const auto& at) { mover.move(out_start + at[1], in_start + at[0]); });
  context.outputs[0] = mover.take();
  return {};
}

}  // namespace pare
