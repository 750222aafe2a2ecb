// Reductions. https://onnx.ai/onnx/operators: Reduce*, ArgMax, ArgMin. Float sums in double.
#include <cmath>
#include <limits>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

// Values of one output element in, result out. Integers are folded exactly in 64 bits.
template <class Acc>
struct Fold {
  Reduce::Kind kind;
  Acc value{}, top{};
  int64_t count = 0;

  void add(Acc x) {
    using enum Reduce::Kind;
    const bool first = count++ == 0;
    switch (kind) {
      case L1:
        value += x < Acc(0) ? -x : x;
        break;
      case L2:
      case SumSquare:
        value += x * x;
        break;
      case LogSum:
      case Mean:
      case Sum:
        value += x;
        break;
      case Prod:
        value = first ? x : value * x;
        break;
      case Max:
        value = first || x > value || x != x ? x : value;
        break;
      case Min:
        value = first || x < value || x != x ? x : value;
        break;
      case LogSumExp:
        break;  // in two passes, by the caller
    }
  }
};

template <class T>
double log_sum_exp(std::span<const T> values) {
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (const T value : values) top = std::max(top, static_cast<double>(value));
  if (std::isinf(top)) return top;
  for (const T value : values) sum += std::exp(static_cast<double>(value) - top);
  return top + std::log(sum);
}

template <class T>
T reduce_line(Reduce::Kind kind, std::span<const T> values) {
  using enum Reduce::Kind;
  if (kind == LogSumExp) return static_cast<T>(log_sum_exp(values));
  using Acc = std::conditional_t<std::is_floating_point_v<T>, double,
                                 std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;
  using Wrapped = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;  // wraps instead of overflowing
  const bool orders = kind == Max || kind == Min;
  if (orders || std::is_floating_point_v<T> || kind == L1) {
    Fold<Acc> fold{kind};
    for (const T value : values) fold.add(static_cast<Acc>(value));
    if constexpr (std::is_floating_point_v<T>) {
      if (values.empty() && kind == Prod) return T(1);
      if (values.empty() && orders) return std::numeric_limits<T>::infinity() * (kind == Max ? T(-1) : T(1));
      if (kind == L2) return static_cast<T>(std::sqrt(fold.value));
      if (kind == LogSum) return static_cast<T>(std::log(fold.value));
      if (kind == Mean) return static_cast<T>(fold.value / static_cast<double>(values.size()));
    }
    if (values.empty() && orders) return kind == Max ? std::numeric_limits<T>::lowest() : std::numeric_limits<T>::max();
    return static_cast<T>(fold.value);
  }
  Fold<Wrapped> fold{kind};
  for (const T value : values) fold.add(static_cast<Wrapped>(value));
  if (values.empty() && kind == Prod) return T(1);
  if (kind == Mean)
    return values.empty() ? T(0) : static_cast<T>(static_cast<Acc>(fold.value) / static_cast<Acc>(values.size()));
  if (kind == L2) return static_cast<T>(std::sqrt(static_cast<double>(fold.value)));
  if (kind == LogSum) return static_cast<T>(std::log(static_cast<double>(static_cast<Acc>(fold.value))));
  return static_cast<T>(fold.value);
}

// The operand's axes as kept first, reduced last.
struct Plan {
  Dims kept, reduced, out_dims;
  std::vector<int64_t> kept_strides, reduced_strides;
};

Plan split_axes(const Dims& dims, const std::vector<bool>& reduced, bool keep) {
  Plan plan;
  const auto strides = strides_of(dims);
  for (size_t i = 0; i < dims.size(); ++i) {
    (reduced[i] ? plan.reduced : plan.kept).push_back(dims[i]);
    (reduced[i] ? plan.reduced_strides : plan.kept_strides).push_back(strides[i]);
    if (!reduced[i])
      plan.out_dims.push_back(dims[i]);
    else if (keep)
      plan.out_dims.push_back(1);
  }
  return plan;
}

// f(output index, the reduced elements in row-major order)
template <class T, class F>
void for_each_line(const Plan& plan, std::span<const T> in, F&& f) {
  std::vector<T> line(static_cast<size_t>(product(plan.reduced)));
  for_each_index<1>(plan.kept, {plan.kept_strides}, [&](int64_t o, const auto& base) {
    for_each_index<1>(plan.reduced, {plan.reduced_strides},
                      [&](int64_t i, const auto& at) { line[i] = in[base[0] + at[0]]; });
    f(o, std::span<const T>(line));
  });
}

template <class T>
int64_t extreme_index(const ArgReduce& op, std::span<const T> line) {
  int64_t best = 0;
  for (int64_t i = 1; i < static_cast<int64_t>(line.size()); ++i) {
    const T a = line[i], b = line[best];
    const bool better = op.kind == ArgReduce::Kind::Max ? a > b : a < b;
    if (better || (a == b && op.select_last_index != 0)) best = i;
  }
  return best;
}

}  // namespace

Result<void> run(const Reduce& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  std::vector<bool> reduced(x.dims().size(), false);
  std::vector<int64_t> axes;
  if (context.has(1)) {
    if (context.inputs[1].dtype() != DType::int64) return input_error("axes must be int64");
    axes = context.inputs[1].ints();
  }
  for (const int64_t axis : axes) {
    PARE_ASSIGN(const size_t at, axis_of(axis, x.dims().size()));
    reduced[at] = true;
  }
  if (axes.empty()) reduced.assign(reduced.size(), op.noop_with_empty_axes == 0);
  const Plan plan = split_axes(x.dims(), reduced, op.keepdims != 0);
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), plan.out_dims));
  const bool known = dispatch(x.dtype(), Numbers{}, [&]<class T>() {
    auto out = y.mutable_data<T>();
    for_each_line<T>(plan, x.data<T>(),
                     [&](int64_t o, std::span<const T> line) { out[o] = reduce_line<T>(op.kind, line); });
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const ArgReduce& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  std::vector<bool> reduced(x.dims().size(), false);
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  if (reduced.empty() || x.dims()[axis] == 0) return input_error("takes an axis with elements");
  reduced[axis] = true;
  const Plan plan = split_axes(x.dims(), reduced, op.keepdims != 0);
  PARE_ASSIGN(Tensor y, allocate(DType::int64, plan.out_dims));
  const bool known = dispatch(x.dtype(), Numbers{}, [&]<class T>() {
    auto out = y.mutable_data<int64_t>();
    for_each_line<T>(plan, x.data<T>(),
                     [&](int64_t o, std::span<const T> line) { out[o] = extreme_index<T>(op, line); });
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
