// The inference helpers that infer.h declares for every operator.
#include <algorithm>

#include "graph/infer.h"
#include "graph/ops/infer_util.h"
#include "graph/ops/symbolic.h"

namespace pare {

std::optional<std::vector<int64_t>> InferContext::ints(size_t i) const {
  if (!has(i)) return std::nullopt;
  const Tensor* constant = inputs[i].constant;
  if (constant != nullptr && (is_integer(constant->dtype()) || constant->dtype() == DType::boolean)) {
    return constant->ints();
  }
  if (!inputs[i].contents) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const Dim& element : *inputs[i].contents) {
    const auto number = content_number(element);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

void InferContext::set(size_t i, DType dtype, std::optional<Shape> shape) {
  if (i >= outputs.size()) return;
  outputs[i].type = {dtype, std::move(shape)};
  outputs[i].contents.reset();
}

Result<void> infer_same_as_input(InferContext& context) {
  context.set(0, context.type(0).dtype, context.shape(0));
  context.outputs[0].type.container = context.type(0).container;
  return {};
}

Result<void> infer_float_pointwise(InferContext& context) {
  PARE_TRY(need_float(context, 0, "X"));
  return infer_same_as_input(context);
}

namespace {

// Extent 1 gives way; a number above 1 decides against a symbol, which can only be 1 or the same number.
Result<Dim> broadcast_extent(const Dim& a, const Dim& b) {
  if (a.known() && a.size == 1) return b;
  if (b.known() && b.size == 1) return a;
  if (a.known() && b.known() && a.size != b.size) {
    return input_error("extents " + std::to_string(a.size) + " and " + std::to_string(b.size) +
                       " do not broadcast, expected equal extents or 1");
  }
  if (a.known()) return a;
  if (b.known()) return b;
  if (a.same(b) || is_clipped(b, a)) return a;
  return is_clipped(a, b) ? b : Dim();
}

}  // namespace

Result<Shape> broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  const size_t skip = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    PARE_ASSIGN(result[skip + i], broadcast_extent(longer[skip + i], shorter[i]));
  }
  return result;
}

Result<void> infer_broadcast(InferContext& context, DType dtype_or_undefined) {
  const DType dtype = dtype_or_undefined != DType::undefined ? dtype_or_undefined : common_dtype(context);
  std::optional<Shape> result = Shape{};
  for (size_t i = 0; i < context.inputs.size() && result; ++i) {
    if (!context.inputs[i].present) continue;
    if (!context.shape(i)) {
      result.reset();
    } else {
      PARE_ASSIGN(result, broadcast(*result, *context.shape(i)));
    }
  }
  context.set(0, dtype, std::move(result));
  return {};
}

Result<int64_t> normalize_axis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  if (rank == 0) return input_error("axis " + std::to_string(axis) + " is out of range, expected none for a scalar");
  return input_error("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank) +
                     ", expected " + std::to_string(-rank) + ".." + std::to_string(rank - 1));
}

}  // namespace pare
