// ScatterElements, ScatterND. https://onnx.ai/onnx/operators. Updates apply in row-major order.
#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

enum class Combine { replace, add, mul, max, min };

Result<Combine> combine_of(const std::string& reduction) {
  if (reduction == "none") return Combine::replace;
  if (reduction == "add") return Combine::add;
  if (reduction == "mul") return Combine::mul;
  if (reduction == "max") return Combine::max;
  if (reduction == "min") return Combine::min;
  return input_error("reduction \"" + reduction + "\" is none of none, add, mul, max, min");
}

// Integers wrap around.
template <class T>
T combined(Combine how, T a, T b) {
  if (how == Combine::max) return std::max(a, b);
  if (how == Combine::min) return std::min(a, b);
  if constexpr (std::is_same_v<T, bool>) {
    return how == Combine::add ? a || b : a && b;
  } else if constexpr (std::is_integral_v<T>) {
    const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
    return static_cast<T>(how == Combine::add ? x + y : x * y);
  } else {
    return how == Combine::add ? a + b : a * b;
  }
}

// A copy of data in which element places[i] becomes that and updates' element i, combined.
Result<Tensor> place(const Tensor& data, const Tensor& updates, Combine how, const std::vector<int64_t>& places) {
  if (how == Combine::replace) {
    ElementMover mover(data, data.dtype(), data.dims(), nullptr);
    PARE_TRY(mover.allocate());
    for (int64_t i = 0; i < data.size(); ++i) mover.move(i, i);
    mover.read_from(updates);
    for (size_t i = 0; i < places.size(); ++i) mover.move(places[i], static_cast<int64_t>(i));
    return mover.take();
  }
  Tensor y = data;
  const auto go = [&]<class T>() {
    const auto from = updates.data<T>();
    auto out = y.mutable_data<T>();
    for (size_t i = 0; i < places.size(); ++i) {
      T& target = out[static_cast<size_t>(places[i])];
      target = combined<T>(how, target, from[i]);
    }
  };
  if (!dispatch(y.dtype(), Numbers{}, go) && !dispatch(y.dtype(), Types<bool>{}, go)) return no_kernel(y.dtype());
  return y;
}

Result<void> check_types(const KernelContext& context) {
  const DType index = context.inputs[1].dtype();
  if (index != DType::int64 && index != DType::int32)
    return input_error("indices must be int64 or int32, found " + to_string(context.inputs[1].type()));
  if (context.inputs[0].dtype() != context.inputs[2].dtype())
    return input_error("data and updates must be of one type");
  return {};
}

Result<int64_t> index_in(int64_t i, int64_t size) {
  if (i < -size || i >= size)
    return input_error("index " + std::to_string(i) + " is outside an axis of " + std::to_string(size));
  return i < 0 ? i + size : i;
}

}  // namespace

Result<void> run(const ScatterElements& op, KernelContext& context) {
  PARE_ASSIGN(const Combine how, combine_of(op.reduction));
  if (how != Combine::replace)
    if (auto done = through_float32(op, context)) return *done;
  PARE_TRY(check_types(context));
  const Tensor& data = context.inputs[0];
  const Tensor& indices = context.inputs[1];
  if (indices.rank() != data.rank() || context.inputs[2].dims() != indices.dims())
    return input_error("indices and updates must be of one shape and of data's rank");
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, data.dims().size()));
  for (size_t i = 0; i < data.dims().size(); ++i)
    if (i != axis && indices.dims()[i] > data.dims()[i])
      return input_error("indices reach beyond data along axis " + std::to_string(i));
  auto strides = strides_of(data.dims());
  const int64_t along = std::exchange(strides[axis], 0);
  std::vector<int64_t> places(static_cast<size_t>(indices.size()));
  for_each_index<1>(indices.dims(), {strides},
                    [&](int64_t i, const auto& at) { places[static_cast<size_t>(i)] = at[0]; });
  for (size_t i = 0; i < places.size(); ++i) {
    PARE_ASSIGN(const int64_t index, index_in(indices.as_int(static_cast<int64_t>(i)), data.dims()[axis]));
    places[i] += index * along;
  }
  PARE_ASSIGN(context.outputs[0], place(data, context.inputs[2], how, places));
  return {};
}

Result<void> run(const ScatterND& op, KernelContext& context) {
  PARE_ASSIGN(const Combine how, combine_of(op.reduction));
  if (how != Combine::replace)
    if (auto done = through_float32(op, context)) return *done;
  PARE_TRY(check_types(context));
  const Tensor& data = context.inputs[0];
  const Tensor& indices = context.inputs[1];
  const Tensor& updates = context.inputs[2];
  const auto rank = data.dims().size();
  if (indices.rank() < 1) return input_error("indices must have rank 1 or more");
  const int64_t depth = indices.dims().back();
  if (depth > static_cast<int64_t>(rank))
    return input_error("index tuples have " + std::to_string(depth) + " entries, expected at most " +
                       std::to_string(rank));
  Dims expected(indices.dims().begin(), indices.dims().end() - 1);
  const int64_t tuples = product(expected);
  expected.insert(expected.end(), data.dims().begin() + depth, data.dims().end());
  if (updates.dims() != expected)
    return input_error("updates must have the shape that data and indices give, found " + to_string(updates.type()));
  const auto strides = strides_of(data.dims());
  const int64_t slice = product(data.dims(), static_cast<size_t>(depth), rank);
  std::vector<int64_t> places;
  places.reserve(static_cast<size_t>(updates.size()));
  for (int64_t t = 0; t < tuples; ++t) {
    int64_t start = 0;
    for (int64_t k = 0; k < depth; ++k) {
      const auto axis = static_cast<size_t>(k);
      PARE_ASSIGN(const int64_t index, index_in(indices.as_int(t * depth + k), data.dims()[axis]));
      start += index * strides[axis];
    }
    for (int64_t i = 0; i < slice; ++i) places.push_back(start + i);
  }
  PARE_ASSIGN(context.outputs[0], place(data, updates, how, places));
  return {};
}

}  // namespace pare
