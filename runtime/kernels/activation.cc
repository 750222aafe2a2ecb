// Activations with attributes, and Clip. https://onnx.ai/onnx/operators. Floats are computed in double and rounded
// once.
#include <cmath>
#include <limits>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

double gelu(bool tanh_form, double x) {
  constexpr double kSqrt2OverPi = 0.79788456080286535588, kSqrt1_2 = 0.70710678118654752440;
  if (tanh_form) return 0.5 * x * (1 + std::tanh(kSqrt2OverPi * (x + 0.044715 * x * x * x)));
  return 0.5 * x * (1 + std::erf(x * kSqrt1_2));
}

}  // namespace

Result<void> run(const Clip& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& x = context.inputs[0];
  for (size_t slot : {1, 2})
    if (context.has(slot) && (context.inputs[slot].size() != 1 || context.inputs[slot].dtype() != x.dtype()))
      return input_error("takes bounds that are scalars of the input's type");
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const bool known = dispatch(x.dtype(), Numbers{}, [&]<class T>() {
    const T low = context.has(1) ? context.inputs[1].data<T>()[0] : std::numeric_limits<T>::lowest();
    const T high = context.has(2) ? context.inputs[2].data<T>()[0] : std::numeric_limits<T>::max();
    const bool below = context.has(1), above = context.has(2);
    const auto in = x.data<T>();
    auto out = y.mutable_data<T>();
    for (size_t i = 0; i < in.size(); ++i) {
      T value = in[i];
      if (below && value < low) value = low;
      if (above && value > high) value = high;
      out[i] = value;
    }
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

#define PARE_MAP(O, EXPRESSION)                                                 \
  Result<void> run(const O& op, KernelContext& context) {                       \
    if (auto done = through_float32(op, context)) return *done;                 \
    return map_floats(context, [&](double x) -> double { return EXPRESSION; }); \
  }
PARE_MAP(LeakyRelu, x < 0 ? static_cast<double>(op.alpha) * x : x)
PARE_MAP(Elu, x < 0 ? static_cast<double>(op.alpha) * std::expm1(x) : x)
PARE_MAP(Celu, std::max(0.0, x) +
                   std::min(0.0, static_cast<double>(op.alpha) * std::expm1(x / static_cast<double>(op.alpha))))
PARE_MAP(ThresholdedRelu, x > static_cast<double>(op.alpha) ? x : 0.0)
PARE_MAP(Selu, static_cast<double>(op.gamma) * (x > 0 ? x : static_cast<double>(op.alpha) * std::expm1(x)))
// NaN stays NaN.
PARE_MAP(HardSigmoid, std::min(std::max(static_cast<double>(op.alpha) * x + static_cast<double>(op.beta), 0.0), 1.0))
PARE_MAP(Gelu, gelu(op.approximate == "tanh", x))
#undef PARE_MAP

}  // namespace pare
