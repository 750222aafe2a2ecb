// Operators on each element by itself. https://onnx.ai/onnx/operators. Floats are computed in double and rounded once.
#include <bit>
#include <cmath>
#include <limits>

#include "graph/minifloat.h"
#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/random_state.h"

namespace pare {
namespace {

using namespace kernels;

double evaluate(Unary::Kind kind, double x) {
  using enum Unary::Kind;
  switch (kind) {
    case Abs:
      return std::fabs(x);
    case Acos:
      return std::acos(x);
    case Acosh:
      return std::acosh(x);
    case Asin:
      return std::asin(x);
    case Asinh:
      return std::asinh(x);
    case Atan:
      return std::atan(x);
    case Atanh:
      return std::atanh(x);
    case Ceil:
      return std::ceil(x);
    case Cos:
      return std::cos(x);
    case Cosh:
      return std::cosh(x);
    case Erf:
      return std::erf(x);
    case Exp:
      return std::exp(x);
    case Floor:
      return std::floor(x);
    case HardSwish:
      return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
    case Log:
      return std::log(x);
    case Mish:
      return x * std::tanh(x > 30 ? x : std::log1p(std::exp(x)));
    case Neg:
      return -x;
    case Reciprocal:
      return 1 / x;
    case Relu:
      return x < 0 ? 0 : x;
    case Round:
      return std::nearbyint(x);
    case Sigmoid:
      return 1 / (1 + std::exp(-x));
    case Sign:
      return x > 0 ? 1 : x < 0 ? -1 : x;
    case Sin:
      return std::sin(x);
    case Sinh:
      return std::sinh(x);
    case Softplus:
      return x > 30 ? x + std::exp(-x) : std::log1p(std::exp(x));
    case Softsign:
      return x / (1 + std::fabs(x));
    case Sqrt:
      return std::sqrt(x);
    case Tan:
      return std::tan(x);
    case Tanh:
      return std::tanh(x);
    case BitwiseNot:
    case Identity:
    case IsNaN:
    case Not:
      break;
  }
  return x;
}

// Integers wrap around. False: the operator has no meaning on integers.
template <class T>
bool evaluate_integer(Unary::Kind kind, T x, T& y) {
  using Unsigned = std::make_unsigned_t<T>;
  switch (kind) {
    case Unary::Kind::Abs:
      y = x < T(0) ? T(Unsigned(0) - Unsigned(x)) : x;
      return true;
    case Unary::Kind::Neg:
      y = T(Unsigned(0) - Unsigned(x));
      return true;
    case Unary::Kind::Relu:
      y = x < T(0) ? T(0) : x;
      return true;
    case Unary::Kind::Sign:
      y = x < T(0) ? T(-1) : x > T(0) ? T(1) : T(0);
      return true;
    case Unary::Kind::BitwiseNot:
      y = T(~x);
      return true;
    default:
      return false;
  }
}

template <class T>
T power(T base, double exponent) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(std::pow(static_cast<double>(base), exponent));
  } else {
    if (exponent < 0 || exponent != std::floor(exponent)) {
      const double value = std::pow(static_cast<double>(base), exponent);
      return std::fabs(value) < 9e18 ? static_cast<T>(static_cast<int64_t>(value)) : T(0);
    }
    uint64_t result = 1, square = static_cast<uint64_t>(base);
    for (auto e = static_cast<uint64_t>(std::min(exponent, 1e18)); e > 0; e >>= 1, square *= square)
      if (e & 1) result *= square;
    return static_cast<T>(result);
  }
}

// Integers wrap around; division truncates, and by zero gives zero.
template <class T>
T arithmetic(Binary::Kind kind, T a, T b) {
  using enum Binary::Kind;
  if constexpr (std::is_floating_point_v<T>) {
    const double x = a, y = b;
    switch (kind) {
      case Add:
        return static_cast<T>(x + y);
      case Sub:
        return static_cast<T>(x - y);
      case Mul:
        return static_cast<T>(x * y);
      case Div:
        return static_cast<T>(x / y);
      case PRelu:
        return static_cast<T>(x < 0 ? x * y : x);
      default:
        return a;
    }
  } else {
    const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
    switch (kind) {
      case Add:
        return static_cast<T>(x + y);
      case Sub:
        return static_cast<T>(x - y);
      case Mul:
        return static_cast<T>(x * y);
      case Div:
        return b == T(0) ? T(0) : std::is_signed_v<T> && b == T(-1) ? static_cast<T>(0 - x) : static_cast<T>(a / b);
      case PRelu:
        return a < T(0) ? static_cast<T>(x * y) : a;
      case BitwiseAnd:
        return static_cast<T>(x & y);
      case BitwiseOr:
        return static_cast<T>(x | y);
      case BitwiseXor:
        return static_cast<T>(x ^ y);
      default:
        return a;
    }
  }
}

template <class T>
bool compare(Binary::Kind kind, T a, T b) {
  using enum Binary::Kind;
  switch (kind) {
    case Equal:
      return a == b;
    case Greater:
      return a > b;
    case GreaterOrEqual:
      return a >= b;
    case Less:
      return a < b;
    case LessOrEqual:
      return a <= b;
    case And:
      return a && b;
    case Or:
      return a || b;
    case Xor:
      return !a != !b;
    default:
      return false;
  }
}

bool is_logic(Binary::Kind kind) {
  using enum Binary::Kind;
  return kind == And || kind == Or || kind == Xor;
}
bool is_comparison(Binary::Kind kind) {
  using enum Binary::Kind;
  return kind == Equal || kind == Greater || kind == GreaterOrEqual || kind == Less || kind == LessOrEqual;
}
bool is_bitwise(Binary::Kind kind) {
  using enum Binary::Kind;
  return kind == BitwiseAnd || kind == BitwiseOr || kind == BitwiseXor;
}

struct Pairing {
  Dims dims;
  std::array<std::vector<int64_t>, 2> strides;
};
Result<Pairing> pair_up(const Tensor& a, const Tensor& b) {
  Pairing pairing;
  PARE_ASSIGN(pairing.dims, broadcast_dims({a.dims(), b.dims()}));
  pairing.strides = {broadcast_strides(a.dims(), pairing.dims), broadcast_strides(b.dims(), pairing.dims)};
  return pairing;
}

// The exponent may have another type than the base and the result.
Result<void> pow_of(KernelContext& context) {
  Tensor a = context.inputs[0];
  const Tensor& b = context.inputs[1];
  const DType dtype = a.dtype();
  if (dtype == DType::float16 || dtype == DType::bfloat16) {
    PARE_ASSIGN(a, cast(a, DType::float32));
  }
  PARE_ASSIGN(const Pairing pairing, pair_up(a, b));
  PARE_ASSIGN(Tensor y, allocate(a.dtype(), pairing.dims));
  const bool known = dispatch(a.dtype(), Numbers{}, [&]<class T>() {
    const auto in = a.data<T>();
    auto out = y.mutable_data<T>();
    for_each_index<2>(pairing.dims, pairing.strides,
                      [&](int64_t i, const auto& at) { out[i] = power<T>(in[at[0]], b.as_double(at[1])); });
  });
  if (!known) return no_kernel(a.dtype());
  PARE_ASSIGN(context.outputs[0], cast(y, dtype));
  return {};
}

Result<void> equal_strings(KernelContext& context) {
  if (context.inputs[1].dtype() != DType::string) return input_error("takes operands of one type");
  PARE_ASSIGN(const Pairing pairing, pair_up(context.inputs[0], context.inputs[1]));
  PARE_ASSIGN(Tensor y, allocate(DType::boolean, pairing.dims));
  const auto a = context.inputs[0].string_values(), b = context.inputs[1].string_values();
  auto out = y.mutable_data<bool>();
  for_each_index<2>(pairing.dims, pairing.strides, [&](int64_t i, const auto& at) { out[i] = a[at[0]] == b[at[1]]; });
  context.outputs[0] = std::move(y);
  return {};
}

template <class T, class F>
void fold_inputs(const KernelContext& context, Tensor& y, F&& combine) {
  auto out = y.mutable_data<T>();
  bool first = true;
  for (const Tensor& input : context.inputs) {
    const auto in = input.data<T>();
    for_each_index<1>(y.dims(), {broadcast_strides(input.dims(), y.dims())},
                      [&](int64_t i, const auto& at) { out[i] = first ? in[at[0]] : combine(out[i], in[at[0]]); });
    first = false;
  }
}

}  // namespace

Result<void> run(const Unary& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (op.kind == Unary::Kind::Identity) {
    context.outputs[0] = x;
    return {};
  }
  if (op.kind == Unary::Kind::Not || op.kind == Unary::Kind::IsNaN) {
    PARE_ASSIGN(Tensor y, allocate(DType::boolean, x.dims()));
    const bool is_nan = op.kind == Unary::Kind::IsNaN;
    if (is_nan ? !is_float(x.dtype()) : x.dtype() != DType::boolean) return no_kernel(x.dtype());
    auto out = y.mutable_data<bool>();
    for (int64_t i = 0; i < x.size(); ++i) out[i] = is_nan ? std::isnan(x.as_double(i)) : x.as_int(i) == 0;
    context.outputs[0] = std::move(y);
    return {};
  }
  if (is_integer(x.dtype())) {
    PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
    bool defined = true;
    const bool known = dispatch(x.dtype(), Integers{}, [&]<class T>() {
      const auto in = x.data<T>();
      auto out = y.mutable_data<T>();
      T probe{};
      defined = evaluate_integer<T>(op.kind, probe, probe);
      for (size_t i = 0; i < in.size() && defined; ++i) evaluate_integer<T>(op.kind, in[i], out[i]);
    });
    if (!known || !defined) return no_kernel(x.dtype());
    context.outputs[0] = std::move(y);
    return {};
  }
  if (op.kind == Unary::Kind::BitwiseNot) return no_kernel(x.dtype());
  if (auto done = through_float32(op, context)) return *done;
  return map_floats(context, [&](double v) { return evaluate(op.kind, v); });
}

Result<void> run(const Binary& op, KernelContext& context) {
  if (op.kind == Binary::Kind::Equal && context.inputs[0].dtype() == DType::string) return equal_strings(context);
  if (op.kind == Binary::Kind::Pow) return pow_of(context);
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& a = context.inputs[0];
  const Tensor& b = context.inputs[1];
  if (a.dtype() != b.dtype()) return input_error("takes operands of one type");
  PARE_ASSIGN(const Pairing pairing, pair_up(a, b));
  const bool to_bool = is_logic(op.kind) || is_comparison(op.kind);
  PARE_ASSIGN(Tensor y, allocate(to_bool ? DType::boolean : a.dtype(), pairing.dims));
  const auto go = [&]<class T>() {
    const auto av = a.data<T>();
    const auto bv = b.data<T>();
    if (to_bool) {
      auto out = y.mutable_data<bool>();
      for_each_index<2>(pairing.dims, pairing.strides,
                        [&](int64_t i, const auto& at) { out[i] = compare<T>(op.kind, av[at[0]], bv[at[1]]); });
    } else if constexpr (!std::is_same_v<T, bool>) {
      auto out = y.mutable_data<T>();
      for_each_index<2>(pairing.dims, pairing.strides,
                        [&](int64_t i, const auto& at) { out[i] = arithmetic<T>(op.kind, av[at[0]], bv[at[1]]); });
    }
  };
  bool known = false;
  if (is_logic(op.kind))
    known = dispatch(a.dtype(), Types<bool>{}, go);
  else if (is_bitwise(op.kind))
    known = dispatch(a.dtype(), Integers{}, go);
  else
    known = dispatch(a.dtype(), Numbers{}, go) ||
            (op.kind == Binary::Kind::Equal && dispatch(a.dtype(), Types<bool>{}, go));
  if (!known) return no_kernel(a.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Variadic& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  std::vector<Dims> all;
  const DType dtype = context.inputs[0].dtype();
  for (const Tensor& input : context.inputs) {
    if (input.dtype() != dtype) return input_error("takes operands of one type");
    all.push_back(input.dims());
  }
  PARE_ASSIGN(const Dims dims, broadcast_dims(all));
  PARE_ASSIGN(Tensor y, allocate(dtype, dims));
  const bool sums = op.kind == Variadic::Kind::Sum || op.kind == Variadic::Kind::Mean;
  const auto extreme = [&]<class T>() {
    fold_inputs<T>(context, y, [&](T a, T b) {
      if (a != a || b != b) return a != a ? a : b;
      return op.kind == Variadic::Kind::Max ? std::max(a, b) : std::min(a, b);
    });
  };
  const auto sum = [&]<class T>() {
    fold_inputs<T>(context, y, [](T a, T b) { return static_cast<T>(a + b); });
    if (op.kind == Variadic::Kind::Mean)
      for (T& value : y.mutable_data<T>()) value /= static_cast<T>(context.inputs.size());
  };
  if (!(sums ? dispatch(dtype, Floats{}, sum) : dispatch(dtype, Numbers{}, extreme))) return no_kernel(dtype);
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Cast& op, KernelContext& context) {
  const PowerRounding rounding = op.round_mode == "down"      ? PowerRounding::down
                                 : op.round_mode == "nearest" ? PowerRounding::nearest
                                                              : PowerRounding::up;
  PARE_ASSIGN(context.outputs[0], cast(context.inputs[0], op.to, op.saturate != 0, rounding));
  return {};
}

Result<void> run(const Where&, KernelContext& context) {
  const Tensor& condition = context.inputs[0];
  const Tensor& x = context.inputs[1];
  const Tensor& y = context.inputs[2];
  if (condition.dtype() != DType::boolean || x.dtype() != y.dtype())
    return input_error("takes a bool condition and two operands of one type");
  PARE_ASSIGN(const Dims dims, broadcast_dims({condition.dims(), x.dims(), y.dims()}));
  ElementMover from_x(x, x.dtype(), dims, nullptr);
  PARE_TRY(from_x.allocate());
  const auto picks = condition.data<bool>();
  // Two passes: the elements of X where the condition holds, then those of Y into the same result.
  const std::array<std::vector<int64_t>, 3> strides{
      broadcast_strides(condition.dims(), dims), broadcast_strides(x.dims(), dims), broadcast_strides(y.dims(), dims)};
  for_each_index<3>(dims, strides, [&](int64_t i, const auto& at) {
    if (picks[at[0]]) from_x.move(i, at[1]);
  });
  from_x.read_from(y);
  for_each_index<3>(dims, strides, [&](int64_t i, const auto& at) {
    if (!picks[at[0]]) from_x.move(i, at[2]);
  });
  context.outputs[0] = from_x.take();
  return {};
}

Result<void> run(const Dropout& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const bool training = context.has(2) && context.inputs[2].size() == 1 && context.inputs[2].as_int(0) != 0;
  const double ratio = context.has(1) && context.inputs[1].size() == 1 ? context.inputs[1].as_double(0) : 0.5;
  PARE_ASSIGN(Tensor mask, allocate(DType::boolean, x.dims()));
  auto kept = mask.mutable_data<bool>();
  std::fill(kept.begin(), kept.end(), true);
  context.outputs[0] = x;
  if (training && ratio != 0) {
    if (!is_float(x.dtype())) return no_kernel(x.dtype());
    if (!(ratio > 0 && ratio < 1)) return input_error("ratio is " + std::to_string(ratio) + ", expected 0 to below 1");
    RandomState random(static_cast<uint32_t>(op.seed));
    for (int64_t i = 0; i < x.size(); ++i) {
      kept[static_cast<size_t>(i)] = random.uniform() >= ratio;
      context.outputs[0].set_double(i, kept[static_cast<size_t>(i)] ? x.as_double(i) / (1 - ratio) : 0.0);
    }
  }
  if (context.outputs.size() > 1) context.outputs[1] = std::move(mask);
  return {};
}

}  // namespace pare
