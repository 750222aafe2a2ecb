// Inference of normalizations and reductions.
#include "graph/ops/norm.h"

#include <algorithm>

#include "graph/ops/infer_util.h"
#include "graph/ops/symbolic.h"

namespace pare {
namespace {

// Inputs 1.. are vectors with one element per channel of X.
Result<Dim> channels_of(const InferContext& context, size_t first, size_t last) {
  PARE_TRY(need_rank(context, 0, "X", 2));
  Dim channels = context.shape(0) ? (*context.shape(0))[1] : Dim();
  for (size_t i = first; i <= last; ++i) {
    PARE_TRY(need_rank(context, i, "input " + std::to_string(i), 1, 1));
    if (!context.has(i) || !context.shape(i)) continue;
    PARE_ASSIGN(channels,
                unify(channels, (*context.shape(i))[0], "channels of X and elements of input " + std::to_string(i)));
  }
  return channels;
}

// Removes the marked axes, or sets them to 1.
Shape reduced(const Shape& shape, const std::vector<bool>& axes, bool keep) {
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!axes[i]) {
      result.push_back(shape[i]);
    } else if (keep) {
      result.push_back(Dim(1));
    }
  }
  return result;
}

// What remains of the rank when the axes are not known, only perhaps how many they are.
std::optional<Shape> reduced_blindly(const InferContext& context, bool keep) {
  const size_t rank = context.shape(0)->size();
  if (keep) return unknown_shape(rank);
  const auto& axes = context.shape(1);
  if (axes && axes->size() == 1 && (*axes)[0].known() && (*axes)[0].size > 0 &&
      (*axes)[0].size <= static_cast<int64_t>(rank)) {
    return unknown_shape(rank - static_cast<size_t>((*axes)[0].size));
  }
  return std::nullopt;
}

void reduce_contents(Reduce::Kind kind, InferContext& context) {
  using Kind = Reduce::Kind;
  const auto elements = contents_of(context, 0);
  const bool foldable = kind == Kind::Sum || kind == Kind::Prod || kind == Kind::Max || kind == Kind::Min;
  if (!elements || elements->empty() || !foldable) return;
  Dim result = elements->front();
  for (size_t i = 1; i < elements->size(); ++i) {
    const Dim& next = (*elements)[i];
    if (kind == Kind::Sum) result = symbolic_sum(result, next);
    if (kind == Kind::Prod) result = symbolic_product(result, next);
    if (kind == Kind::Max) result = symbolic_maximum(result, next);
    if (kind == Kind::Min) result = symbolic_minimum(result, next);
  }
  if (context.type(0).dtype == DType::int64) set_contents(context, 0, std::vector<Dim>{result});
}

}  // namespace

Result<void> BatchNormalization::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_ASSIGN(const Dim channels, channels_of(context, 1, 4));
  PARE_TRY(infer_same_as_input(context));
  for (size_t i = 1; i < context.outputs.size(); ++i) {
    const size_t like = i % 2 == 1 ? 3 : 4;  // mean, variance, and of older opsets the saved pair
    context.set(i, context.type(like).dtype, Shape{channels});
  }
  return {};
}

Result<void> InstanceNormalization::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "input"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  PARE_TRY(channels_of(context, 1, 2));
  return infer_same_as_input(context);
}

Result<void> LayerNormalization::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  PARE_TRY(infer_same_as_input(context));
  const auto stash = stash_type == 1 ? DType::float32 : stash_type == 16 ? DType::bfloat16 : DType::undefined;
  const auto& x = context.shape(0);
  std::optional<Shape> statistics;
  if (x) {
    PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(x->size())));
    const Shape normalized(x->begin() + at, x->end());
    if (context.has(1) && context.shape(1)) PARE_TRY(check_broadcasts_to(*context.shape(1), normalized, "Scale"));
    if (context.has(2) && context.shape(2)) PARE_TRY(check_broadcasts_to(*context.shape(2), normalized, "B"));
    statistics = *x;
    for (size_t i = static_cast<size_t>(at); i < statistics->size(); ++i) (*statistics)[i] = Dim(1);
  }
  context.set(1, stash, statistics);
  context.set(2, stash, std::move(statistics));
  return {};
}

Result<void> LRN::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_rank(context, 0, "X", 2));
  if (size < 1) return input_error("size is " + std::to_string(size) + ", expected 1 or more");
  return infer_same_as_input(context);
}

Result<void> Softmax::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "input"));
  if (context.shape(0)) {
    PARE_TRY(need_rank(context, 0, "input", 1));
    PARE_TRY(normalize_axis(axis, static_cast<int64_t>(context.shape(0)->size())));
  }
  return infer_same_as_input(context);
}

Result<void> Reduce::infer(InferContext& context) const {
  const DType dtype = context.type(0).dtype;
  PARE_TRY(need_dtype(context, 1, "axes", {DType::int64}));
  PARE_TRY(need_rank(context, 1, "axes", 1, 1));
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  const Shape& shape = *context.shape(0);
  std::optional<std::vector<int64_t>> axes = context.has(1) ? context.ints(1) : std::vector<int64_t>();
  if (!axes) {
    context.set(0, dtype, reduced_blindly(context, keepdims != 0));
    return {};
  }
  if (axes->empty() && noop_with_empty_axes != 0) {
    context.set(0, dtype, shape);
    return {};
  }
  std::vector<bool> marked(shape.size(), axes->empty());
  for (const int64_t axis : *axes) {
    PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(shape.size())));
    if (marked[static_cast<size_t>(at)]) {
      return input_error("axes has " + std::to_string(axis) + " twice, expected distinct axes");
    }
    marked[static_cast<size_t>(at)] = true;
  }
  context.set(0, dtype, reduced(shape, marked, keepdims != 0));
  if (shape.size() == 1) reduce_contents(kind, context);
  return {};
}

Result<void> ArgReduce::infer(InferContext& context) const {
  context.set(0, DType::int64, std::nullopt);
  if (!context.shape(0)) return {};
  const Shape& shape = *context.shape(0);
  PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(shape.size())));
  std::vector<bool> marked(shape.size(), false);
  marked[static_cast<size_t>(at)] = true;
  if (shape[static_cast<size_t>(at)].known() && shape[static_cast<size_t>(at)].size == 0) {
    return input_error("axis " + std::to_string(axis) + " has extent 0, expected at least one element to choose from");
  }
  context.set(0, DType::int64, reduced(shape, marked, keepdims != 0));
  return {};
}

}  // namespace pare
