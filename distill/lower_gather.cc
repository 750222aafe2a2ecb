// Operators that pick, place, sort or count elements.
#include "distill/lower.h"

namespace pare {
namespace {

// Counted from the front, as int64.
at::Tensor from_front(const at::Tensor& indices, int64_t size) {
  const at::Tensor i = indices.to(at::kLong);
  return at::where(i.lt(0), i + size, i);
}

// Index tuples as rows of data flattened to [rows, elements of a slice]; `batch` leading axes are shared.
struct Rows {
  at::Tensor flat, row;
};
Rows rows_of(const at::Tensor& data, const at::Tensor& indices, int64_t batch) {
  const int64_t depth = indices.size(-1);
  int64_t batches = 1, positions = 1, slice = 1;
  for (int64_t i = 0; i < data.dim(); ++i)
    (i < batch ? batches : i < batch + depth ? positions : slice) *= data.size(i);
  at::Tensor row = at::zeros(indices.sizes().slice(0, static_cast<size_t>(indices.dim() - 1)), at::kLong);
  for (int64_t k = 0; k < depth; ++k)
    row = row * data.size(batch + k) + from_front(indices.select(-1, k), data.size(batch + k));
  row = row.reshape({batches, -1}) + at::arange(batches, at::kLong).unsqueeze(1) * positions;
  return {data.reshape({batches * positions, slice}), row.reshape({-1})};
}

const char* reduction_name(const std::string& reduction) {
  return reduction == "add" ? "sum" : reduction == "mul" ? "prod" : reduction == "max" ? "amax" : "amin";
}

}  // namespace

Result<void> lower(const GatherElements& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const int64_t axis = context.axis(op.axis);
  context.outputs[0] = at::gather(x, axis, from_front(context.inputs[1], x.size(axis)));
  return {};
}

Result<void> lower(const GatherND& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const at::Tensor& indices = context.inputs[1];
  const Rows rows = rows_of(x, indices, op.batch_dims);
  Dims dims = indices.sizes().slice(0, static_cast<size_t>(indices.dim() - 1)).vec();
  for (int64_t i = op.batch_dims + indices.size(-1); i < x.dim(); ++i) dims.push_back(x.size(i));
  context.outputs[0] = rows.flat.index_select(0, rows.row).reshape(dims);
  return {};
}

Result<void> lower(const ScatterElements& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const int64_t axis = context.axis(op.axis);
  const at::Tensor indices = from_front(context.inputs[1], x.size(axis));
  context.outputs[0] = op.reduction == "none"
                           ? at::scatter(x, axis, indices, context.inputs[2])
                           : at::scatter_reduce(x, axis, indices, context.inputs[2], reduction_name(op.reduction));
  return {};
}

Result<void> lower(const ScatterND& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const Rows rows = rows_of(x, context.inputs[1], 0);
  const at::Tensor updates = context.inputs[2].reshape({rows.row.size(0), rows.flat.size(1)});
  const at::Tensor places = rows.row.unsqueeze(1).expand_as(updates);
  const at::Tensor y = op.reduction == "none"
                           ? at::scatter(rows.flat, 0, places, updates)
                           : at::scatter_reduce(rows.flat, 0, places, updates, reduction_name(op.reduction));
  context.outputs[0] = y.reshape(x.sizes());
  return {};
}

Result<void> lower(const OneHot& op, LowerContext& context) {
  const int64_t depth = context.inputs[1].to(at::kLong).item<int64_t>();
  const at::Tensor& values = context.inputs[2];
  const int64_t rank = context.inputs[0].dim() + 1;
  const int64_t axis = op.axis < 0 ? op.axis + rank : op.axis;
  at::Tensor hot = from_front(context.inputs[0], depth).unsqueeze(axis);
  Dims along(static_cast<size_t>(rank), 1);
  along[static_cast<size_t>(axis)] = depth;
  context.outputs[0] = at::where(hot.eq(at::arange(depth, at::kLong).reshape(along)), values[1], values[0]);
  return {};
}

Result<void> lower(const NonZero&, LowerContext& context) {
  context.outputs[0] = context.inputs[0].nonzero().t();
  return {};
}

Result<void> lower(const TopK& op, LowerContext& context) {
  const int64_t axis = context.axis(op.axis), k = context.ints(1).at(0);
  const auto [values, indices] = at::sort(context.inputs[0], true, axis, op.largest != 0);
  context.outputs[0] = values.narrow(axis, 0, k);
  context.outputs[1] = indices.narrow(axis, 0, k);
  return {};
}

Result<void> lower(const Unique&, LowerContext&) {
  return unsupported("has as many elements as the data have values, which training does not follow");
}

Result<void> lower(const Compress& op, LowerContext& context) {
  const at::Tensor x = op.axis ? context.inputs[0] : context.inputs[0].reshape({-1});
  const int64_t axis = op.axis ? context.axis(*op.axis) : 0;
  context.outputs[0] = x.index_select(axis, context.inputs[1].nonzero().reshape({-1}));
  return {};
}

Result<void> lower(const ReverseSequence& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const int64_t steps = x.size(op.time_axis);
  const at::Tensor t = at::arange(steps, at::kLong);
  const at::Tensor lengths = context.inputs[1].to(at::kLong).unsqueeze(1);
  at::Tensor from = at::where(t.lt(lengths), lengths - 1 - t, t);  // [batch, time]
  if (op.batch_axis == 1) from = from.t();
  Dims dims = from.sizes().vec();
  dims.resize(static_cast<size_t>(x.dim()), 1);
  context.outputs[0] = at::gather(x, op.time_axis, from.reshape(dims).expand_as(x));
  return {};
}

Result<void> lower(const NonMaxSuppression&, LowerContext&) {
  return unsupported("chooses boxes, which has no gradient");
}

Result<void> lower(const Trilu& op, LowerContext& context) {
  const int64_t k = context.has(1) ? context.ints(1).at(0) : 0;
  context.outputs[0] = op.upper != 0 ? context.inputs[0].triu(k) : context.inputs[0].tril(k);
  return {};
}

Result<void> lower(const EyeLike& op, LowerContext& context) {
  const at::Tensor& x = context.inputs[0];
  const DType dtype = op.dtype == DType::undefined ? context.input_types[0] : op.dtype;
  const at::Tensor row = at::arange(x.size(0), at::kLong).unsqueeze(1), column = at::arange(x.size(1), at::kLong);
  context.outputs[0] = (column - row).eq(op.k).to(torch_type(dtype, context.real));
  return {};
}

Result<void> lower(const CenterCropPad& op, LowerContext& context) {
  at::Tensor x = context.inputs[0];
  const Dims targets = context.ints(1);
  for (size_t i = 0; i < targets.size(); ++i) {
    const int64_t axis = op.axes.empty() ? static_cast<int64_t>(i) : context.axis(op.axes[i]);
    const int64_t size = x.size(axis), target = targets[i];
    if (target <= size) {
      x = x.narrow(axis, (size - target) / 2, target);
      continue;
    }
    Dims pads(static_cast<size_t>(2 * x.dim()), 0);  // from the last axis, before and behind
    const auto at = static_cast<size_t>(2 * (x.dim() - 1 - axis));
    pads[at] = (target - size) / 2;
    pads[at + 1] = target - size - pads[at];
    x = at::constant_pad_nd(x, pads);
  }
  context.outputs[0] = x;
  return {};
}

}  // namespace pare
