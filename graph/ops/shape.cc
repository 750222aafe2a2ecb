// Inference of operators that add, drop, reorder or repeat axes, and of shapes and ranges as values.
#include "graph/ops/shape.h"

#include <algorithm>
#include <cmath>

#include "graph/ops/infer_util.h"
#include "graph/ops/symbolic.h"

namespace pare {
namespace {

// Axes of Squeeze and Unsqueeze as marks over `rank` axes.
Result<std::vector<bool>> mark_axes(const std::vector<int64_t>& axes, size_t rank) {
  std::vector<bool> marked(rank, false);
  for (const int64_t axis : axes) {
    PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(rank)));
    if (marked[static_cast<size_t>(at)]) {
      return input_error("axes has " + std::to_string(axis) + " twice, expected distinct axes");
    }
    marked[static_cast<size_t>(at)] = true;
  }
  return marked;
}

void transpose_contents(InferContext& context, const std::vector<int64_t>& perm) {
  const auto elements = contents_of(context, 0);
  const auto dims = context.type(0).dims();
  if (!elements || elements->empty() || !dims) return;
  if (element_count(*dims) != static_cast<int64_t>(elements->size())) return;
  const size_t rank = dims->size();
  const auto source_axis = [&](size_t i) { return perm.empty() ? rank - 1 - i : static_cast<size_t>(perm[i]); };
  std::vector<int64_t> strides(rank, 1);
  for (size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * (*dims)[i];
  std::vector<Dim> result;
  std::vector<int64_t> index(rank, 0);  // of the result
  for (size_t count = 0; count < elements->size(); ++count) {
    int64_t at = 0;
    for (size_t i = 0; i < rank; ++i) at += index[i] * strides[source_axis(i)];
    result.push_back((*elements)[static_cast<size_t>(at)]);
    for (size_t i = rank; i-- > 0;) {
      if (++index[i] < (*dims)[source_axis(i)]) break;
      index[i] = 0;
    }
  }
  set_contents(context, 0, std::move(result));
}

// Of Squeeze and Unsqueeze. A scalar stands for one axis: the specification asks for a vector, its own tests have both.
Result<void> need_axes(const InferContext& context) {
  const bool scalar = context.has(1) && context.shape(1) && context.shape(1)->empty();
  return scalar ? need_dtype(context, 1, "axes", {DType::int64}) : need_shape_vector(context, 1, "axes");
}

}  // namespace

Result<void> Squeeze::infer(InferContext& context) const {
  const DType dtype = context.type(0).dtype;
  PARE_TRY(need_axes(context));
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  const Shape& shape = *context.shape(0);
  std::vector<bool> dropped(shape.size(), false);
  if (context.has(1)) {
    const auto axes = context.ints(1);
    if (!axes) return {};
    PARE_ASSIGN(dropped, mark_axes(*axes, shape.size()));
  } else {
    for (size_t i = 0; i < shape.size(); ++i) {
      if (!shape[i].known()) return {};
      dropped[i] = shape[i].size == 1;
    }
  }
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!dropped[i]) {
      result.push_back(shape[i]);
    } else if (shape[i].known() && shape[i].size != 1) {
      return input_error("axis " + std::to_string(i) + " has extent " + std::to_string(shape[i].size) +
                         ", expected 1 where an axis is squeezed");
    }
  }
  context.set(0, dtype, std::move(result));
  pass_contents(context);
  return {};
}

Result<void> Unsqueeze::infer(InferContext& context) const {
  const DType dtype = context.type(0).dtype;
  PARE_TRY(need_axes(context));
  context.set(0, dtype, std::nullopt);
  const auto axes = context.ints(1);
  if (!context.shape(0) || !axes) return {};
  const Shape& shape = *context.shape(0);
  PARE_ASSIGN(const std::vector<bool> added, mark_axes(*axes, shape.size() + axes->size()));
  Shape result;
  auto next = shape.begin();
  for (const bool is_new : added) result.push_back(is_new ? Dim(1) : *next++);
  context.set(0, dtype, std::move(result));
  pass_contents(context);
  return {};
}

Result<void> Transpose::infer(InferContext& context) const {
  const auto& shape = context.shape(0);
  if (perm.size() > kMaxContents)
    return input_error("perm has " + std::to_string(perm.size()) + " entries, expected few");
  std::vector<bool> seen(perm.size(), false);
  for (const int64_t axis : perm) {
    if (axis < 0 || axis >= static_cast<int64_t>(perm.size()) || seen[static_cast<size_t>(axis)]) {
      return input_error("perm has an entry " + std::to_string(axis) + ", expected each of 0.." +
                         std::to_string(perm.size() - 1) + " once");
    }
    seen[static_cast<size_t>(axis)] = true;
  }
  if (shape && !perm.empty() && perm.size() != shape->size()) {
    return input_error("perm has " + std::to_string(perm.size()) + " entries, expected " +
                       std::to_string(shape->size()));
  }
  std::optional<Shape> result;
  if (shape && perm.empty()) {
    result = Shape(shape->rbegin(), shape->rend());
  } else if (!perm.empty()) {
    result = unknown_shape(perm.size());
    for (size_t i = 0; shape && i < perm.size(); ++i) (*result)[i] = (*shape)[static_cast<size_t>(perm[i])];
  }
  context.set(0, context.type(0).dtype, std::move(result));
  transpose_contents(context, perm);
  return {};
}

Result<void> Expand::infer(InferContext& context) const {
  PARE_TRY(need_shape_vector(context, 1, "shape"));
  const DType dtype = context.type(0).dtype;
  const auto wanted = contents_of(context, 1);
  context.set(0, dtype, std::nullopt);
  if (!wanted || !context.shape(0)) return {};
  PARE_ASSIGN(const Shape target, shape_from(*wanted));
  PARE_ASSIGN(Shape shape, broadcast(*context.shape(0), target));
  context.set(0, dtype, std::move(shape));
  const auto elements = contents_of(context, 0);
  const auto& result = *context.outputs[0].type.shape;
  if (elements && elements->size() == 1 && result.size() == 1 && result[0].known() &&
      result[0].size <= static_cast<int64_t>(kMaxContents)) {
    set_contents(context, 0, std::vector<Dim>(static_cast<size_t>(result[0].size), elements->front()));
  }
  return {};
}

Result<void> ShapeOf::infer(InferContext& context) const {
  context.set(0, DType::int64, Shape{Dim()});
  if (!context.shape(0)) return {};
  const Shape& shape = *context.shape(0);
  const auto rank = static_cast<int64_t>(shape.size());
  const auto clamped = [rank](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t from = clamped(start);
  const int64_t to = std::max(from, clamped(end.value_or(rank)));
  context.set(0, DType::int64, Shape{Dim(to - from)});
  set_contents(context, 0, std::vector<Dim>(shape.begin() + from, shape.begin() + to));
  return {};
}

Result<void> Range::infer(InferContext& context) const {
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  for (size_t i = 0; i < 3; ++i) PARE_TRY(need_rank(context, i, "input " + std::to_string(i), 0, 1));
  const DType dtype = common_dtype(context);
  context.set(0, dtype, Shape{Dim()});
  if (is_float(dtype)) {
    const Tensor* bounds[3] = {context.inputs[0].constant, context.inputs[1].constant, context.inputs[2].constant};
    for (const Tensor* bound : bounds) {
      if (bound == nullptr || bound->size() != 1) return {};
    }
    const double delta = bounds[2]->as_double(0);
    if (delta == 0) return input_error("delta is 0, expected a step");
    const double count = std::ceil((bounds[1]->as_double(0) - bounds[0]->as_double(0)) / delta);
    if (std::isnan(count) || count >= 0x1p62) return input_error("the range has no countable extent");
    context.set(0, dtype, Shape{Dim(count > 0 ? static_cast<int64_t>(count) : 0)});
    return {};
  }
  std::vector<Dim> bounds;
  for (size_t i = 0; i < 3; ++i) {
    const auto elements = contents_of(context, i);
    if (!elements || elements->size() != 1) return {};
    bounds.push_back(elements->front());
  }
  const auto start = content_number(bounds[0]);
  const auto limit = content_number(bounds[1]);
  const auto delta = content_number(bounds[2]);
  if (delta == 0) return input_error("delta is 0, expected a step");
  if (delta == 1 && !(start && limit)) {
    const Dim count = symbolic_maximum(symbolic_difference(bounds[1], bounds[0]), content(0));
    context.set(0, dtype, Shape{content_as_dim(count)});
  }
  if (!start || !limit || !delta) return {};
  const __int128 span = static_cast<__int128>(*limit) - *start;
  __int128 count = span / *delta + (span % *delta != 0 && (span > 0) == (*delta > 0) ? 1 : 0);
  if (count < 0) count = 0;
  if (count > INT64_MAX) return input_error("the range has too many elements");
  context.set(0, dtype, Shape{Dim(static_cast<int64_t>(count))});
  if (count <= static_cast<__int128>(kMaxContents)) {
    std::vector<Dim> elements;
    for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) elements.push_back(content(*start + i * *delta));
    set_contents(context, 0, std::move(elements));
  }
  return {};
}

}  // namespace pare
