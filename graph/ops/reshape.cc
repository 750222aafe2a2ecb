// Inference of operators whose result rests on a count of elements.
#include <algorithm>

#include "graph/ops/infer_util.h"
#include "graph/ops/shape.h"
#include "graph/ops/symbolic.h"

namespace pare {
namespace {

// A product of extents: a number times symbols; `unknown` counts factors without a name.
struct Product {
  int64_t number = 1;
  std::vector<std::string> symbols;
  int unknown = 0;
  bool overflow = false;  // of the number, unless a factor is 0

  void multiply(const Dim& dim) {
    if (dim.known()) {
      const auto product = checked_mul(number, dim.size);
      overflow = dim.size != 0 && number != 0 && (overflow || !product);
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
    if (unknown > 0 || overflow) return Dim();
    Dim result(number);
    for (const std::string& symbol : symbols) result = symbolic_product(result, Dim(symbol));
    return result;
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
  // What does not divide evenly is no valid Reshape.
  return symbolic_quotient(whole.dim(), Dim(part.number));
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
  } else if (whole.numeric() && part.symbols.empty() && part.unknown == 0 &&
             (part.overflow || whole.number != part.number)) {
    return input_error("the input has " + std::to_string(whole.number) + " elements, expected " +
                       (part.overflow ? std::string("more than 2^63") : std::to_string(part.number)) +
                       " for the target shape");
  }
  return target.shape;
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

}  // namespace pare
