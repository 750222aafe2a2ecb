// Between real numbers and integers. https://onnx.ai/onnx/operators: QuantizeLinear, DequantizeLinear,
// DynamicQuantizeLinear.
#include <cmath>
#include <limits>

#include "graph/minifloat.h"
#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

// Which entry of the scale (and zero point) each element of x uses: element i of x, entry index(i).
struct ScaleMap {
  int64_t inner = 1, size = 1, block = 1, blocks = 1;
  bool scalar = true;
  int64_t index(int64_t i) const {
    if (scalar) return 0;
    const int64_t along = i / inner % size;
    return block == 0 ? along : (i / (inner * size) * blocks + along / block) * inner + i % inner;
  }
};

Result<ScaleMap> scale_map(const Dims& x, const Tensor& scale, const Tensor* zero, int64_t axis, int64_t block_size) {
  ScaleMap map;
  if (zero && zero->size() != scale.size()) return input_error("scale and zero point differ in size");
  if (scale.size() == 1 && scale.rank() <= 1) return map;
  PARE_ASSIGN(const size_t at, axis_of(axis, x.size()));
  map.scalar = false;
  map.inner = product(x, at + 1, x.size());
  map.size = x.empty() ? 1 : x[at];
  map.block = block_size;
  if (block_size == 0) {
    if (scale.rank() != 1 || scale.size() != map.size)
      return input_error("needs one scale per entry of axis " + std::to_string(at) + ", found " +
                         to_string(scale.type()));
    return map;
  }
  if (block_size < 0) return input_error("block_size is negative");
  Dims expected = x;
  map.blocks = (map.size + block_size - 1) / block_size;
  expected[at] = map.blocks;
  if (scale.dims() != expected)
    return input_error("needs one scale per block of " + std::to_string(block_size) + ", found " +
                       to_string(scale.type()));
  return map;
}

}  // namespace

Result<void> run(const QuantizeLinear& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const Tensor& scale = context.inputs[1];
  const Tensor* zero = context.has(2) ? &context.inputs[2] : nullptr;
  PARE_ASSIGN(const ScaleMap map, scale_map(x.dims(), scale, zero, op.axis, op.block_size));
  const DType to = zero ? zero->dtype() : op.output_dtype != DType::undefined ? op.output_dtype : DType::uint8;
  if (x.dtype() == DType::float64 || bits(x.dtype()) == 0) return no_kernel(x.dtype());
  const bool to_float = is_float(to);
  if (!is_integer(to) && !(to_float && bits(to) <= 8)) return no_kernel(to);
  // The division is one float32 operation (float16 and bfloat16 scales: rounded to that type first), as ONNX defines
  // it.
  const DType narrow = op.precision != 0 ? static_cast<DType>(op.precision) : scale.dtype();
  const auto rounded = [&](float value) {
    if (narrow == DType::float16) return half_to_float(float_to_half(value));
    return narrow == DType::bfloat16 ? bfloat16_to_float(float_to_bfloat16(value)) : value;
  };
  const auto operand = [&](double value) {  // `precision` asks for the operands too, not only for the result
    return op.precision != 0 ? rounded(static_cast<float>(value)) : static_cast<float>(value);
  };
  PARE_ASSIGN(Tensor y, allocate(to_float ? DType::float64 : to, x.dims()));
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t at = map.index(i);
    const auto ratio = static_cast<double>(rounded(operand(x.as_double(i)) / operand(scale.as_double(at))));
    y.set_double(i, (to_float ? ratio : std::nearbyint(ratio)) + (zero ? zero->as_double(at) : 0.0));
  }
  PARE_ASSIGN(context.outputs[0], cast(y, to, op.saturate != 0, PowerRounding::up));
  return {};
}

Result<void> run(const DequantizeLinear& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const Tensor& scale = context.inputs[1];
  const Tensor* zero = context.has(2) ? &context.inputs[2] : nullptr;
  PARE_ASSIGN(const ScaleMap map, scale_map(x.dims(), scale, zero, op.axis, op.block_size));
  if (bits(x.dtype()) == 0 || !is_float(scale.dtype())) return no_kernel(x.dtype());
  PARE_ASSIGN(Tensor y, allocate(op.output_dtype != DType::undefined ? op.output_dtype : scale.dtype(), x.dims()));
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t at = map.index(i);
    const auto difference = static_cast<float>(x.as_double(i) - (zero ? zero->as_double(at) : 0.0));
    y.set_double(i, static_cast<double>(difference * static_cast<float>(scale.as_double(at))));
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const DynamicQuantizeLinear&, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (x.dtype() != DType::float32) return no_kernel(x.dtype());
  float low = 0, high = 0;
  for (const float value : x.data<float>()) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const float scale = high > low ? (high - low) / 255.0f : 1.0f;
  const float zero = std::clamp(std::nearbyint(-low / scale), 0.0f, 255.0f);
  PARE_ASSIGN(Tensor y, allocate(DType::uint8, x.dims()));
  auto out = y.mutable_data<uint8_t>();
  for (int64_t i = 0; i < x.size(); ++i) {
    const float level = std::nearbyint(x.data<float>()[i] / scale) + zero;
    out[i] = static_cast<uint8_t>(std::isnan(level) ? 0.0f : std::clamp(level, 0.0f, 255.0f));
  }
  context.outputs[0] = std::move(y);
  context.outputs[1] = Tensor::scalar(scale);
  context.outputs[2] = Tensor::scalar(static_cast<uint8_t>(zero));
  return {};
}

}  // namespace pare
