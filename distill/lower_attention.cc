// Attention, positions and state of sequence models through LibTorch.
#include <limits>

#include "distill/lower.h"

namespace pare {
namespace {

// [batch, length, heads * size] as [batch, heads, length, size].
at::Tensor split_heads(const at::Tensor& x, int64_t heads) {
  if (x.dim() == 4) return x;
  return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}
at::Tensor join_heads(const at::Tensor& x) {
  return x.transpose(1, 2).reshape({x.size(0), x.size(2), x.size(1) * x.size(3)});
}

constexpr double kMasked = -std::numeric_limits<double>::infinity();

// What is added to the scores [batch, heads, queries, keys], which `like` has: 0 or -inf, and attn_mask. Undefined:
// nothing.
at::Tensor bias_of(const Attention& op, const LowerContext& context, const at::Tensor& like, int64_t past) {
  const int64_t queries = like.size(2), keys = like.size(3);
  const auto whole = at::TensorOptions().dtype(at::kLong).device(like.device());
  const at::Tensor j = at::arange(keys, whole).reshape({1, 1, 1, keys});
  at::Tensor position = at::arange(queries, whole).reshape({1, 1, queries, 1}) + past;
  at::Tensor hidden = at::zeros({1, 1, 1, keys}, whole.dtype(at::kBool)), bias;
  if (context.has(6)) {
    const at::Tensor lengths = context.inputs[6].to(at::kLong).reshape({-1, 1, 1, 1});
    position = position + lengths - queries;
    hidden = hidden.logical_or(j >= lengths);
  }
  if (op.is_causal) hidden = hidden.logical_or(j > position);
  if (op.left_window_size >= 0) hidden = hidden.logical_or(j < position - op.left_window_size);
  if (op.right_window_size >= 0) hidden = hidden.logical_or(j > position + op.right_window_size);
  bias = at::zeros_like(like).masked_fill(hidden, kMasked);
  if (!context.has(3)) return bias;
  at::Tensor mask = context.inputs[3];
  if (mask.scalar_type() == at::kBool) {
    mask = at::zeros(mask.sizes(), like.options()).masked_fill(mask.logical_not(), kMasked);
  }
  if (mask.size(-1) < keys) mask = at::constant_pad_nd(mask, {0, keys - mask.size(-1)}, kMasked);
  return bias + mask;
}

}  // namespace

// Where a query sees no key the softmax is of zeros and its weights are zeros, which keeps the gradient finite.
Result<void> lower(const Attention& op, LowerContext& context) {
  const at::Tensor q = split_heads(context.inputs[0], op.q_num_heads.value_or(1));
  at::Tensor k = split_heads(context.inputs[1], op.kv_num_heads.value_or(1));
  at::Tensor v = split_heads(context.inputs[2], op.kv_num_heads.value_or(1));
  int64_t past = 0;
  if (context.has(4)) {
    past = context.inputs[4].size(2);
    k = at::cat({context.inputs[4], k}, 2);
    v = at::cat({context.inputs[5], v}, 2);
  }
  if (context.outputs.size() > 1) context.outputs[1] = k;
  if (context.outputs.size() > 2) context.outputs[2] = v;
  const int64_t group = q.size(1) / k.size(1);
  k = k.repeat_interleave(group, 1);
  v = v.repeat_interleave(group, 1);
  const double scale = op.scale ? static_cast<double>(*op.scale) : 1 / std::sqrt(static_cast<double>(q.size(3)));
  const at::Tensor product = q.matmul(k.transpose(2, 3)) * scale;
  const double cap = static_cast<double>(op.softcap);
  const at::Tensor capped = cap > 0 ? cap * (product / cap).tanh() : product;
  const at::Tensor bias = bias_of(op, context, capped, past);
  const at::Tensor blind = (bias == kMasked).all(-1, true);
  const at::Tensor biased = capped + bias;
  const at::Tensor weights = biased.masked_fill(blind, 0.0).softmax(-1).masked_fill(blind, 0.0);
  const at::Tensor y = weights.matmul(v);
  context.outputs[0] = context.inputs[0].dim() == 3 ? join_heads(y) : y;
  if (context.outputs.size() > 3) {
    const std::array<at::Tensor, 4> stages{product, capped, biased, weights};
    context.outputs[3] = stages[static_cast<size_t>(op.qk_matmul_output_mode)];
  }
  return {};
}

Result<void> lower(const RotaryEmbedding& op, LowerContext& context) {
  const at::Tensor x = split_heads(context.inputs[0], op.num_heads.value_or(1));
  const int64_t size = x.size(3), width = op.rotary_embedding_dim ? op.rotary_embedding_dim : size;
  at::Tensor cosines = context.inputs[1], sines = context.inputs[2];
  if (context.has(3)) {
    const at::Tensor at = context.inputs[3].to(at::kLong);
    cosines = cosines.index({at});
    sines = sines.index({at});
  }
  cosines = cosines.unsqueeze(1);
  sines = sines.unsqueeze(1);
  const at::Tensor turned = x.narrow(3, 0, width);
  const bool interleaved = op.interleaved != 0;
  const at::Tensor a = interleaved ? turned.slice(3, 0, width, 2) : turned.narrow(3, 0, width / 2);
  const at::Tensor b = interleaved ? turned.slice(3, 1, width, 2) : turned.narrow(3, width / 2, width / 2);
  const at::Tensor real = cosines * a - sines * b, imaginary = sines * a + cosines * b;
  const at::Tensor pairs = interleaved ? at::stack({real, imaginary}, -1).flatten(3) : at::cat({real, imaginary}, 3);
  const at::Tensor y = at::cat({pairs, x.narrow(3, width, size - width)}, 3);
  context.outputs[0] = context.inputs[0].dim() == 3 ? join_heads(y) : y;
  return {};
}

Result<void> lower(const LinearAttention& op, LowerContext& context) {
  const at::Tensor q = split_heads(context.inputs[0], op.q_num_heads);
  const at::Tensor k = split_heads(context.inputs[1], op.kv_num_heads),
                   v = split_heads(context.inputs[2], op.kv_num_heads);
  const int64_t group = op.q_num_heads / op.kv_num_heads;
  const double scale = op.scale != 0 ? static_cast<double>(op.scale) : 1 / std::sqrt(static_cast<double>(q.size(3)));
  at::Tensor state = context.has(3) ? context.inputs[3] : k.new_zeros({k.size(0), k.size(1), k.size(3), v.size(3)});
  at::Tensor decay, beta;  // [batch, heads, length, size or 1]
  if (context.has(4)) decay = split_heads(context.inputs[4], op.kv_num_heads).exp();
  if (context.has(5)) beta = context.inputs[5].transpose(1, 2).unsqueeze(3);
  std::vector<at::Tensor> rows;
  for (int64_t t = 0; t < q.size(2); ++t) {
    const at::Tensor key = k.select(2, t).unsqueeze(3);  // [batch, heads, size, 1]
    at::Tensor write = v.select(2, t).unsqueeze(2);      // [batch, heads, 1, size]
    if (decay.defined()) state = state * decay.select(2, t).unsqueeze(3);
    if (beta.defined()) write = beta.select(2, t).unsqueeze(3) * (write - key.transpose(2, 3).matmul(state));
    state = state + key * write;
    const at::Tensor read = q.select(2, t).unsqueeze(2).matmul(state.repeat_interleave(group, 1));
    rows.push_back(scale * read);
  }
  context.outputs[0] =
      rows.empty() ? context.inputs[2].new_zeros({q.size(0), 0, q.size(1) * v.size(3)}) : join_heads(at::cat(rows, 2));
  if (context.outputs.size() > 1) context.outputs[1] = state;
  return {};
}

Result<void> lower(const CausalConvWithState& op, LowerContext& context) {
  const at::Tensor &x = context.inputs[0], &w = context.inputs[1];
  const int64_t carried = w.size(2) - 1;
  const at::Tensor past = context.has(3) ? context.inputs[3] : x.new_zeros({x.size(0), x.size(1), carried});
  const at::Tensor padded = at::cat({past, x}, 2);
  const at::Tensor bias = context.has(2) ? context.inputs[2] : at::Tensor();
  const at::Tensor y =
      at::conv1d(padded, w, bias, at::IntArrayRef{1}, at::IntArrayRef{0}, at::IntArrayRef{1}, x.size(1));
  context.outputs[0] = op.activation == "none" ? y : at::silu(y);
  if (context.outputs.size() > 1) context.outputs[1] = padded.narrow(2, padded.size(2) - carried, carried);
  return {};
}

Result<void> lower(const TensorScatter&, LowerContext&) {
  return unsupported("is not trained: it writes into a cache of inference");
}

Result<void> lower(const FlexAttention& op, LowerContext& context) {
  if (op.score_mod || op.prob_mod) return unsupported("is not trained with modifiers that are graphs");
  Attention plain;
  plain.scale = op.scale;
  return lower(plain, context);
}

}  // namespace pare
