#include "distill/lower.h"

namespace pare {

Result<void> lower(const Reshape& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  Dims shape = context.ints(1);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !op.allowzero) shape[i] = x.size(static_cast<int64_t>(i));
  }
  context.outputs[0] = x.reshape(shape);
  return {};
}

Result<void> lower(const Flatten& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  int64_t rows = 1;
  for (int64_t i = 0; i < context.axis(op.axis); ++i) rows *= x.size(i);
  context.outputs[0] = x.reshape({rows, rows ? x.numel() / rows : 0});
  return {};
}

Result<void> lower(const Squeeze&, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  std::vector<bool> drop(static_cast<size_t>(x.dim()), false);
  if (context.has(1)) {
    for (int64_t a : context.ints(1)) drop[static_cast<size_t>(context.axis(a))] = true;
  } else {
    for (size_t i = 0; i < drop.size(); ++i) drop[i] = x.size(static_cast<int64_t>(i)) == 1;
  }
  Dims dims;
  for (size_t i = 0; i < drop.size(); ++i) {
    if (!drop[i]) dims.push_back(x.size(static_cast<int64_t>(i)));
  }
  context.outputs[0] = x.reshape(dims);
  return {};
}

Result<void> lower(const Unsqueeze&, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const Dims axes = context.ints(1);
  const size_t rank = static_cast<size_t>(x.dim()) + axes.size();
  Dims dims(rank, 0);
  for (int64_t a : axes) dims[static_cast<size_t>(a < 0 ? a + static_cast<int64_t>(rank) : a)] = 1;
  int64_t next = 0;
  for (int64_t& d : dims) {
    if (d == 0) d = x.size(next++);
  }
  context.outputs[0] = x.reshape(dims);
  return {};
}

Result<void> lower(const Transpose& op, LowerContext& context) {
  Dims perm = op.perm;
  if (perm.empty()) {
    for (int64_t i = context.inputs[0].dim(); i-- > 0;) perm.push_back(i);
  }
  context.outputs[0] = context.inputs[0].permute(perm);
  return {};
}

Result<void> lower(const Concat& op, LowerContext& context) {
  context.outputs[0] = at::cat(context.inputs, op.axis);
  return {};
}

Result<void> lower(const Split& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const int64_t axis = context.axis(op.axis);
  const auto parts = static_cast<int64_t>(context.outputs.size());
  Dims sizes = context.has(1) ? context.ints(1) : Dims{};
  if (sizes.empty()) {
    const int64_t part = (x.size(axis) + parts - 1) / parts;
    for (int64_t i = 0; i < parts; ++i) sizes.push_back(std::min(part, x.size(axis) - i * part));
  }
  const auto pieces = at::split_with_sizes(x, sizes, axis);
  for (size_t i = 0; i < context.outputs.size(); ++i) context.outputs[i] = pieces[i];
  return {};
}

Result<void> lower(const Slice&, LowerContext& context) {
  at::Tensor x = context.inputs[0];
  const Dims starts = context.ints(1), ends = context.ints(2);
  Dims axes = context.has(3) ? context.ints(3) : Dims{};
  if (axes.empty()) {
    for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  }
  const Dims steps = context.has(4) ? context.ints(4) : Dims(starts.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t axis = context.axis(axes[i]), size = x.size(axis), step = steps[i];
    int64_t start = starts[i] < 0 ? starts[i] + size : starts[i];
    int64_t end = ends[i] < 0 ? std::max<int64_t>(ends[i], -size - 1) + size : ends[i];
    if (step > 0) {
      start = std::clamp<int64_t>(start, 0, size);
      x = x.slice(axis, start, std::clamp<int64_t>(end, start, size), step);
    } else {
      start = std::clamp<int64_t>(start, -1, size - 1);
      end = std::clamp<int64_t>(end, -1, start);
      x = x.index_select(axis, at::arange(start, end, step, at::kLong));
    }
  }
  context.outputs[0] = x;
  return {};
}

namespace {

// For each place of the padded axis, where in the old axis it comes from.
Dims padded_indices(const std::string& mode, int64_t size, int64_t begin, int64_t end) {
  Dims indices;
  for (int64_t i = -begin; i < size + end; ++i) {
    int64_t from = i;
    if (mode == "edge") from = std::clamp<int64_t>(i, 0, size - 1);
    if (mode == "wrap") from = ((i % size) + size) % size;
    if (mode == "reflect" && size > 1) {
      const int64_t period = 2 * (size - 1);
      from = ((i % period) + period) % period;
      if (from >= size) from = period - from;
    }
    if (mode == "reflect" && size == 1) from = 0;
    indices.push_back(from);
  }
  return indices;
}

}  // namespace

Result<void> lower(const Pad& op, LowerContext& context) {
  at::Tensor x = context.inputs[0];
  const Dims amounts = context.ints(1);
  Dims axes = context.has(3) ? context.ints(3) : Dims{};
  if (axes.empty()) {
    for (int64_t i = 0; i < x.dim(); ++i) axes.push_back(i);
  }
  Dims begins(static_cast<size_t>(x.dim()), 0), ends = begins;
  for (size_t i = 0; i < axes.size(); ++i) {
    begins[static_cast<size_t>(context.axis(axes[i]))] = amounts[i];
    ends[static_cast<size_t>(context.axis(axes[i]))] = amounts[axes.size() + i];
  }
  if (op.mode == "constant") {
    Dims pads;
    for (size_t i = begins.size(); i-- > 0;) {
      pads.push_back(begins[i]);
      pads.push_back(ends[i]);
    }
    context.outputs[0] = at::constant_pad_nd(x, pads, context.has(2) ? context.inputs[2].item() : at::Scalar(0));
    return {};
  }
  for (int64_t axis = 0; axis < x.dim(); ++axis) {
    const int64_t begin = begins[static_cast<size_t>(axis)], end = ends[static_cast<size_t>(axis)];
    if (begin == 0 && end == 0) continue;
    const Dims indices = padded_indices(op.mode, x.size(axis), begin, end);
    x = x.index_select(axis, at::tensor(indices, at::kLong));
  }
  context.outputs[0] = x;
  return {};
}

Result<void> lower(const Gather& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const int64_t axis = context.axis(op.axis);
  at::Tensor indices = context.inputs[1].to(at::kLong);
  indices = at::where(indices.lt(0), indices + x.size(axis), indices);
  Dims dims = x.sizes().slice(0, static_cast<size_t>(axis)).vec();
  for (int64_t d : indices.sizes()) dims.push_back(d);
  for (int64_t d : x.sizes().slice(static_cast<size_t>(axis) + 1)) dims.push_back(d);
  context.outputs[0] = x.index_select(axis, indices.reshape({-1})).reshape(dims);
  return {};
}

Result<void> lower(const Expand&, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const Dims target = context.ints(1);
  context.outputs[0] = x.expand(at::infer_size(x.sizes(), target));
  return {};
}

Result<void> lower(const Tile&, LowerContext& context) {
  context.outputs[0] = context.inputs[0].repeat(context.ints(1));
  return {};
}

Result<void> lower(const ShapeOf& op, LowerContext& context) {
  const Dims dims = dims_of(context.inputs[0]);
  const auto rank = static_cast<int64_t>(dims.size());
  const auto bound = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
  const int64_t begin = bound(op.start), end = std::max(begin, bound(op.end.value_or(rank)));
  context.outputs[0] = at::tensor(Dims(dims.begin() + begin, dims.begin() + end), at::kLong);
  return {};
}

Result<void> lower(const Size&, LowerContext& context) {
  context.outputs[0] = at::scalar_tensor(context.inputs[0].numel(), at::kLong);
  return {};
}

Result<void> lower(const ConstantOfShape& op, LowerContext& context) {
  const DType dtype = op.value ? op.value->dtype() : DType::float32;
  const at::ScalarType type = torch_type(dtype, context.real);
  const at::Scalar value = !op.value                ? at::Scalar(0)
                           : is_float(dtype)        ? at::Scalar(op.value->as_double(0))
                                                    : at::Scalar(op.value->as_int(0));
  context.outputs[0] = at::full(context.ints(0), value, at::TensorOptions().dtype(type));
  return {};
}

Result<void> lower(const Range&, LowerContext& context) {
  context.outputs[0] = at::arange(context.inputs[0].item(), context.inputs[1].item(), context.inputs[2].item(),
                                  context.inputs[0].options());
  return {};
}

Result<void> lower(const DepthToSpace& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const int64_t b = op.blocksize, n = x.size(0), c = x.size(1) / (b * b), h = x.size(2), w = x.size(3);
  if (op.mode == "CRD") {
    context.outputs[0] = at::pixel_shuffle(x, b);
    return {};
  }
  context.outputs[0] = x.reshape({n, b, b, c, h, w}).permute({0, 3, 4, 1, 5, 2}).reshape({n, c, h * b, w * b});
  return {};
}

Result<void> lower(const SpaceToDepth& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const int64_t b = op.blocksize, n = x.size(0), c = x.size(1), h = x.size(2) / b, w = x.size(3) / b;
  context.outputs[0] = x.reshape({n, c, h, b, w, b}).permute({0, 3, 5, 1, 2, 4}).reshape({n, c * b * b, h, w});
  return {};
}

}  // namespace pare
