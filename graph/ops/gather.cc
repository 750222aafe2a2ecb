// Inference of operators that pick, place, sort or count elements.
#include "graph/ops/gather.h"

#include <algorithm>

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

Result<size_t> resolve_axis(int64_t axis, size_t rank) {
  PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(rank)));
  return static_cast<size_t>(at);
}

Result<void> need_indices(const InferContext& context, size_t i) {
  return need_dtype(context, i, "indices", {DType::int64, DType::int32});
}

// A scalar, or a vector of one element.
Result<void> need_single(const InferContext& context, size_t i, std::string_view name) {
  PARE_TRY(need_rank(context, i, name, 0, 1));
  const auto dims = context.has(i) ? context.type(i).dims() : std::nullopt;
  if (dims && dims->size() == 1 && (*dims)[0] != 1)
    return input_error(std::string(name) + " has " + std::to_string((*dims)[0]) + " elements, expected one");
  return {};
}

// The number in such an input, where it is known.
std::optional<Dim> single_content(const InferContext& context, size_t i) {
  const auto elements = contents_of(context, i);
  if (!elements || elements->size() != 1) return std::nullopt;
  return elements->front();
}

// The last extent of index tuples.
std::optional<size_t> tuple_depth(const InferContext& context) {
  const auto& indices = context.shape(1);
  if (!indices || indices->empty() || !indices->back().known()) return std::nullopt;
  return static_cast<size_t>(std::min<int64_t>(indices->back().size, INT32_MAX));
}

Result<void> infer_scatter(InferContext& context, std::string_view reduction) {
  PARE_TRY(need_one_of("reduction", reduction, {"none", "add", "mul", "max", "min"}));
  PARE_TRY(need_indices(context, 1));
  PARE_TRY(need_same_dtype(context, {0, 2}));
  return infer_same_as_input(context);
}

}  // namespace

Result<void> GatherElements::infer(InferContext& context) const {
  PARE_TRY(need_indices(context, 1));
  context.set(0, context.type(0).dtype, context.shape(1));
  const auto& data = context.shape(0);
  if (!data) return {};
  PARE_TRY(need_rank(context, 0, "data", 1));
  PARE_TRY(need_rank(context, 1, "indices", data->size(), data->size()));
  PARE_TRY(resolve_axis(axis, data->size()));
  if (!context.shape(1)) context.set(0, context.type(0).dtype, unknown_shape(data->size()));
  return {};
}

Result<void> GatherND::infer(InferContext& context) const {
  PARE_TRY(need_indices(context, 1));
  PARE_TRY(need_rank(context, 0, "data", 1));
  PARE_TRY(need_rank(context, 1, "indices", 1));
  const DType dtype = context.type(0).dtype;
  context.set(0, dtype, std::nullopt);
  if (batch_dims < 0) return input_error("batch_dims is " + std::to_string(batch_dims) + ", expected 0 or more");
  if (!context.shape(0) || !context.shape(1)) return {};
  const Shape& data = *context.shape(0);
  const Shape& indices = *context.shape(1);
  const size_t smaller = std::min(data.size(), indices.size());
  if (batch_dims >= static_cast<int64_t>(smaller))
    return input_error("batch_dims is " + std::to_string(batch_dims) + ", expected less than the ranks " +
                       std::to_string(data.size()) + " and " + std::to_string(indices.size()));
  const auto batch = static_cast<size_t>(batch_dims);
  Shape shape(indices.begin(), indices.end() - 1);
  for (size_t i = 0; i < batch; ++i) {
    PARE_ASSIGN(shape[i], unify(indices[i], data[i], "batch axis " + std::to_string(i)));
  }
  const auto depth = tuple_depth(context);
  if (!depth) return {};
  if (*depth < 1 || *depth > data.size() - batch)
    return input_error("index tuples have " + std::to_string(*depth) + " entries, expected 1 to " +
                       std::to_string(data.size() - batch));
  shape.insert(shape.end(), data.begin() + static_cast<std::ptrdiff_t>(batch + *depth), data.end());
  context.set(0, dtype, std::move(shape));
  return {};
}

Result<void> ScatterElements::infer(InferContext& context) const {
  PARE_TRY(infer_scatter(context, reduction));
  const auto& data = context.shape(0);
  if (data) {
    PARE_TRY(need_rank(context, 0, "data", 1));
    PARE_TRY(need_rank(context, 1, "indices", data->size(), data->size()));
    PARE_TRY(resolve_axis(axis, data->size()));
  }
  if (!context.shape(1) || !context.shape(2)) return {};
  PARE_TRY(need_rank(context, 2, "updates", context.shape(1)->size(), context.shape(1)->size()));
  for (size_t i = 0; i < context.shape(1)->size(); ++i)
    PARE_TRY(unify((*context.shape(1))[i], (*context.shape(2))[i],
                   "extents of indices and updates along axis " + std::to_string(i)));
  return {};
}

Result<void> ScatterND::infer(InferContext& context) const {
  PARE_TRY(infer_scatter(context, reduction));
  PARE_TRY(need_rank(context, 0, "data", 1));
  PARE_TRY(need_rank(context, 1, "indices", 1));
  const auto depth = tuple_depth(context);
  if (!depth || !context.shape(0)) return {};
  const Shape& data = *context.shape(0);
  if (*depth > data.size())
    return input_error("index tuples have " + std::to_string(*depth) + " entries, expected at most " +
                       std::to_string(data.size()));
  Shape expected(context.shape(1)->begin(), context.shape(1)->end() - 1);
  expected.insert(expected.end(), data.begin() + static_cast<std::ptrdiff_t>(*depth), data.end());
  PARE_TRY(need_rank(context, 2, "updates", expected.size(), expected.size()));
  for (size_t i = 0; context.shape(2) && i < expected.size(); ++i)
    PARE_TRY(unify(expected[i], (*context.shape(2))[i], "extent of updates along axis " + std::to_string(i)));
  return {};
}

Result<void> OneHot::infer(InferContext& context) const {
  PARE_TRY(need_single(context, 1, "depth"));
  PARE_TRY(need_rank(context, 2, "values", 1, 1));
  const DType dtype = context.type(2).dtype;
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  PARE_ASSIGN(const size_t at, resolve_axis(axis, shape.size() + 1));
  Dim depth = single_content(context, 1).value_or(Dim());
  if (const auto number = content_number(depth); number && *number < 0)
    return input_error("depth is " + std::to_string(*number) + ", expected 0 or more");
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(at), std::move(depth));
  context.set(0, dtype, std::move(shape));
  return {};
}

Result<void> NonZero::infer(InferContext& context) const {
  Shape shape(2);
  if (context.shape(0)) shape[0] = Dim(static_cast<int64_t>(context.shape(0)->size()));
  context.set(0, DType::int64, std::move(shape));
  return {};
}

Result<void> TopK::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 1, "K", {DType::int64}));
  PARE_TRY(need_single(context, 1, "K"));
  context.set(0, context.type(0).dtype, std::nullopt);
  context.set(1, DType::int64, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  PARE_ASSIGN(const size_t at, resolve_axis(axis, shape.size()));
  const Dim k = single_content(context, 1).value_or(Dim());
  const auto number = content_number(k);
  if (number && (*number < 0 || (shape[at].known() && *number > shape[at].size)))
    return input_error("K is " + std::to_string(*number) + ", expected 0 to the extent " + to_string(shape[at]));
  shape[at] = k;
  context.set(0, context.type(0).dtype, shape);
  context.set(1, DType::int64, std::move(shape));
  return {};
}

Result<void> Unique::infer(InferContext& context) const {
  const DType dtype = context.type(0).dtype;
  context.set(0, dtype, std::nullopt);
  for (size_t i = 1; i < context.outputs.size(); ++i) context.set(i, DType::int64, Shape(1));
  if (!axis) {
    context.set(0, dtype, Shape(1));
  } else if (context.shape(0)) {
    Shape shape = *context.shape(0);
    PARE_ASSIGN(const size_t at, resolve_axis(*axis, shape.size()));
    if (context.outputs.size() > 2) context.set(2, DType::int64, Shape{shape[at]});
    shape[at] = Dim();
    context.set(0, dtype, std::move(shape));
  }
  if (axis || context.outputs.size() < 3) return {};
  const auto dims = context.type(0).dims();
  const auto count = dims ? element_count(*dims) : std::nullopt;
  if (count) context.set(2, DType::int64, Shape{Dim(*count)});
  return {};
}

Result<void> Compress::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 1, "condition", {DType::boolean}));
  PARE_TRY(need_rank(context, 1, "condition", 1, 1));
  const DType dtype = context.type(0).dtype;
  Dim picked;
  if (const auto condition = contents_of(context, 1)) {
    int64_t count = 0;
    bool known = true;
    for (const Dim& element : *condition) {
      const auto number = content_number(element);
      known = known && number;
      count += number && *number != 0 ? 1 : 0;
    }
    if (known) picked = Dim(count);
  }
  if (!axis) {
    context.set(0, dtype, Shape{picked});
    return {};
  }
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  PARE_ASSIGN(const size_t at, resolve_axis(*axis, shape.size()));
  shape[at] = picked;
  context.set(0, dtype, std::move(shape));
  return {};
}

Result<void> ReverseSequence::infer(InferContext& context) const {
  if ((batch_axis != 0 && batch_axis != 1) || (time_axis != 0 && time_axis != 1) || batch_axis == time_axis)
    return input_error("batch_axis is " + std::to_string(batch_axis) + " and time_axis " + std::to_string(time_axis) +
                       ", expected 0 and 1 in either order");
  PARE_TRY(need_rank(context, 0, "input", 2));
  PARE_TRY(need_dtype(context, 1, "sequence_lens", {DType::int64}));
  PARE_TRY(need_rank(context, 1, "sequence_lens", 1, 1));
  return infer_same_as_input(context);
}

Result<void> NonMaxSuppression::infer(InferContext& context) const {
  if (center_point_box != 0 && center_point_box != 1)
    return input_error("center_point_box is " + std::to_string(center_point_box) + ", expected 0 or 1");
  PARE_TRY(need_dtype(context, 0, "boxes", {DType::float32}));
  PARE_TRY(need_dtype(context, 1, "scores", {DType::float32}));
  PARE_TRY(need_rank(context, 0, "boxes", 3, 3));
  PARE_TRY(need_rank(context, 1, "scores", 3, 3));
  context.set(0, DType::int64, Shape{Dim(), Dim(3)});
  return {};
}

Result<void> Trilu::infer(InferContext& context) const {
  PARE_TRY(need_rank(context, 0, "input", 2));
  PARE_TRY(need_dtype(context, 1, "k", {DType::int64}));
  PARE_TRY(need_single(context, 1, "k"));
  return infer_same_as_input(context);
}

Result<void> EyeLike::infer(InferContext& context) const {
  PARE_TRY(need_rank(context, 0, "input", 2, 2));
  context.set(0, dtype == DType::undefined ? context.type(0).dtype : dtype, context.shape(0));
  if (!context.shape(0)) context.outputs[0].type.shape = unknown_shape(2);
  return {};
}

Result<void> CenterCropPad::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 1, "shape", {DType::int64, DType::int32}));
  PARE_TRY(need_rank(context, 1, "shape", 1, 1));
  const DType dtype = context.type(0).dtype;
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  const auto targets = contents_of(context, 1);
  const size_t count = axes.empty() ? shape.size() : axes.size();
  if (targets && targets->size() != count)
    return input_error("shape has " + std::to_string(targets->size()) + " elements, expected " + std::to_string(count));
  for (size_t i = 0; i < count; ++i) {
    PARE_ASSIGN(const size_t at, resolve_axis(axes.empty() ? static_cast<int64_t>(i) : axes[i], shape.size()));
    const auto number = targets ? content_number((*targets)[i]) : std::nullopt;
    if (number && *number < 0)
      return input_error("shape has an entry " + std::to_string(*number) + ", expected 0 or more");
    shape[at] = targets ? content_as_dim((*targets)[i]) : Dim();
  }
  context.set(0, dtype, std::move(shape));
  return {};
}

}  // namespace pare
