// Inference of the fused operators of transformers.
#include "graph/ops/microsoft.h"

#include <algorithm>

#include "graph/ops/conv.h"
#include "graph/ops/infer_util.h"

namespace pare {
namespace {

// The axes of a matrix product's operand after the transpositions that its attributes ask for.
Shape operand(Shape shape, bool transposed, bool batch_transposed) {
  if (shape.size() < 2) return shape;
  if (batch_transposed) std::rotate(shape.begin(), shape.begin() + 1, shape.end() - 1);
  if (transposed) std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
  return shape;
}

// Inputs that are needed behind ones that may be left out.
Result<void> need_inputs(const InferContext& context, std::initializer_list<size_t> slots) {
  for (const size_t slot : slots) {
    if (!context.has(slot)) return input_error("leaves out input " + std::to_string(slot) + ", which it needs");
  }
  return {};
}

Result<Dim> add_dims(const Dim& a, const Dim& b) {
  if (a.known() && a.size == 0) return b;
  if (!a.known() || !b.known()) return Dim();
  const auto sum = checked_add(a.size, b.size);
  return sum ? Dim(*sum) : Dim();
}

Result<void> check_heads(int64_t heads, const Dim& width, std::string_view name) {
  if (heads < 1 || heads > INT32_MAX)
    return input_error("num_heads is " + std::to_string(heads) + ", expected 1 or more");
  if (width.known() && width.size % heads != 0) {
    return input_error(std::string(name) + " has " + std::to_string(width.size) +
                       " elements, expected a multiple of its " + std::to_string(heads) + " heads");
  }
  return {};
}

Dim per_head(const Dim& width, int64_t heads) { return width.known() ? Dim(width.size / heads) : Dim(); }

// Outputs of Attention and QAttention, from input [B,S,I] and weights [I,widths].
Result<void> infer_projected(InferContext& context, int64_t heads, const std::vector<int64_t>& widths, int past_slot,
                             DType dtype) {
  PARE_TRY(need_rank(context, 0, "input", 3, 3));
  PARE_TRY(need_rank(context, 1, "weights", 2, 2));
  PARE_TRY(need_rank(context, static_cast<size_t>(past_slot), "past", 5, 5));
  Dim hidden, value;
  if (!widths.empty()) {
    if (widths.size() != 3 || widths[0] < 1 || widths[0] != widths[1] || widths[2] < 1) {
      return input_error("qkv_hidden_sizes must be three numbers of 1 or more, the first two of them equal");
    }
    hidden = Dim(widths[0]);
    value = Dim(widths[2]);
  } else if (context.shape(1) && (*context.shape(1))[1].known()) {
    const int64_t whole = (*context.shape(1))[1].size;
    if (whole % 3 != 0)
      return input_error("weights has " + std::to_string(whole) + " columns, expected three equal parts");
    hidden = value = Dim(whole / 3);
  }
  PARE_TRY(check_heads(heads, hidden, "a projection"));
  PARE_TRY(check_heads(heads, value, "a projection"));
  Shape x = context.shape(0) ? *context.shape(0) : unknown_shape(3);
  if (context.shape(1)) PARE_TRY(unify(x[2], (*context.shape(1))[0], "elements of input and rows of weights"));
  context.set(0, dtype, Shape{x[0], x[1], value});
  Dim past(0);
  const auto slot = static_cast<size_t>(past_slot);
  if (context.has(slot)) past = context.shape(slot) ? (*context.shape(slot))[3] : Dim();
  PARE_ASSIGN(const Dim total, add_dims(past, x[1]));
  context.set(1, dtype, Shape{Dim(2), x[0], Dim(heads), total, per_head(value, heads)});
  return {};
}

}  // namespace

Result<void> FusedMatMul::infer(InferContext& context) const {
  InferContext inner = context;
  for (const size_t i : {0, 1}) {
    auto& shape = inner.inputs[i].type.shape;
    if (shape) shape = operand(*shape, (i ? transB : transA) != 0, (i ? transBatchB : transBatchA) != 0);
  }
  PARE_TRY(need_float(context, 0, "A"));
  PARE_TRY(MatMul{}.infer(inner));
  context.outputs[0].type = inner.outputs[0].type;
  return {};
}

Result<void> FusedGemm::infer(InferContext& context) const {
  Gemm gemm;
  gemm.transA = transA;
  gemm.transB = transB;
  PARE_TRY(need_float(context, 0, "A"));
  return gemm.infer(context);
}

Result<void> FusedConv::infer(InferContext& context) const {
  Conv conv;
  conv.auto_pad = auto_pad;
  conv.dilations = dilations;
  conv.group = group;
  conv.kernel_shape = kernel_shape;
  conv.pads = pads;
  conv.strides = strides;
  InferContext inner = context;
  if (inner.inputs.size() > 3) inner.inputs.resize(3);
  PARE_TRY(conv.infer(inner));
  context.outputs[0].type = inner.outputs[0].type;
  if (context.has(3) && context.shape(3) && context.outputs[0].type.shape) {
    PARE_TRY(check_broadcasts_to(*context.shape(3), *context.outputs[0].type.shape, "Z"));
  }
  return {};
}

Result<void> FusedGelu::infer(InferContext& context) const {
  const bool takes_bias = kind == Kind::BiasGelu || kind == Kind::FastGelu;
  if (context.has(1) != takes_bias && !(kind == Kind::FastGelu && !context.has(1))) {
    return input_error(takes_bias ? "leaves out its bias" : "has a bias, expected one input");
  }
  PARE_TRY(need_same_dtype(context, {0, 1}));
  if (context.has(1) && context.shape(1) && context.shape(0)) {
    PARE_TRY(check_broadcasts_to(*context.shape(1), *context.shape(0), "bias"));
  }
  return infer_float_pointwise(context);
}

Result<void> SkipNormalization::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "input"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  PARE_TRY(need_rank(context, 0, "input", 2, 3));
  PARE_TRY(infer_same_as_input(context));
  context.set(3, context.type(0).dtype, context.shape(0));
  if (!context.shape(0)) return {};
  Shape statistics = *context.shape(0);
  const Shape last{statistics.back()};
  if (context.has(1) && context.shape(1)) PARE_TRY(check_broadcasts_to(*context.shape(1), statistics, "skip"));
  for (size_t i = 2; i < context.inputs.size(); ++i) {
    if (context.has(i) && context.shape(i))
      PARE_TRY(check_broadcasts_to(*context.shape(i), last, "gamma, beta or bias"));
  }
  statistics.back() = Dim(1);
  context.set(1, DType::float32, statistics);
  context.set(2, DType::float32, statistics);
  return {};
}

Result<void> SimplifiedLayerNormalization::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_float(context, 1, "scale"));
  std::optional<Shape> statistics = context.shape(0);
  if (statistics) {
    PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(statistics->size())));
    if (context.shape(1)) PARE_TRY(check_broadcasts_to(*context.shape(1), *statistics, "scale"));
    for (size_t i = static_cast<size_t>(at); i < statistics->size(); ++i) (*statistics)[i] = Dim(1);
  }
  const DType dtype = context.type(1).dtype != DType::undefined ? context.type(1).dtype : context.type(0).dtype;
  context.set(0, dtype, context.shape(0));
  context.set(1, DType::float32, statistics);
  return {};
}

Result<void> EmbedLayerNormalization::infer(InferContext& context) const {
  PARE_TRY(need_inputs(context, {2, 3, 5, 6}));
  for (const size_t slot : {0, 1, 7, 8}) {
    PARE_TRY(need_rank(context, slot, "input " + std::to_string(slot), 2, 2));
    PARE_TRY(need_dtype(context, slot, "input " + std::to_string(slot), {DType::int32}));
  }
  for (const size_t slot : {2, 3, 4}) PARE_TRY(need_rank(context, slot, "an embedding", 2, 2));
  Shape ids = context.shape(0) ? *context.shape(0) : unknown_shape(2);
  Dim width;
  for (const size_t slot : {2, 3, 4}) {
    if (context.has(slot) && context.shape(slot)) {
      PARE_ASSIGN(width, unify(width, (*context.shape(slot))[1], "widths of the embeddings"));
    }
  }
  for (const size_t slot : {5, 6}) {
    PARE_TRY(need_rank(context, slot, slot == 5 ? "gamma" : "beta", 1, 1));
    if (!context.shape(slot)) continue;
    PARE_ASSIGN(width, unify(width, (*context.shape(slot))[0], "widths of the embeddings"));
  }
  context.set(0, context.type(2).dtype, Shape{ids[0], ids[1], width});
  context.set(1, DType::int32, Shape{ids[0]});
  context.set(2, context.type(2).dtype, Shape{ids[0], ids[1], width});
  return {};
}

Result<void> FusedAttention::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "input"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2, 4}));
  return infer_projected(context, num_heads, qkv_hidden_sizes, 4, context.type(0).dtype);
}

Result<void> QAttention::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "input", {DType::int8, DType::uint8}));
  PARE_TRY(need_dtype(context, 1, "weight", {DType::int8, DType::uint8}));
  return infer_projected(context, num_heads, {}, 8, context.type(2).dtype);
}

Result<void> MultiHeadAttention::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "query"));
  PARE_TRY(need_rank(context, 0, "query", 3, 5));
  PARE_TRY(check_heads(num_heads, Dim(), "query"));
  const DType dtype = context.type(0).dtype;
  context.set(0, dtype, unknown_shape(3));
  for (const size_t i : {1, 2, 3}) context.set(i, dtype, unknown_shape(4));
  if (!context.shape(0) || context.shape(0)->size() != 3) return {};
  const Shape& q = *context.shape(0);
  PARE_TRY(check_heads(num_heads, q[2], "query"));
  if (!context.has(1) || !context.has(2) || !context.shape(1) || !context.shape(2)) return {};
  const Shape &k = *context.shape(1), &v = *context.shape(2);
  if (k.size() != v.size() || (k.size() != 3 && k.size() != 4))
    return input_error("key and value must have 3 or 4 axes");
  const bool split = k.size() == 4;
  const Dim size = split ? v[3] : per_head(v[2], num_heads);
  if (!split) PARE_TRY(check_heads(num_heads, v[2], "value"));
  const auto width = size.known() ? checked_mul(size.size, num_heads) : std::nullopt;
  context.set(0, dtype, Shape{q[0], q[1], width ? Dim(*width) : split ? Dim() : v[2]});
  Dim past(0);
  if (context.has(6)) past = context.shape(6) && context.shape(6)->size() == 4 ? (*context.shape(6))[2] : Dim();
  PARE_ASSIGN(const Dim total, add_dims(past, split ? k[2] : k[1]));
  const Dim key_size = split ? k[3] : per_head(k[2], num_heads);
  context.set(1, dtype, Shape{q[0], Dim(num_heads), total, key_size});
  context.set(2, dtype, Shape{q[0], Dim(num_heads), total, size});
  context.set(3, dtype, Shape{q[0], Dim(num_heads), q[1], total});
  return {};
}

Result<void> GroupQueryAttention::infer(InferContext& context) const {
  PARE_TRY(need_inputs(context, {5, 6}));
  PARE_TRY(need_float(context, 0, "query"));
  PARE_TRY(need_rank(context, 0, "query", 3, 3));
  PARE_TRY(check_heads(num_heads, Dim(), "query"));
  PARE_TRY(check_heads(kv_num_heads, Dim(), "key"));
  if (num_heads % kv_num_heads != 0) return input_error("num_heads is not a multiple of kv_num_heads");
  Shape q = context.shape(0) ? *context.shape(0) : unknown_shape(3);
  Dim width = q[2];
  Dim size;
  if (!context.has(1) && width.known()) {
    const int64_t all = num_heads + 2 * kv_num_heads;
    PARE_TRY(check_heads(all, width, "the packed query"));
    size = Dim(width.size / all);
    width = Dim(size.size * num_heads);
  } else if (width.known()) {
    PARE_TRY(check_heads(num_heads, width, "query"));
    size = Dim(width.size / num_heads);
  }
  if (!context.has(1)) width = size.known() ? width : Dim();
  context.set(0, context.type(0).dtype, Shape{q[0], q[1], width});
  for (const size_t i : {1, 2}) context.set(i, context.type(0).dtype, Shape{q[0], Dim(kv_num_heads), Dim(), size});
  context.set(3, context.type(0).dtype, Shape{q[0], Dim(num_heads), q[1], Dim()});
  return {};
}

Result<void> FusedRotaryEmbedding::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "input"));
  PARE_TRY(need_rank(context, 0, "input", 3, 4));
  PARE_TRY(need_rank(context, 1, "position_ids", 1, 2));
  PARE_TRY(need_dtype(context, 1, "position_ids", {DType::int64}));
  PARE_TRY(need_rank(context, 2, "cos_cache", 2, 2));
  PARE_TRY(need_rank(context, 3, "sin_cache", 2, 2));
  PARE_TRY(need_same_dtype(context, {0, 2, 3}));
  if (num_heads < 0 || rotary_embedding_dim < 0 || rotary_embedding_dim % 2 != 0) {
    return input_error("num_heads and rotary_embedding_dim must be 0 or more, the latter even");
  }
  return infer_same_as_input(context);
}

}  // namespace pare
