// Inference of elementwise operators.
#include "graph/ops/elementwise.h"

#include <limits>

#include "graph/ops/infer_util.h"
#include "graph/ops/symbolic.h"

namespace pare {
namespace {

bool fits(int64_t number, DType dtype) {
  if (dtype == DType::int64) return true;
  if (dtype == DType::int32) {
    return number >= std::numeric_limits<int32_t>::min() && number <= std::numeric_limits<int32_t>::max();
  }
  return number >= 0 && number <= 1;
}

bool followed(DType dtype) { return dtype == DType::int64 || dtype == DType::int32 || dtype == DType::boolean; }

// Whether a comparison holds, where the bounds of the difference decide it.
Dim compared(Binary::Kind kind, const Dim& a, const Dim& b) {
  using Kind = Binary::Kind;
  const bool swapped = kind == Kind::Greater || kind == Kind::GreaterOrEqual;
  const Interval difference = symbolic_interval(swapped ? symbolic_difference(b, a) : symbolic_difference(a, b));
  const auto decided = [](bool always, bool never) { return always ? content(1) : never ? content(0) : Dim(); };
  if (kind == Kind::Equal) {
    return decided(difference.low == 0 && difference.high == 0, difference.low > 0 || difference.high < 0);
  }
  const bool strict = kind == Kind::Less || kind == Kind::Greater;
  return strict ? decided(difference.high < 0, difference.low >= 0) : decided(difference.high <= 0, difference.low > 0);
}

// One element of an integer Binary; a formula or unknown where a symbol remains.
Dim binary_element(Binary::Kind kind, const Dim& a, const Dim& b, DType dtype) {
  using Kind = Binary::Kind;
  const auto x = content_number(a);
  const auto y = content_number(b);
  const bool compares = kind == Kind::Equal || kind == Kind::Less || kind == Kind::LessOrEqual ||
                        kind == Kind::Greater || kind == Kind::GreaterOrEqual;
  if (compares) return compared(kind, a, b);
  if (kind == Kind::Add && x == 0) return b;
  if ((kind == Kind::Add || kind == Kind::Sub) && y == 0) return a;
  if (kind == Kind::Mul && x == 1) return b;
  if ((kind == Kind::Mul || kind == Kind::Div) && y == 1) return a;
  if (kind == Kind::Sub && a.same(b)) return content(0);
  if (!x || !y) {
    if (kind == Kind::Add) return symbolic_sum(a, b);
    if (kind == Kind::Sub) return symbolic_difference(a, b);
    if (kind == Kind::Mul) return symbolic_product(a, b);
    return kind == Kind::Div ? symbolic_quotient(a, b) : Dim();
  }
  std::optional<int64_t> result;
  if (kind == Kind::Add) result = checked_add(*x, *y);
  if (kind == Kind::Sub && *y != std::numeric_limits<int64_t>::min()) result = checked_add(*x, -*y);
  if (kind == Kind::Mul) result = checked_mul(*x, *y);
  if (kind == Kind::Div && *y != 0 && !(*y == -1 && *x == std::numeric_limits<int64_t>::min())) result = *x / *y;
  return result && fits(*result, dtype) ? content(*result) : Dim();
}

// Element i of contents that broadcast to more than they are.
const Dim& element(const std::vector<Dim>& contents, size_t i) { return contents[contents.size() == 1 ? 0 : i]; }

// The number of elements that contents of these sizes broadcast to; nullopt if they do not.
std::optional<size_t> common_size(std::initializer_list<size_t> sizes) {
  size_t common = 1;
  for (const size_t size : sizes) {
    if (size == 1) continue;
    if (common != 1 && common != size) return std::nullopt;
    common = size;
  }
  return common;
}

void binary_contents(Binary::Kind kind, InferContext& context) {
  const auto a = contents_of(context, 0);
  const auto b = contents_of(context, 1);
  const DType dtype = context.type(0).dtype;
  if (!a || !b || !followed(dtype)) return;
  const auto size = common_size({a->size(), b->size()});
  if (!size) return;
  std::vector<Dim> result;
  for (size_t i = 0; i < *size; ++i) result.push_back(binary_element(kind, element(*a, i), element(*b, i), dtype));
  set_contents(context, 0, std::move(result));
}

// The larger or the smaller of the elements of every input.
void extreme_contents(Variadic::Kind kind, InferContext& context) {
  if (!followed(common_dtype(context))) return;
  auto result = contents_of(context, 0);
  for (size_t i = 1; i < context.inputs.size() && result; ++i) {
    const auto next = contents_of(context, i);
    const auto size = next ? common_size({result->size(), next->size()}) : std::nullopt;
    if (!size) return;
    std::vector<Dim> chosen;
    for (size_t k = 0; k < *size; ++k) {
      const Dim& a = element(*result, k);
      const Dim& b = element(*next, k);
      chosen.push_back(kind == Variadic::Kind::Max ? symbolic_maximum(a, b) : symbolic_minimum(a, b));
    }
    result = std::move(chosen);
  }
  set_contents(context, 0, std::move(result));
}

Result<void> infer_prelu(InferContext& context) {
  PARE_TRY(need_same_dtype(context, {0, 1}));
  if (context.shape(0) && context.shape(1)) {
    PARE_TRY(check_broadcasts_to(*context.shape(1), *context.shape(0), "slope"));
  }
  return infer_same_as_input(context);
}

}  // namespace

Result<void> Unary::infer(InferContext& context) const {
  switch (kind) {
    case Kind::Identity:
      PARE_TRY(infer_same_as_input(context));
      pass_contents(context);
      return {};
    case Kind::Not:
      PARE_TRY(need_dtype(context, 0, "X", {DType::boolean}));
      return infer_same_as_input(context);
    case Kind::BitwiseNot:
      PARE_TRY(need_integer(context, 0, "X"));
      return infer_same_as_input(context);
    case Kind::IsNaN:
      PARE_TRY(need_float(context, 0, "X"));
      context.set(0, DType::boolean, context.shape(0));
      return {};
    case Kind::Abs:
    case Kind::Neg:
    case Kind::Relu:
    case Kind::Sign: {
      const DType dtype = context.type(0).dtype;
      if (dtype != DType::undefined && !is_float(dtype) && !is_integer(dtype)) {
        return input_error("X is " + std::string(name(dtype)) + ", expected a number type");
      }
      return infer_same_as_input(context);
    }
    case Kind::Erf:
      return infer_same_as_input(context);
    case Kind::Acos:
    case Kind::Acosh:
    case Kind::Asin:
    case Kind::Asinh:
    case Kind::Atan:
    case Kind::Atanh:
    case Kind::Ceil:
    case Kind::Cos:
    case Kind::Cosh:
    case Kind::Exp:
    case Kind::Floor:
    case Kind::HardSwish:
    case Kind::Log:
    case Kind::Mish:
    case Kind::Reciprocal:
    case Kind::Round:
    case Kind::Sigmoid:
    case Kind::Sin:
    case Kind::Sinh:
    case Kind::Softplus:
    case Kind::Softsign:
    case Kind::Sqrt:
    case Kind::Tan:
    case Kind::Tanh:
      return infer_float_pointwise(context);
  }
  return {};
}

Result<void> Binary::infer(InferContext& context) const {
  switch (kind) {
    case Kind::PRelu:
      return infer_prelu(context);
    case Kind::And:
    case Kind::Or:
    case Kind::Xor:
      PARE_TRY(need_dtype(context, 0, "A", {DType::boolean}));
      PARE_TRY(need_dtype(context, 1, "B", {DType::boolean}));
      return infer_broadcast(context, DType::boolean);
    case Kind::BitwiseAnd:
    case Kind::BitwiseOr:
    case Kind::BitwiseXor:
      PARE_TRY(need_integer(context, 0, "A"));
      PARE_TRY(need_same_dtype(context, {0, 1}));
      return infer_broadcast(context, DType::undefined);
    case Kind::Pow:  // the exponent has a type of its own
      return infer_broadcast(context, context.type(0).dtype);
    case Kind::Equal:
    case Kind::Greater:
    case Kind::GreaterOrEqual:
    case Kind::Less:
    case Kind::LessOrEqual:
      PARE_TRY(need_same_dtype(context, {0, 1}));
      PARE_TRY(infer_broadcast(context, DType::boolean));
      binary_contents(kind, context);
      return {};
    case Kind::Add:
    case Kind::Sub:
    case Kind::Mul:
    case Kind::Div: {
      PARE_TRY(need_same_dtype(context, {0, 1}));
      const DType dtype = common_dtype(context);
      if (dtype != DType::undefined && !is_float(dtype) && !is_integer(dtype)) {
        return input_error("A is " + std::string(name(dtype)) + ", expected a number type");
      }
      PARE_TRY(infer_broadcast(context, DType::undefined));
      binary_contents(kind, context);
      return {};
    }
  }
  return {};
}

Result<void> Variadic::infer(InferContext& context) const {
  for (size_t i = 1; i < context.inputs.size(); ++i) PARE_TRY(need_same_dtype(context, {0, i}));
  if (kind == Kind::Mean || kind == Kind::Sum) PARE_TRY(need_float(context, 0, "data_0"));
  const DType dtype = common_dtype(context);
  if (dtype != DType::undefined && !is_float(dtype) && !is_integer(dtype)) {
    return input_error("data_0 is " + std::string(name(dtype)) + ", expected numbers");
  }
  PARE_TRY(infer_broadcast(context, DType::undefined));
  if (kind == Kind::Max || kind == Kind::Min) extreme_contents(kind, context);
  return {};
}

Result<void> Clip::infer(InferContext& context) const {
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  PARE_TRY(need_rank(context, 1, "min", 0, 1));  // a scalar by the specification; vectors of one element are met
  PARE_TRY(need_rank(context, 2, "max", 0, 1));
  return infer_same_as_input(context);
}

Result<void> Gelu::infer(InferContext& context) const {
  PARE_TRY(need_one_of("approximate", approximate, {"none", "tanh"}));
  return infer_float_pointwise(context);
}

Result<void> Cast::infer(InferContext& context) const {
  if (to == DType::undefined) return input_error("attribute 'to' is 0, expected an element type");
  PARE_TRY(need_one_of("round_mode", round_mode, {"up", "down", "nearest"}));
  context.set(0, to, context.shape(0));
  const auto elements = contents_of(context, 0);
  if (!elements || !followed(to)) return {};
  std::vector<Dim> converted;
  for (const Dim& element : *elements) {
    const auto number = content_number(element);
    if (to == DType::boolean) {
      converted.push_back(number ? content(*number != 0 ? 1 : 0) : Dim());
    } else {
      converted.push_back(!number || fits(*number, to) ? element : Dim());
    }
  }
  set_contents(context, 0, std::move(converted));
  return {};
}

Result<void> Where::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "condition", {DType::boolean}));
  PARE_TRY(need_same_dtype(context, {1, 2}));
  const DType dtype = context.type(1).dtype != DType::undefined ? context.type(1).dtype : context.type(2).dtype;
  PARE_TRY(infer_broadcast(context, dtype));
  context.outputs[0].type.dtype = dtype;
  const auto condition = contents_of(context, 0);
  const auto x = contents_of(context, 1);
  const auto y = contents_of(context, 2);
  if (!condition || !x || !y) return {};
  const auto size = common_size({condition->size(), x->size(), y->size()});
  if (!size) return {};
  std::vector<Dim> chosen;
  for (size_t i = 0; i < *size; ++i) {
    const auto which = content_number(element(*condition, i));
    const Dim& a = element(*x, i);
    const Dim& b = element(*y, i);
    chosen.push_back(which ? (*which != 0 ? a : b) : a.same(b) ? a : Dim());
  }
  set_contents(context, 0, std::move(chosen));
  return {};
}

Result<void> Dropout::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "data"));
  PARE_TRY(infer_same_as_input(context));
  context.set(1, DType::boolean, context.shape(0));
  return {};
}

}  // namespace pare
