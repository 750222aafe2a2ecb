// Inference and links of operators on quantized integers that carry their scales along.
#include "graph/ops/qlinear.h"

#include <algorithm>

#include "graph/ops/conv.h"
#include "graph/ops/delegate.h"
#include "graph/ops/infer_util.h"
#include "graph/ops/pool.h"
#include "graph/ops/shape.h"

namespace pare {
namespace {

Result<void> need_bytes(const InferContext& context, size_t i, std::string_view name) {
  return need_dtype(context, i, name, {DType::int8, DType::uint8});
}

// Tensor, scale and zero point at slots i to i + 2: bytes, float32, the type of the tensor.
Result<void> need_triple(const InferContext& context, size_t i, std::string_view name) {
  PARE_TRY(need_bytes(context, i, name));
  PARE_TRY(need_dtype(context, i + 1, std::string(name) + "_scale", {DType::float32}));
  return need_same_dtype(context, {i, i + 2});
}

// Scale and zero point of the whole of an operand at slots i and i + 1.
Result<void> need_one_scale(const InferContext& context, size_t i, std::string_view name) {
  for (size_t slot = i; slot < i + 2; ++slot) {
    PARE_TRY(need_rank(context, slot, name, 0, 1));
    if (context.has(slot) && context.shape(slot) && context.shape(slot)->size() == 1)
      PARE_TRY(unify(context.shape(slot)->front(), Dim(1), "the elements of " + std::string(name)));
  }
  return {};
}

// The type of the output at slots i (scale) and i + 1 (zero point); `otherwise` without a zero point.
DType output_type(const InferContext& context, size_t zero_point, DType otherwise) {
  return context.has(zero_point) ? context.type(zero_point).dtype : otherwise;
}

// X, X_scale, X_zero_point, Y_scale, Y_zero_point -> a tensor of the type and dims of X
Result<void> infer_unary(InferContext& context) {
  PARE_TRY(need_present(context, {3}));
  PARE_TRY(need_triple(context, 0, "X"));
  PARE_TRY(need_dtype(context, 3, "Y_scale", {DType::float32}));
  PARE_TRY(need_same_dtype(context, {0, 4}));
  PARE_TRY(need_one_scale(context, 1, "X_scale and X_zero_point"));
  PARE_TRY(need_one_scale(context, 3, "Y_scale and Y_zero_point"));
  context.set(0, context.type(0).dtype, context.shape(0));
  return {};
}

// The same with the axes of a pool, which `pool` infers on channels first.
template <class O>
Result<void> infer_pool(const O& pool, bool channels_last, InferContext& context) {
  PARE_TRY(infer_unary(context));
  InferContext first;
  first.inputs = {context.inputs[0]};
  first.outputs.resize(1);
  first.inputs[0].type.dtype = DType::float32;
  std::optional<Shape>& x = first.inputs[0].type.shape;
  if (channels_last) PARE_TRY(need_rank(context, 0, "X", 3));
  if (x && channels_last) std::rotate(x->begin() + 1, x->end() - 1, x->end());
  PARE_TRY(pool.infer(first));
  std::optional<Shape> y = first.outputs[0].type.shape;
  if (y && channels_last) std::rotate(y->begin() + 1, y->begin() + 2, y->end());
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

void link_pool(LinkContext& context, bool channels_last) {
  const int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 3 || context.rank(AxisRef::Side::output, 0) != rank) return;
  context.link(in(0, 0), out(0, 0));
  const int channel = channels_last ? rank - 1 : 1;
  context.link(in(0, channel), out(0, channel));
}

// Scales and zero points at `slot`: one per element of `axis`, or of something that keeps the axis whole.
void link_scales(LinkContext& context, int slot, AxisRef axis) {
  if (!context.has(static_cast<size_t>(slot))) return;
  const auto& shape = context.inputs[static_cast<size_t>(slot)].shape;
  const bool one = shape && std::all_of(shape->begin(), shape->end(), [](const Dim& dim) { return dim.size == 1; });
  if (one) return;
  if (shape && shape->size() == 1)
    context.link(in(slot, 0), axis);
  else
    context.fix(axis);
}

// One triple of tensor, scale and zero point after the two inputs of the output's scale.
Result<size_t> concat_parts(size_t inputs) {
  if (inputs < 5 || (inputs - 2) % 3 != 0)
    return input_error("has " + std::to_string(inputs) +
                       " inputs, expected two and then three of each part: tensor, scale and zero point");
  return (inputs - 2) / 3;
}

std::vector<int> concat_slots(size_t parts) {
  std::vector<int> slots;
  for (size_t part = 0; part < parts; ++part) slots.push_back(static_cast<int>(2 + 3 * part));
  return slots;
}

}  // namespace

Result<void> QLinearConv::infer(InferContext& context) const {
  PARE_TRY(need_triple(context, 0, "x"));
  PARE_TRY(need_triple(context, 3, "w"));
  PARE_TRY(need_dtype(context, 6, "y_scale", {DType::float32}));
  PARE_TRY(need_bytes(context, 7, "y_zero_point"));
  PARE_TRY(need_dtype(context, 8, "B", {DType::int32}));
  PARE_TRY(need_one_scale(context, 1, "x_scale and x_zero_point"));
  PARE_TRY(need_one_scale(context, 6, "y_scale and y_zero_point"));
  const ConvInteger conv{auto_pad, dilations, group, kernel_shape, pads, strides};
  PARE_ASSIGN(Type y, type_as(conv, context, {0, 3, 2, 5}));
  PARE_TRY(need_rank(context, 8, "B", 1, 1));
  context.set(0, context.type(7).dtype, std::move(y.shape));
  return {};
}

Result<void> QLinearMatMul::infer(InferContext& context) const {
  for (const size_t i : {0, 3, 7}) {
    PARE_TRY(need_dtype(context, i,
                        i == 0   ? "a"
                        : i == 3 ? "b"
                                 : "y_zero_point",
                        {DType::int8, DType::uint8, DType::float8e4m3fn, DType::float8e4m3fnuz, DType::float8e5m2,
                         DType::float8e5m2fnuz}));
  }
  PARE_TRY(need_same_dtype(context, {0, 2}));
  PARE_TRY(need_same_dtype(context, {3, 5}));
  for (const size_t i : {1, 4, 6})
    PARE_TRY(need_dtype(context, i, "a scale", {DType::float32, DType::float16, DType::bfloat16}));
  PARE_ASSIGN(Type y, type_as(MatMul{}, context, {0, 3}, DType::float32));
  context.set(0, context.type(7).dtype, std::move(y.shape));
  return {};
}

Result<void> QLinearBinary::infer(InferContext& context) const {
  PARE_TRY(need_present(context, {3, 4, 6}));
  PARE_TRY(need_triple(context, 0, "A"));
  PARE_TRY(need_triple(context, 3, "B"));
  PARE_TRY(need_same_dtype(context, {0, 3, 7}));
  PARE_TRY(need_one_scale(context, 1, "A_scale and A_zero_point"));
  PARE_TRY(need_one_scale(context, 4, "B_scale and B_zero_point"));
  PARE_TRY(need_one_scale(context, 6, "C_scale and C_zero_point"));
  std::optional<Shape> y;
  if (context.shape(0) && context.shape(3)) {
    PARE_ASSIGN(y, broadcast(*context.shape(0), *context.shape(3)));
  }
  context.set(0, common_dtype(context), std::move(y));
  return {};
}

Result<void> QLinearSigmoid::infer(InferContext& context) const { return infer_unary(context); }
Result<void> QLinearLeakyRelu::infer(InferContext& context) const { return infer_unary(context); }

Result<void> QLinearSoftmax::infer(InferContext& context) const {
  PARE_TRY(infer_unary(context));
  if (const auto& x = context.shape(0)) PARE_TRY(normalize_axis(axis, static_cast<int64_t>(x->size())));
  return {};
}

Result<void> QLinearAveragePool::infer(InferContext& context) const {
  const AveragePool pool{auto_pad, ceil_mode, count_include_pad, {}, kernel_shape, pads, strides};
  return infer_pool(pool, channels_last != 0, context);
}

Result<void> QLinearGlobalAveragePool::infer(InferContext& context) const {
  return infer_pool(GlobalPool{GlobalPool::Kind::Average}, channels_last != 0, context);
}

Result<void> QLinearConcat::infer(InferContext& context) const {
  PARE_ASSIGN(const size_t parts, concat_parts(context.inputs.size()));
  PARE_TRY(need_dtype(context, 0, "Y_scale", {DType::float32}));
  PARE_TRY(need_bytes(context, 1, "Y_zero_point"));
  PARE_TRY(need_one_scale(context, 0, "Y_scale and Y_zero_point"));
  for (size_t part = 0; part < parts; ++part) {
    PARE_TRY(need_triple(context, 2 + 3 * part, "a part"));
    PARE_TRY(need_one_scale(context, 3 + 3 * part, "the scale and zero point of a part"));
    PARE_TRY(need_same_dtype(context, {1, 2 + 3 * part}));
  }
  PARE_ASSIGN(Type y, type_as(Concat{axis}, context, concat_slots(parts)));
  context.set(0, context.type(1).dtype, std::move(y.shape));
  return {};
}

Result<void> QGemm::infer(InferContext& context) const {
  PARE_TRY(need_triple(context, 0, "A"));
  PARE_TRY(need_triple(context, 3, "B"));
  PARE_TRY(need_dtype(context, 6, "C", {DType::int32}));
  PARE_TRY(need_dtype(context, 7, "y_scale", {DType::float32}));
  PARE_TRY(need_bytes(context, 8, "y_zero_point"));
  PARE_TRY(need_one_scale(context, 1, "a_scale and a_zero_point"));
  PARE_TRY(need_one_scale(context, 7, "y_scale and y_zero_point"));
  if (context.has(8) && !context.has(7))
    return input_error("has y_zero_point without y_scale, expected both or neither");
  PARE_ASSIGN(Type y, type_as(Gemm{.transA = transA, .transB = transB}, context, {0, 3, 6}, DType::float32));
  const DType dtype = context.has(7) ? output_type(context, 8, context.type(0).dtype) : DType::float32;
  context.set(0, dtype, std::move(y.shape));
  return {};
}

void QLinearConv::links(LinkContext& context) const {
  link_as(Conv{auto_pad, dilations, group, kernel_shape, pads, strides}, context, {0, 3, 8});
  for (const int slot : {4, 5}) link_scales(context, slot, in(3, 0));
}

// Depthwise: the groups are the channels.
void QLinearConv::resize(ResizeContext& context) {
  if (group == 1 || context.old_size(in(3, 1)) != 1) return;
  if (const std::vector<int64_t>* kept = context.kept(in(0, 1))) group = static_cast<int64_t>(kept->size());
}

void QLinearMatMul::links(LinkContext& context) const {
  link_as(MatMul{}, context, {0, 3});
  const int a = context.rank(AxisRef::Side::input, 0), b = context.rank(AxisRef::Side::input, 3);
  for (const int slot : {1, 2}) link_scales(context, slot, in(0, std::max(0, a - 2)));
  for (const int slot : {4, 5}) link_scales(context, slot, in(3, std::max(0, b - 1)));
}

void QLinearBinary::links(LinkContext& context) const { link_broadcast(context); }
void QLinearSigmoid::links(LinkContext& context) const { link_same(context); }
void QLinearLeakyRelu::links(LinkContext& context) const { link_same(context); }

void QLinearSoftmax::links(LinkContext& context) const {
  link_same(context);
  const int rank = context.rank(AxisRef::Side::input, 0);
  const int first = static_cast<int>(axis < 0 ? axis + rank : axis);
  for (int i = 0; i < rank; ++i)
    if (opset < 13 ? i >= first : i == first) context.fix(in(0, i));
}

void QLinearAveragePool::links(LinkContext& context) const { link_pool(context, channels_last != 0); }
void QLinearGlobalAveragePool::links(LinkContext& context) const { link_pool(context, channels_last != 0); }

void QLinearConcat::links(LinkContext& context) const {
  if (const auto parts = concat_parts(context.inputs.size())) link_as(Concat{axis}, context, concat_slots(*parts));
}

void QGemm::links(LinkContext& context) const {
  link_as(Gemm{.transA = transA, .transB = transB}, context, {0, 3, 6});
  for (const int slot : {4, 5}) link_scales(context, slot, in(3, transB ? 0 : 1));
}

}  // namespace pare
