// Element-wise operators with attributes, running sums, determinants. https://onnx.ai/onnx/operators. Einsum stands in
// einsum.cc.
#include <cmath>
#include <limits>

#include "graph/minifloat.h"
#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

// c = f(a, b) of one type, broadcast.
template <class List, class F>
Result<void> map_pairs(KernelContext& context, List types, F&& f) {
  const Tensor& a = context.inputs[0];
  const Tensor& b = context.inputs[1];
  if (a.dtype() != b.dtype()) return input_error("takes operands of one type");
  PARE_ASSIGN(const Dims dims, broadcast_dims({a.dims(), b.dims()}));
  PARE_ASSIGN(Tensor y, allocate(a.dtype(), dims));
  const std::array<std::vector<int64_t>, 2> strides{broadcast_strides(a.dims(), dims),
                                                    broadcast_strides(b.dims(), dims)};
  const bool known = dispatch(a.dtype(), types, [&]<class T>() {
    const auto left = a.data<T>(), right = b.data<T>();
    auto out = y.mutable_data<T>();
    for_each_index<2>(dims, strides, [&](int64_t i, const auto& at) { out[i] = f(left[at[0]], right[at[1]]); });
  });
  if (!known) return no_kernel(a.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

// By zero: NaN for floats, 0 for integers.
template <class T>
T modulo(T a, T b, bool fmod) {
  if constexpr (std::is_floating_point_v<T>) {
    T rest = std::fmod(a, b);
    if (fmod || std::isnan(rest)) return rest;
    if (rest == 0) return std::copysign(rest, b);
    return (rest < 0) != (b < 0) ? rest + b : rest;
  } else {
    if (b == 0 || (std::is_signed_v<T> && b == static_cast<T>(-1))) return 0;
    const T rest = static_cast<T>(a % b);
    return !fmod && rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
  }
}

// Beyond the width of the type (or by a negative amount) nothing is left but the sign.
template <class T>
T shifted(T a, T by, bool left) {
  constexpr auto width = static_cast<uint64_t>(std::numeric_limits<std::make_unsigned_t<T>>::digits);
  const auto amount = static_cast<uint64_t>(by);
  if (amount >= width) return !left && a < 0 ? static_cast<T>(-1) : T{0};
  return left ? static_cast<T>(static_cast<uint64_t>(a) << amount) : static_cast<T>(a >> amount);
}

template <class T>
T shrunk(T x, const Shrink& op) {
  const auto value = static_cast<long double>(x), edge = static_cast<long double>(op.lambd);
  const auto bias = static_cast<long double>(op.bias);
  const long double y = value < -edge ? value + bias : value > edge ? value - bias : 0.0L;
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(x) ? T{0} : static_cast<T>(y);
  } else {
    constexpr auto low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    if (std::isnan(y)) return 0;
    return y <= static_cast<long double>(low) ? low : y >= static_cast<long double>(high) ? high : static_cast<T>(y);
  }
}

double swish(double x, double alpha) { return x / (1 + std::exp(-alpha * x)); }

// Where line l of a tensor begins along an axis, and how far its elements lie apart.
struct Along {
  int64_t outer, size, inner;
  int64_t lines() const { return outer * inner; }
  int64_t begin(int64_t l) const { return l / inner * size * inner + l % inner; }
};
Along along(const Dims& dims, size_t axis) {
  return {product(dims, 0, axis), dims[axis], product(dims, axis + 1, dims.size())};
}

// Sums of floats run in double; integers wrap around.
template <class T>
void accumulate(const Cumulative& op, const Along& lines, const Tensor& x, Tensor& y) {
  using Total = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
  const bool sums = op.kind == Cumulative::Kind::Sum;
  const auto in = x.data<T>();
  auto out = y.mutable_data<T>();
  for (int64_t l = 0; l < lines.lines(); ++l) {
    Total total = sums ? 0 : 1;
    for (int64_t k = 0; k < lines.size; ++k) {
      const int64_t i = lines.begin(l) + (op.reverse != 0 ? lines.size - 1 - k : k) * lines.inner;
      if (op.exclusive != 0) out[i] = static_cast<T>(total);
      total = sums ? total + static_cast<Total>(in[i]) : total * static_cast<Total>(in[i]);
      if (op.exclusive == 0) out[i] = static_cast<T>(total);
    }
  }
}

// Gaussian elimination with the largest pivot of each column.
double determinant(std::vector<double> m, int64_t n) {
  const auto at = [&](int64_t row, int64_t column) -> double& { return m[static_cast<size_t>(row * n + column)]; };
  double result = 1;
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t row = k + 1; row < n; ++row)
      if (std::fabs(at(row, k)) > std::fabs(at(pivot, k))) pivot = row;
    if (at(pivot, k) == 0) return 0;
    if (pivot != k) {
      for (int64_t column = 0; column < n; ++column) std::swap(at(k, column), at(pivot, column));
      result = -result;
    }
    result *= at(k, k);
    for (int64_t row = k + 1; row < n; ++row) {
      const double factor = at(row, k) / at(k, k);
      for (int64_t column = k; column < n; ++column) at(row, column) -= factor * at(k, column);
    }
  }
  return result;
}

}  // namespace

Result<void> run(const Mod& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  return map_pairs(context, Numbers{}, [&]<class T>(T a, T b) { return modulo<T>(a, b, op.fmod != 0); });
}

Result<void> run(const BitShift& op, KernelContext& context) {
  if (op.direction != "LEFT" && op.direction != "RIGHT")
    return input_error("direction \"" + op.direction + "\" is neither LEFT nor RIGHT");
  return map_pairs(context, Integers{}, [&]<class T>(T a, T b) { return shifted<T>(a, b, op.direction == "LEFT"); });
}

Result<void> run(const IsInf& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (!is_float(x.dtype())) return no_kernel(x.dtype());
  PARE_ASSIGN(Tensor y, allocate(DType::boolean, x.dims()));
  auto out = y.mutable_data<bool>();
  for (int64_t i = 0; i < x.size(); ++i) {
    const double value = x.as_double(i);
    out[i] = std::isinf(value) && (value > 0 ? op.detect_positive : op.detect_negative) != 0;
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Shrink& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const bool known = dispatch(x.dtype(), Numbers{}, [&]<class T>() {
    const auto in = x.data<T>();
    auto out = y.mutable_data<T>();
    for (size_t i = 0; i < in.size(); ++i) out[i] = shrunk<T>(in[i], op);
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Swish& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  return map_floats(context, [&](double x) { return swish(x, static_cast<double>(op.alpha)); });
}

Result<void> run(const SwiGLU& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  if (context.inputs[0].dims() != context.inputs[1].dims()) return input_error("takes operands of one shape");
  return map_pairs(context, Floats{}, [&]<class T>(T a, T b) {
    return static_cast<T>(swish(static_cast<double>(a), static_cast<double>(op.alpha)) * static_cast<double>(b));
  });
}

Result<void> run(const CastLike& op, KernelContext& context) {
  const PowerRounding rounding = op.round_mode == "down"      ? PowerRounding::down
                                 : op.round_mode == "nearest" ? PowerRounding::nearest
                                                              : PowerRounding::up;
  PARE_ASSIGN(context.outputs[0], cast(context.inputs[0], context.inputs[1].dtype(), op.saturate != 0, rounding));
  return {};
}

Result<void> run(const BitCast& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (bits(op.to) == 0 || bits(op.to) != bits(x.dtype()))
    return input_error("cannot read " + std::string(name(x.dtype())) + " as " + std::string(name(op.to)) +
                       ", which has another width");
  auto owner = std::make_shared<Tensor>(x);
  PARE_ASSIGN(context.outputs[0], Tensor::from_buffer(op.to, x.dims(), Buffer::view(owner->bytes(), owner)));
  return {};
}

Result<void> run(const Cumulative& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  const Tensor& axis = context.inputs[1];
  if (!is_integer(axis.dtype()) || axis.size() != 1)
    return input_error("axis must be one integer, found " + to_string(axis.type()));
  PARE_ASSIGN(const size_t at, axis_of(axis.as_int(0), x.dims().size()));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const auto go = [&]<class T>() { accumulate<T>(op, along(x.dims(), at), x, y); };
  if (!dispatch(x.dtype(), Numbers{}, go)) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Hardmax& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (!is_float(x.dtype())) return no_kernel(x.dtype());
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const Along lines = along(x.dims(), axis);
  for (int64_t l = 0; lines.size > 0 && l < lines.lines(); ++l) {
    int64_t best = lines.begin(l);
    for (int64_t k = 1; k < lines.size; ++k) {
      const int64_t i = lines.begin(l) + k * lines.inner;
      if (x.as_double(i) > x.as_double(best)) best = i;
    }
    y.set_double(best, 1);
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Det&, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (!is_float(x.dtype())) return no_kernel(x.dtype());
  const size_t rank = x.dims().size();
  if (rank < 2 || x.dims()[rank - 1] != x.dims()[rank - 2])
    return input_error("takes square matrices, found " + to_string(x.type()));
  const int64_t n = x.dims()[rank - 1];
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), Dims(x.dims().begin(), x.dims().end() - 2)));
  std::vector<double> matrix(static_cast<size_t>(x.size() == 0 ? 0 : n * n));
  for (int64_t b = 0; b < y.size(); ++b) {
    for (size_t i = 0; i < matrix.size(); ++i) matrix[i] = x.as_double(b * n * n + static_cast<int64_t>(i));
    y.set_double(b, determinant(matrix, n));
  }
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
