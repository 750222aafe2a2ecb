// Inference of the operators between real numbers and integers.
#include "graph/ops/quant.h"

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

// A scalar, or a vector of one as some exporters write it.
bool is_one(const Shape& shape) { return shape.empty() || (shape.size() == 1 && shape[0].size == 1); }

// How the scale lies along x: per tensor, per axis (one-dimensional) or in blocks of `block_size` along the axis.
Result<void> check_scale(const InferContext& context, int64_t axis, int64_t block_size) {
  if (block_size < 0) return input_error("block_size is " + std::to_string(block_size) + ", expected 0 or more");
  if (context.has(2) && context.shape(1) && context.shape(2)) {
    const Shape& scale = *context.shape(1);
    const Shape& zero_point = *context.shape(2);
    const bool both_one = is_one(scale) && is_one(zero_point);
    if (!both_one && scale.size() != zero_point.size()) {
      return input_error("the zero point has rank " + std::to_string(zero_point.size()) +
                         ", expected that of the scale, " + std::to_string(scale.size()));
    }
    for (size_t i = 0; !both_one && i < scale.size(); ++i)
      PARE_TRY(unify(scale[i], zero_point[i], "extents of scale and zero point"));
  }
  const auto& x = context.shape(0);
  const auto& scale = context.shape(1);
  if (!x || !scale || scale->empty()) return {};
  if (block_size == 0) {
    if (scale->size() != 1) {
      return input_error("the scale has rank " + std::to_string(scale->size()) +
                         ", expected 0 or 1, or a block_size for more");
    }
    if (!(*scale)[0].known() || (*scale)[0].size == 1) return {};  // 1: one scale for the whole tensor
    PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(x->size())));
    const auto agreed =
        unify((*scale)[0], (*x)[static_cast<size_t>(at)], "elements of the scale and extent of its axis");
    return agreed ? Result<void>() : agreed.failure();
  }
  PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(x->size())));
  if (scale->size() != x->size()) {
    return input_error("the scale has rank " + std::to_string(scale->size()) + ", expected that of x, " +
                       std::to_string(x->size()) + ", with a block_size");
  }
  for (size_t i = 0; i < x->size(); ++i) {
    Dim expected = (*x)[i];
    if (i == static_cast<size_t>(at)) {
      expected = expected.known() ? Dim(expected.size / block_size + (expected.size % block_size != 0 ? 1 : 0)) : Dim();
    }
    PARE_TRY(unify((*scale)[i], expected, "extent of the scale along axis " + std::to_string(i)));
  }
  return {};
}

bool is_quantized_type(DType dtype) { return is_integer(dtype) || (is_float(dtype) && bits(dtype) <= 8); }

Result<void> check_quantized_type(DType dtype, std::string_view what) {
  if (dtype == DType::undefined || is_quantized_type(dtype)) return {};
  return input_error(std::string(what) + " is " + std::string(name(dtype)) +
                     ", expected an integer or 8-bit float type");
}

}  // namespace

Result<void> QuantizeLinear::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "x", {DType::float32, DType::float16, DType::bfloat16, DType::int32}));
  PARE_TRY(check_scale(context, axis, block_size));
  DType to = context.has(2) ? context.type(2).dtype : DType::undefined;
  if (to != DType::undefined && output_dtype != DType::undefined && to != output_dtype) {
    return input_error("output_dtype is " + std::string(name(output_dtype)) + ", expected the zero point's type, " +
                       std::string(name(to)));
  }
  if (to == DType::undefined) to = output_dtype;
  if (to == DType::undefined && !context.has(2)) to = DType::uint8;
  PARE_TRY(check_quantized_type(to, "the quantized type"));
  context.set(0, to, context.shape(0));
  return {};
}

Result<void> DequantizeLinear::infer(InferContext& context) const {
  PARE_TRY(check_quantized_type(context.type(0).dtype, "x"));
  PARE_TRY(need_dtype(context, 1, "x_scale", {DType::float32, DType::float16, DType::bfloat16, DType::float8e8m0}));
  PARE_TRY(need_same_dtype(context, {0, 2}));
  PARE_TRY(check_scale(context, axis, block_size));
  context.set(0, output_dtype != DType::undefined ? output_dtype : context.type(1).dtype, context.shape(0));
  return {};
}

Result<void> DynamicQuantizeLinear::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "x", {DType::float32}));
  context.set(0, DType::uint8, context.shape(0));
  context.set(1, DType::float32, Shape{});
  context.set(2, DType::uint8, Shape{});
  return {};
}

}  // namespace pare
