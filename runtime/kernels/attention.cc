// Attention and FlexAttention. https://onnx.ai/onnx/operators. Sums in double.
#include <cmath>

#include "runtime/kernels/attend.h"

namespace pare {
namespace {

using namespace kernels;

// attn_mask, right-aligned to [batch, heads, queries, keys]; keys beyond its last axis are not seen.
class Mask {
 public:
  explicit Mask(const Tensor& tensor) : tensor_(tensor), strides_(4, 0) {
    const auto own = strides_of(tensor.dims());
    const size_t shift = 4 - own.size();
    for (size_t i = 0; i < own.size(); ++i) {
      if (tensor.dims()[i] != 1 || i + 1 == own.size()) strides_[shift + i] = own[i];
    }
  }
  Result<void> check(const Dims& scores) const {
    const Dims& dims = tensor_.dims();
    const size_t shift = 4 - dims.size();
    for (size_t i = 0; i < dims.size(); ++i) {
      const bool last = i + 1 == dims.size();
      if (last ? dims[i] <= scores[3] : dims[i] == 1 || dims[i] == scores[shift + i]) continue;
      return input_error("attn_mask is " + to_string(tensor_.type()) +
                         ", expected a shape that broadcasts to the scores");
    }
    return {};
  }
  double at(int64_t b, int64_t h, int64_t i, int64_t j) const {
    if (j >= tensor_.dims().back()) return kMasked;
    const int64_t index = b * strides_[0] + h * strides_[1] + i * strides_[2] + j * strides_[3];
    const double value = tensor_.as_double(index);
    return tensor_.dtype() != DType::boolean ? value : value != 0 ? 0 : kMasked;
  }

 private:
  const Tensor& tensor_;
  std::vector<int64_t> strides_;
};

struct Visibility {
  const Attention& op;
  std::optional<Mask> mask;
  std::vector<int64_t> lengths;  // valid keys of each batch entry; empty: all
  int64_t queries, past;

  double operator()(int64_t b, int64_t h, int64_t i, int64_t j) const {
    const bool external = !lengths.empty();
    if (external && j >= lengths[static_cast<size_t>(b)]) return kMasked;
    const int64_t position = i + (external ? lengths[static_cast<size_t>(b)] - queries : past);
    if (op.is_causal && j > position) return kMasked;
    if (op.left_window_size >= 0 && j < position - op.left_window_size) return kMasked;
    if (op.right_window_size >= 0 && j > position + op.right_window_size) return kMasked;
    return mask ? mask->at(b, h, i, j) : 0.0;
  }
};

Result<std::vector<int64_t>> valid_lengths(const KernelContext& context, int64_t batch, int64_t keys) {
  if (!context.has(6)) return std::vector<int64_t>();
  std::vector<int64_t> lengths = context.inputs[6].ints();
  if (static_cast<int64_t>(lengths.size()) != batch)
    return input_error("nonpad_kv_seqlen has not one entry per batch entry");
  for (const int64_t length : lengths) {
    if (length < 0 || length > keys) {
      return input_error("nonpad_kv_seqlen has " + std::to_string(length) + ", expected 0 to " + std::to_string(keys));
    }
  }
  return lengths;
}

template <class T>
Result<void> attention(const Attention& op, KernelContext& context) {
  const Heads<T> q = heads_of<T>(context.inputs[0], op.q_num_heads.value_or(1));
  const Heads<T> k_now = heads_of<T>(context.inputs[1], op.kv_num_heads.value_or(1));
  const Heads<T> v_now = heads_of<T>(context.inputs[2], op.kv_num_heads.value_or(1));
  const Tensor none;
  PARE_ASSIGN(Tensor keys, append_heads(context.has(4) ? context.inputs[4] : none, k_now));
  PARE_ASSIGN(Tensor values, append_heads(context.has(5) ? context.inputs[5] : none, v_now));
  const Heads<T> k = heads_of<T>(keys, 0), v = heads_of<T>(values, 0);
  if (k.length != v.length) return input_error("past_key and past_value have not the same length");
  Visibility visibility{op, std::nullopt, {}, q.length, k.length - k_now.length};
  PARE_ASSIGN(visibility.lengths, valid_lengths(context, q.batch, k.length));
  const Dims scores_dims{q.batch, q.heads, q.length, k.length};
  if (context.has(3)) {
    visibility.mask.emplace(context.inputs[3]);
    PARE_TRY(visibility.mask->check(scores_dims));
  }
  AttendOptions options{.scale = op.scale ? static_cast<double>(*op.scale) : 1 / std::sqrt(static_cast<double>(q.size)),
                        .softcap = static_cast<double>(op.softcap),
                        .bias = visibility,
                        .stage = static_cast<AttendOptions::Stage>(op.qk_matmul_output_mode)};
  const bool packed = context.inputs[0].rank() == 3;
  PARE_ASSIGN(Tensor y, allocate(dtype_of<T>, packed ? Dims{q.batch, q.length, q.heads * v.size}
                                                     : Dims{q.batch, q.heads, q.length, v.size}));
  Tensor scores;
  if (context.outputs.size() > 3) {
    PARE_ASSIGN(scores, allocate(dtype_of<T>, scores_dims));
  }
  (void)y.mutable_bytes();
  attend<T>(q, k, v, options, heads_of<T>(y, q.heads), scores.size() ? scores.mutable_data<T>().data() : nullptr);
  context.outputs[0] = std::move(y);
  if (context.outputs.size() > 1) context.outputs[1] = std::move(keys);
  if (context.outputs.size() > 2) context.outputs[2] = std::move(values);
  if (context.outputs.size() > 3) context.outputs[3] = std::move(scores);
  return {};
}

}  // namespace

Result<void> run(const Attention& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  for (const size_t slot : {1, 2, 4, 5}) {
    if (context.has(slot) && context.inputs[slot].dtype() != context.inputs[0].dtype())
      return unsupported("has no kernel for operands of different types");
  }
  Result<void> result;
  if (!dispatch(context.inputs[0].dtype(), Floats{}, [&]<class T>() { result = attention<T>(op, context); }))
    return no_kernel(context.inputs[0].dtype());
  return result;
}

Result<void> run(const FlexAttention& op, KernelContext& context) {
  if (op.score_mod || op.prob_mod) return unsupported("has no kernel for modifiers that are graphs");
  Attention plain;
  plain.scale = op.scale;
  return run(plain, context);
}

}  // namespace pare
