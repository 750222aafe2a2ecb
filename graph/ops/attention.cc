// Inference and axis links of attention, positions and state of sequence models. Heads mix their elements and
// attributes count them, so of most operands the batch alone is linked.
#include "graph/ops/attention.h"

#include <algorithm>

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

Result<Dim> divide(const Dim& dim, int64_t by, std::string_view what) {
  if (!dim.known()) return Dim();
  if (dim.size % by != 0) {
    return input_error(std::string(what) + " has " + std::to_string(dim.size) +
                       " elements along its last axis, expected " + "a multiple of its " + std::to_string(by) +
                       " heads");
  }
  return Dim(dim.size / by);
}

// [batch, heads, length, size] of an operand of rank 3 or 4.
Result<std::optional<Shape>> heads_of(const InferContext& context, size_t slot, std::optional<int64_t> heads,
                                      std::string_view name) {
  PARE_TRY(need_float(context, slot, name));
  PARE_TRY(need_rank(context, slot, name, 3, 4));
  if (!context.has(slot) || !context.shape(slot)) return std::optional<Shape>();
  const Shape& shape = *context.shape(slot);
  if (shape.size() == 4) return std::optional<Shape>(shape);
  if (!heads || *heads < 1 || *heads > INT32_MAX) {
    return input_error(std::string(name) +
                       " has three axes, expected the number of its heads as an attribute of 1 or more");
  }
  PARE_ASSIGN(Dim size, divide(shape[2], *heads, name));
  return std::optional<Shape>(Shape{shape[0], Dim(*heads), shape[1], size});
}

Result<void> check_groups(const Dim& queries, const Dim& keys) {
  if (!queries.known() || !keys.known()) return {};
  if (keys.size < 1 || queries.size % keys.size != 0) {
    return input_error("there are " + std::to_string(queries.size) + " heads of queries, expected a multiple of the " +
                       std::to_string(keys.size) + " heads of keys");
  }
  return {};
}

Dim add(const Dim& a, const Dim& b) {
  if (a.known() && a.size == 0) return b;
  if (!a.known() || !b.known()) return Dim();
  const auto sum = checked_add(a.size, b.size);
  return sum ? Dim(*sum) : Dim();
}

struct AttentionShapes {
  std::optional<Shape> q, k, v;
  Dim past = Dim(0);
};

Result<AttentionShapes> attention_shapes(const InferContext& context, std::optional<int64_t> q_heads,
                                         std::optional<int64_t> kv_heads) {
  AttentionShapes s;
  PARE_ASSIGN(s.q, heads_of(context, 0, q_heads, "Q"));
  PARE_ASSIGN(s.k, heads_of(context, 1, kv_heads, "K"));
  PARE_ASSIGN(s.v, heads_of(context, 2, kv_heads, "V"));
  if (!s.q || !s.k || !s.v) return s;
  PARE_TRY(unify((*s.q)[0], (*s.k)[0], "batch sizes of Q and K"));
  PARE_TRY(unify((*s.q)[0], (*s.v)[0], "batch sizes of Q and V"));
  PARE_TRY(unify((*s.q)[3], (*s.k)[3], "sizes of the heads of Q and K"));
  PARE_TRY(unify((*s.k)[1], (*s.v)[1], "heads of K and V"));
  PARE_TRY(unify((*s.k)[2], (*s.v)[2], "lengths of K and V"));
  PARE_TRY(check_groups((*s.q)[1], (*s.k)[1]));
  return s;
}

// A cache lies as the operand that it goes before.
Result<void> check_past(const InferContext& context, size_t slot, const Shape& now, std::string_view name, Dim& past) {
  if (!context.has(slot) || !context.shape(slot)) return {};
  const Shape& shape = *context.shape(slot);
  for (const size_t axis : {0, 1, 3}) {
    PARE_TRY(unify(shape[axis], now[axis], "axis " + std::to_string(axis) + " of " + std::string(name)));
  }
  past = shape[2];
  return {};
}

void link_batch(LinkContext& context, std::initializer_list<int> inputs) {
  if (context.rank(AxisRef::Side::input, 0) < 1) return;
  for (const int slot : inputs) {
    if (context.has(static_cast<size_t>(slot)) && context.rank(AxisRef::Side::input, slot) > 0) {
      context.link(in(0, 0), in(slot, 0));
    }
  }
  for (int i = 0; i < static_cast<int>(context.outputs.size()); ++i) {
    if (context.rank(AxisRef::Side::output, i) > 0) context.link(in(0, 0), out(i, 0));
  }
}

}  // namespace

Result<void> Attention::infer(InferContext& context) const {
  for (const auto& [name, value, low, high] :
       {std::tuple{"left_window_size", left_window_size, int64_t{-1}, int64_t{INT32_MAX}},
        {"right_window_size", right_window_size, int64_t{-1}, int64_t{INT32_MAX}},
        {"qk_matmul_output_mode", qk_matmul_output_mode, int64_t{0}, int64_t{3}}}) {
    if (value < low || value > high) {
      return input_error(std::string(name) + " is " + std::to_string(value) + ", expected " + std::to_string(low) +
                         " to " + std::to_string(high));
    }
  }
  if (context.has(4) != context.has(5)) return input_error("has one of past_key and past_value, expected both or none");
  if (context.has(4) && context.has(6)) {
    return input_error("has nonpad_kv_seqlen beside past_key, expected one of the two kinds of cache");
  }
  PARE_TRY(need_rank(context, 3, "attn_mask", 1, 4));
  PARE_TRY(need_rank(context, 4, "past_key", 4, 4));
  PARE_TRY(need_rank(context, 5, "past_value", 4, 4));
  PARE_TRY(need_rank(context, 6, "nonpad_kv_seqlen", 1, 1));
  PARE_TRY(need_dtype(context, 6, "nonpad_kv_seqlen", {DType::int64}));
  PARE_TRY(need_same_dtype(context, {0, 1}));
  PARE_TRY(need_same_dtype(context, {0, 4}));
  PARE_TRY(need_same_dtype(context, {2, 5}));
  PARE_ASSIGN(AttentionShapes s, attention_shapes(context, q_num_heads, kv_num_heads));
  const DType dtype = context.type(0).dtype, v_dtype = context.type(2).dtype;
  if (!s.q || !s.k || !s.v) {
    context.set(0, dtype, context.shape(0) ? std::optional(unknown_shape(context.shape(0)->size())) : std::nullopt);
    context.set(1, dtype, unknown_shape(4));
    context.set(2, v_dtype, unknown_shape(4));
    context.set(3, dtype, unknown_shape(4));
    return {};
  }
  PARE_TRY(check_past(context, 4, *s.k, "past_key", s.past));
  PARE_TRY(check_past(context, 5, *s.v, "past_value", s.past));
  const Shape &q = *s.q, &k = *s.k, &v = *s.v;
  const Dim total = context.has(4) && !context.shape(4) && !context.shape(5) ? Dim() : add(s.past, k[2]);
  if (context.shape(0)->size() == 4) {
    context.set(0, dtype, Shape{q[0], q[1], q[2], v[3]});
  } else {
    const auto width = v[3].known() ? checked_mul(q[1].size, v[3].size) : std::nullopt;
    context.set(0, dtype, Shape{q[0], q[2], width ? Dim(*width) : Dim()});
  }
  context.set(1, dtype, Shape{k[0], k[1], total, k[3]});
  context.set(2, v_dtype, Shape{v[0], v[1], total, v[3]});
  context.set(3, dtype, Shape{q[0], q[1], q[2], total});
  return {};
}

Result<void> RotaryEmbedding::infer(InferContext& context) const {
  PARE_TRY(heads_of(context, 0, num_heads, "X"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  const size_t rank = context.has(3) ? 2 : 3;
  PARE_TRY(need_rank(context, 1, "cos_cache", rank, rank));
  PARE_TRY(need_rank(context, 2, "sin_cache", rank, rank));
  PARE_TRY(need_rank(context, 3, "position_ids", 2, 2));
  PARE_TRY(need_dtype(context, 3, "position_ids", {DType::int64}));
  if (rotary_embedding_dim < 0 || rotary_embedding_dim % 2 != 0 || rotary_embedding_dim > INT32_MAX) {
    return input_error("rotary_embedding_dim is " + std::to_string(rotary_embedding_dim) + ", expected an even number");
  }
  return infer_same_as_input(context);
}

Result<void> LinearAttention::infer(InferContext& context) const {
  PARE_TRY(need_one_of("update_rule", update_rule, {"linear", "gated", "delta", "gated_delta"}));
  const bool gated = update_rule.starts_with("gated"), delta = update_rule.ends_with("delta");
  if (context.has(4) != gated || context.has(5) != delta) {
    return input_error("update_rule '" + update_rule + "' takes " + (gated ? "a" : "no") + " decay and " +
                       (delta ? "a" : "no") + " beta");
  }
  for (const size_t slot : {0, 1, 2, 4, 5}) {
    PARE_TRY(need_rank(context, slot, "input " + std::to_string(slot), 3, 3));
    PARE_TRY(need_same_dtype(context, {0, slot}));
  }
  PARE_TRY(need_rank(context, 3, "past_state", 4, 4));
  PARE_TRY(need_float(context, 3, "past_state"));
  PARE_ASSIGN(const auto q, heads_of(context, 0, q_num_heads, "query"));
  PARE_ASSIGN(const auto k, heads_of(context, 1, kv_num_heads, "key"));
  PARE_ASSIGN(const auto v, heads_of(context, 2, kv_num_heads, "value"));
  if (q_num_heads < 1 || kv_num_heads < 1) return input_error("q_num_heads and kv_num_heads must be 1 or more");
  PARE_TRY(check_groups(Dim(q_num_heads), Dim(kv_num_heads)));
  const DType dtype = context.type(0).dtype, state = context.has(3) ? context.type(3).dtype : dtype;
  context.set(0, dtype, unknown_shape(3));
  context.set(1, state, unknown_shape(4));
  if (!q || !k || !v) return {};
  PARE_ASSIGN(const Dim width, unify((*q)[3], (*k)[3], "sizes of the heads of query and key"));
  PARE_ASSIGN(Dim batch, unify((*q)[0], (*k)[0], "batch sizes of query and key"));
  PARE_ASSIGN(batch, unify(batch, (*v)[0], "batch sizes of query and value"));
  PARE_ASSIGN(Dim length, unify((*q)[2], (*k)[2], "lengths of query and key"));
  PARE_ASSIGN(length, unify(length, (*v)[2], "lengths of query and value"));
  const Shape shape{batch, Dim(kv_num_heads), width, (*v)[3]};
  if (context.has(3) && context.shape(3)) {
    for (size_t i = 0; i < 4; ++i) PARE_TRY(unify(shape[i], (*context.shape(3))[i], "an axis of past_state"));
  }
  for (const size_t slot : {4, 5}) {
    if (!context.has(slot) || !context.shape(slot)) continue;
    const Shape& gate = *context.shape(slot);
    PARE_TRY(unify(batch, gate[0], "batch sizes of query and a gate"));
    PARE_TRY(unify(length, gate[1], "lengths of query and a gate"));
    const auto whole = width.known() ? checked_mul(kv_num_heads, width.size) : std::nullopt;
    const bool fits = !gate[2].known() || gate[2].size == kv_num_heads ||
                      (slot == 5 ? gate[2].size == 1 : !width.known() || (whole && gate[2].size == *whole));
    if (!fits)
      return input_error("a gate has " + std::to_string(gate[2].size) + " elements, expected one for each head");
  }
  const auto out_width = (*v)[3].known() ? checked_mul(q_num_heads, (*v)[3].size) : std::nullopt;
  context.set(0, dtype, Shape{batch, length, out_width ? Dim(*out_width) : Dim()});
  context.set(1, state, shape);
  return {};
}

Result<void> CausalConvWithState::infer(InferContext& context) const {
  PARE_TRY(need_one_of("activation", activation, {"none", "silu", "swish"}));
  PARE_TRY(need_float(context, 0, "input"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2, 3}));
  PARE_TRY(need_rank(context, 0, "input", 3, 3));
  PARE_TRY(need_rank(context, 1, "weight", 3, 3));
  PARE_TRY(need_rank(context, 2, "bias", 1, 1));
  PARE_TRY(need_rank(context, 3, "past_state", 3, 3));
  Shape x = context.shape(0) ? *context.shape(0) : unknown_shape(3);
  Dim carried;
  if (context.shape(1)) {
    const Shape& w = *context.shape(1);
    PARE_ASSIGN(x[1], unify(x[1], w[0], "channels of input and weight"));
    PARE_TRY(unify(Dim(1), w[1], "channels of one kernel"));
    if (w[2].known() && w[2].size < 1) return input_error("weight has no elements along its last axis");
    if (w[2].known()) carried = Dim(w[2].size - 1);
  }
  if (context.has(2) && context.shape(2)) {
    PARE_ASSIGN(x[1], unify(x[1], (*context.shape(2))[0], "channels of bias"));
  }
  if (context.has(3) && context.shape(3)) {
    PARE_ASSIGN(x[0], unify(x[0], (*context.shape(3))[0], "batch sizes of input and past_state"));
    PARE_ASSIGN(x[1], unify(x[1], (*context.shape(3))[1], "channels of input and past_state"));
    PARE_ASSIGN(carried, unify(carried, (*context.shape(3))[2], "length of past_state"));
  }
  context.set(0, context.type(0).dtype, x);
  context.set(1, context.type(0).dtype, Shape{x[0], x[1], carried});
  return {};
}

Result<void> TensorScatter::infer(InferContext& context) const {
  PARE_TRY(need_one_of("mode", mode, {"linear", "circular"}));
  PARE_TRY(need_same_dtype(context, {0, 1}));
  PARE_TRY(need_rank(context, 0, "past_cache", 2));
  PARE_TRY(need_rank(context, 2, "write_indices", 1, 1));
  PARE_TRY(need_dtype(context, 2, "write_indices", {DType::int64}));
  if (context.shape(0)) {
    const Shape& cache = *context.shape(0);
    PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(cache.size())));
    if (at == 0) return input_error("axis is the batch, expected another");
    PARE_TRY(need_rank(context, 1, "update", cache.size(), cache.size()));
    for (size_t i = 0; context.shape(1) && i < cache.size(); ++i) {
      const Dim& dim = (*context.shape(1))[i];
      if (static_cast<int64_t>(i) != at) PARE_TRY(unify(cache[i], dim, "axis " + std::to_string(i) + " of update"));
      if (static_cast<int64_t>(i) == at && dim.known() && cache[i].known() && dim.size > cache[i].size) {
        return input_error("update has " + std::to_string(dim.size) + " steps, expected at most the cache's " +
                           std::to_string(cache[i].size));
      }
    }
    if (context.has(2) && context.shape(2))
      PARE_TRY(unify(cache[0], (*context.shape(2))[0], "elements of write_indices"));
  }
  return infer_same_as_input(context);
}

Result<void> FlexAttention::infer(InferContext& context) const {
  for (const size_t slot : {0, 1, 2}) PARE_TRY(need_rank(context, slot, slot == 0 ? "Q" : slot == 1 ? "K" : "V", 4, 4));
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  PARE_ASSIGN(const AttentionShapes s, attention_shapes(context, std::nullopt, std::nullopt));
  context.set(0, context.type(0).dtype, unknown_shape(4));
  if (s.q && s.v) context.set(0, context.type(0).dtype, Shape{(*s.q)[0], (*s.q)[1], (*s.q)[2], (*s.v)[3]});
  return {};
}

void Attention::links(LinkContext& context) const { link_batch(context, {1, 2, 4, 5, 6}); }
void RotaryEmbedding::links(LinkContext& context) const {
  link_same(context);
  for (int axis = 1; axis < context.rank(AxisRef::Side::input, 0); ++axis) context.fix(in(0, axis));
  if (context.has(3)) link_batch(context, {3});
}
void LinearAttention::links(LinkContext& context) const { link_batch(context, {1, 2, 3, 4, 5}); }

// Channels are convolved each by itself.
void CausalConvWithState::links(LinkContext& context) const {
  link_batch(context, {3});
  if (context.rank(AxisRef::Side::input, 0) != 3 || context.rank(AxisRef::Side::input, 1) != 3) return;
  context.fix(in(0, 2));
  context.link(in(0, 1), in(1, 0));
  if (context.has(2) && context.rank(AxisRef::Side::input, 2) == 1) context.link(in(0, 1), in(2, 0));
  if (context.has(3) && context.rank(AxisRef::Side::input, 3) == 3) context.link(in(0, 1), in(3, 1));
  for (int i = 0; i < static_cast<int>(context.outputs.size()); ++i) {
    if (context.rank(AxisRef::Side::output, i) == 3) context.link(in(0, 1), out(i, 1));
  }
}

void TensorScatter::links(LinkContext& context) const {
  const int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 2 || context.rank(AxisRef::Side::input, 1) != rank) return;
  const auto at = normalize_axis(axis, rank);
  for (int i = 0; i < rank; ++i) {
    context.link(in(0, i), out(0, i));
    if (at && *at == i) {
      context.fix(in(0, i));
    } else {
      context.link(in(0, i), in(1, i));
    }
  }
  if (context.has(2) && context.rank(AxisRef::Side::input, 2) == 1) context.link(in(0, 0), in(2, 0));
}

void FlexAttention::links(LinkContext&) const {}

}  // namespace pare
