// Inference of operators that look at shapes or give the same elements another one.
#include "graph/ops/shape.h"

#include <algorithm>
#include <cmath>

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

// A product of extents: a number times symbols; `unknown` counts factors without a name.
struct Product {
  int64_t number = 1;
  std::vector<std::string> symbols;
  int unknown = 0;
  bool overflow = false;

  void multiply(const Dim& dim) {
    if (dim.known()) {
      const auto product = checked_mul(number, dim.size);
      overflow = overflow || !product;
      number = product.value_or(number);
    } else if (dim.symbol.empty()) {
      ++unknown;
    } else {
      symbols.push_back(dim.symbol);
    }
  }
  bool numeric() const { return symbols.empty() && unknown == 0 && !overflow; }
  // As one extent, where that can be said.
  Dim dim() const {
    if (unknown > 0 || overflow || symbols.size() > 1) return Dim();
    if (symbols.empty()) return Dim(number);
    return number == 1 ? Dim(symbols[0]) : number == 0 ? Dim(0) : Dim();
  }
};

Product product_of(const Shape& shape, size_t begin, size_t end) {
  Product product;
  for (size_t i = begin; i < end; ++i) product.multiply(shape[i]);
  return product;
}

// The extent that completes `part` to `whole`; symbols cancel. Unknown where it cannot be told.
Result<Dim> quotient(Product whole, const Product& part) {
  if (whole.unknown > 0 || part.unknown > 0 || whole.overflow || part.overflow) return Dim();
  for (const std::string& symbol : part.symbols) {
    const auto at = std::find(whole.symbols.begin(), whole.symbols.end(), symbol);
    if (at == whole.symbols.end()) return Dim();
    whole.symbols.erase(at);
  }
  if (part.number == 0) return Dim();
  if (whole.symbols.empty()) {
    if (whole.number % part.number != 0) {
      return input_error("the input has " + std::to_string(whole.number) + " elements (common symbols left out), " +
                         "expected a multiple of " + std::to_string(part.number));
    }
    return Dim(whole.number / part.number);
  }
  return whole.symbols.size() == 1 && whole.number == part.number ? Dim(whole.symbols[0]) : Dim();
}

// The target of a Reshape with zeros resolved; `open` is the axis to be computed, from -1 or from the count of
// elements.
struct Target {
  Shape shape;
  std::optional<size_t> open;
};

Result<Target> resolve_target(const std::vector<Dim>& wanted, const std::optional<Shape>& input, bool allowzero) {
  Target target;
  bool has_zero = false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto number = content_number(wanted[i]);
    if (!number) {
      target.shape.push_back(content_as_dim(wanted[i]));
    } else if (*number > 0 || (*number == 0 && allowzero)) {
      has_zero = has_zero || *number == 0;
      target.shape.push_back(Dim(*number));
    } else if (*number == 0) {
      if (input && i >= input->size()) {
        return input_error("the target shape has 0 at position " + std::to_string(i) + ", but the input has rank " +
                           std::to_string(input->size()) + "; expected 0 only where there is an extent to keep");
      }
      target.shape.push_back(input ? (*input)[i] : Dim());
    } else if (*number == -1) {
      if (target.open) return input_error("the target shape has -1 twice, expected once at most");
      target.open = i;
      target.shape.push_back(Dim());
    } else {
      return input_error("the target shape has an entry " + std::to_string(*number) + ", expected -1 or more");
    }
  }
  if (target.open && has_zero) {
    return input_error("the target shape has both 0 and -1 under allowzero, expected one of them at most");
  }
  // An entry that could be anything is decided by the count of elements, if it is the only one.
  for (size_t i = 0; i < target.shape.size() && !target.open; ++i) {
    if (target.shape[i].unknown()) target.open = i;
  }
  return target;
}

Result<Shape> reshaped(const std::vector<Dim>& wanted, const std::optional<Shape>& input, bool allowzero) {
  PARE_ASSIGN(Target target, resolve_target(wanted, input, allowzero));
  if (!input) return target.shape;
  const Product whole = product_of(*input, 0, input->size());
  Product part;
  for (size_t i = 0; i < target.shape.size(); ++i) {
    if (i != target.open) part.multiply(target.shape[i]);
  }
  if (target.open) {
    PARE_ASSIGN(target.shape[*target.open], quotient(whole, part));
  } else if (whole.numeric() && part.numeric() && whole.number != part.number) {
    return input_error("the input has " + std::to_string(whole.number) + " elements, expected " +
                       std::to_string(part.number) + " for the target shape");
  }
  return target.shape;
}

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

// A shape given as contents: every number must be 0 or more.
Result<Shape> shape_from(const std::vector<Dim>& contents) {
  Shape shape;
  for (const Dim& element : contents) {
    const auto number = content_number(element);
    if (number && *number < 0) {
      return input_error("the shape has an entry " + std::to_string(*number) + ", expected 0 or more");
    }
    shape.push_back(element);
  }
  return shape;
}

// The rank that the shape input i (a vector) asks for, as an unknown shape.
std::optional<Shape> blind_shape(const InferContext& context, size_t i) {
  const auto& vector = context.shape(i);
  if (!vector || vector->size() != 1 || !(*vector)[0].known() ||
      (*vector)[0].size > static_cast<int64_t>(kMaxContents)) {
    return std::nullopt;
  }
  return unknown_shape(static_cast<size_t>((*vector)[0].size));
}

Result<void> need_shape_vector(const InferContext& context, size_t i, std::string_view name) {
  PARE_TRY(need_dtype(context, i, name, {DType::int64}));
  PARE_TRY(need_rank(context, i, name, 1, 1));
  const auto& shape = context.has(i) ? context.shape(i) : std::nullopt;
  if (shape && (*shape)[0].known() && (*shape)[0].size > static_cast<int64_t>(kMaxContents)) {
    return unsupported(std::string(name) + " asks for rank " + std::to_string((*shape)[0].size) +
                       ", expected at most " + std::to_string(kMaxContents));
  }
  return {};
}

}  // namespace

Result<void> Reshape::infer(InferContext& context) const {
  PARE_TRY(need_shape_vector(context, 1, "shape"));
  const DType dtype = context.type(0).dtype;
  const auto wanted = contents_of(context, 1);
  if (!wanted) {
    context.set(0, dtype, blind_shape(context, 1));
    return {};
  }
  PARE_ASSIGN(Shape shape, reshaped(*wanted, context.shape(0), allowzero != 0));
  context.set(0, dtype, std::move(shape));
  pass_contents(context);
  return {};
}

Result<void> Flatten::infer(InferContext& context) const {
  context.set(0, context.type(0).dtype, Shape{Dim(), Dim()});
  if (!context.shape(0)) return {};
  const Shape& shape = *context.shape(0);
  const auto rank = static_cast<int64_t>(shape.size());
  if (axis < -rank || axis > rank) {
    return input_error("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank) +
                       ", expected " + std::to_string(-rank) + ".." + std::to_string(rank));
  }
  const auto at = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  context.set(0, context.type(0).dtype,
              Shape{product_of(shape, 0, at).dim(), product_of(shape, at, shape.size()).dim()});
  return {};
}

Result<void> Squeeze::infer(InferContext& context) const {
  const DType dtype = context.type(0).dtype;
  PARE_TRY(need_shape_vector(context, 1, "axes"));
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
  PARE_TRY(need_shape_vector(context, 1, "axes"));
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
  pass_contents(context);
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

Result<void> Tile::infer(InferContext& context) const {
  PARE_TRY(need_shape_vector(context, 1, "repeats"));
  const DType dtype = context.type(0).dtype;
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  const auto repeats = contents_of(context, 1);
  if (!repeats) {
    context.set(0, dtype, unknown_shape(shape.size()));
    return {};
  }
  if (repeats->size() != shape.size()) {
    return input_error("repeats has " + std::to_string(repeats->size()) +
                       " elements, expected the rank of the input, " + std::to_string(shape.size()));
  }
  PARE_ASSIGN(const Shape factors, shape_from(*repeats));
  for (size_t i = 0; i < shape.size(); ++i) {
    Product product;
    product.multiply(shape[i]);
    product.multiply(factors[i]);
    if (product.overflow) return input_error("extent " + std::to_string(i) + " of the output overflows");
    shape[i] = product.dim();
  }
  context.set(0, dtype, std::move(shape));
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

Result<void> Size::infer(InferContext& context) const {
  context.set(0, DType::int64, Shape{});
  if (!context.shape(0)) return {};
  set_contents(context, 0, std::vector<Dim>{product_of(*context.shape(0), 0, context.shape(0)->size()).dim()});
  return {};
}

Result<void> ConstantOfShape::infer(InferContext& context) const {
  PARE_TRY(need_shape_vector(context, 0, "input"));
  if (value && value->size() != 1) {
    return input_error("value has " + std::to_string(value->size()) + " elements, expected 1");
  }
  const DType dtype = value ? value->dtype() : DType::float32;
  context.set(0, dtype, blind_shape(context, 0));
  const auto wanted = contents_of(context, 0);
  if (!wanted) return {};
  PARE_ASSIGN(Shape shape, shape_from(*wanted));
  const size_t rank = shape.size();
  const Dim count = product_of(shape, 0, rank).dim();
  context.set(0, dtype, std::move(shape));
  if (is_integer(dtype) && rank <= 1 && count.known() && count.size <= static_cast<int64_t>(kMaxContents)) {
    set_contents(context, 0, std::vector<Dim>(static_cast<size_t>(count.size), content(value->as_int(0))));
  }
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
  if (start == 0 && delta == 1 && !limit) context.set(0, dtype, Shape{bounds[1]});  // 0..N-1
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
