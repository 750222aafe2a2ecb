// Operators that draw random numbers. https://onnx.ai/onnx/operators. The same seed gives the same numbers in every
// run; without one it is 0.
#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/random_state.h"

namespace pare {
namespace {

using namespace kernels;

// A tensor of draw(0), draw(1), ...
template <class F>
Result<void> fill(KernelContext& context, DType dtype, const Dims& dims, F&& draw) {
  if (!is_float(dtype) && !is_integer(dtype) && dtype != DType::boolean) return no_kernel(dtype);
  PARE_ASSIGN(Tensor y, allocate(dtype, dims));
  for (int64_t i = 0; i < y.size(); ++i) y.set_double(i, draw(i));
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> normal(KernelContext& context, const auto& op, DType dtype, const Dims& dims) {
  RandomState random = RandomState::of(op.seed);
  const auto mean = static_cast<double>(op.mean), scale = static_cast<double>(op.scale);
  return fill(context, dtype, dims, [&](int64_t) { return mean + scale * random.normal(); });
}

Result<void> uniform(KernelContext& context, const auto& op, DType dtype, const Dims& dims) {
  RandomState random = RandomState::of(op.seed);
  const auto low = static_cast<double>(op.low), range = static_cast<double>(op.high) - low;
  return fill(context, dtype, dims, [&](int64_t) { return low + range * random.uniform(); });
}

DType dtype_like(DType asked, const KernelContext& context) {
  return asked == DType::undefined ? context.inputs[0].dtype() : asked;
}

}  // namespace

Result<void> run(const RandomNormal& op, KernelContext& context) { return normal(context, op, op.dtype, op.shape); }
Result<void> run(const RandomUniform& op, KernelContext& context) { return uniform(context, op, op.dtype, op.shape); }
Result<void> run(const RandomNormalLike& op, KernelContext& context) {
  return normal(context, op, dtype_like(op.dtype, context), context.inputs[0].dims());
}
Result<void> run(const RandomUniformLike& op, KernelContext& context) {
  return uniform(context, op, dtype_like(op.dtype, context), context.inputs[0].dims());
}

Result<void> run(const Multinomial& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (!is_float(x.dtype()) || x.rank() != 2)
    return input_error("takes a matrix of log-probabilities, found " + to_string(x.type()));
  const int64_t classes = x.dims()[1];
  if (op.sample_size < 0)
    return input_error("sample_size is " + std::to_string(op.sample_size) + ", expected 0 or more");
  if (classes == 0 && x.dims()[0] > 0 && op.sample_size > 0) return input_error("has no classes to draw from");
  RandomState random = RandomState::of(op.seed);
  std::vector<double> below(static_cast<size_t>(classes));  // cumulative probability, not normalized
  return fill(context, op.dtype, {x.dims()[0], op.sample_size}, [&](int64_t i) {
    if (i % op.sample_size == 0) {
      const int64_t row = i / op.sample_size * classes;
      double top = x.as_double(row), sum = 0;
      for (int64_t c = 1; c < classes; ++c) top = std::max(top, x.as_double(row + c));
      for (int64_t c = 0; c < classes; ++c) below[static_cast<size_t>(c)] = sum += std::exp(x.as_double(row + c) - top);
    }
    const auto drawn = std::upper_bound(below.begin(), below.end(), random.uniform() * below.back());
    return static_cast<double>(std::min<int64_t>(drawn - below.begin(), classes - 1));
  });
}

Result<void> run(const Bernoulli& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (!is_float(x.dtype())) return no_kernel(x.dtype());
  for (int64_t i = 0; i < x.size(); ++i)
    if (!(x.as_double(i) >= 0 && x.as_double(i) <= 1))
      return input_error("holds " + std::to_string(x.as_double(i)) + ", expected probabilities from 0 to 1");
  RandomState random = RandomState::of(op.seed);
  return fill(context, dtype_like(op.dtype, context), x.dims(),
              [&](int64_t i) { return random.bernoulli(x.as_double(i)) ? 1.0 : 0.0; });
}

}  // namespace pare
