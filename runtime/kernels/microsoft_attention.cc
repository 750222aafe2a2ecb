// Attention of com.microsoft in its four forms.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
#include <cmath>

#include "runtime/kernels/attend.h"

namespace pare {
namespace {

using namespace kernels;

// The rows of `from`, with a bias [heads * size] added where there is one, as [batch, heads, length, size].
template <class T>
Result<Tensor> gather_heads(const Heads<T>& from, const T* bias) {
  PARE_ASSIGN(Tensor all, allocate(dtype_of<T>, {from.batch, from.heads, from.length, from.size}));
  T* to = all.mutable_data<T>().data();
  for (int64_t row = 0; row < from.batch * from.heads * from.length; ++row) {
    const int64_t h = row / from.length % from.heads;
    const T* x = from.row(row / (from.length * from.heads), h, row % from.length);
    for (int64_t c = 0; c < from.size; ++c) *to++ = x[c] + (bias ? bias[h * from.size + c] : T(0));
  }
  return all;
}

// What a mask adds for query i and key j: `filter` where the key is hidden. Rank 1: lengths, lengths and starts, or the
// cumulated form that begins with lengths; rank 2 [batch, keys], 3 [batch, queries, keys], 4 [batch, 1, all, all].
class KeyMask {
 public:
  KeyMask(const Tensor& mask, double filter, int64_t batch, int64_t past)
      : mask_(mask), filter_(filter), batch_(batch), past_(past) {}
  Result<void> check(int64_t queries, int64_t keys) const {
    const Dims& d = mask_.dims();
    const bool fits = d.size() == 1   ? d[0] == batch_ || d[0] == 2 * batch_ || d[0] == 3 * batch_ + 2
                      : d.size() == 2 ? d == Dims{batch_, keys}
                      : d.size() == 3
                          ? d == Dims{batch_, queries, keys}
                          : d.size() == 4 && d[0] == batch_ && d[1] == 1 && d[2] >= past_ + queries && d[3] >= keys;
    if (fits) return {};
    return input_error("a mask is " + to_string(mask_.type()) + ", expected lengths or one entry per key");
  }
  double operator()(int64_t b, int64_t i, int64_t j) const {
    const Dims& d = mask_.dims();
    if (d.size() == 1) {
      const bool begun = d[0] != 2 * batch_ || j >= mask_.as_int(batch_ + b);
      return begun && j < mask_.as_int(b) ? 0.0 : filter_;
    }
    const int64_t at = d.size() == 2   ? b * d[1] + j
                       : d.size() == 3 ? (b * d[1] + i) * d[2] + j
                                       : (b * d[2] + past_ + i) * d[3] + j;
    return mask_.as_int(at) > 0 ? 0.0 : filter_;
  }

 private:
  const Tensor& mask_;
  double filter_;
  int64_t batch_, past_;
};

Result<std::vector<int64_t>> bias_strides(const Tensor& bias, const Dims& scores) {
  PARE_ASSIGN(const Dims together, broadcast_dims({bias.dims(), scores}));
  if (together != scores) return input_error("attention_bias does not broadcast to the scores");
  return broadcast_strides(bias.dims(), scores);
}

struct Operands {
  Tensor q, k, v;  // [batch, heads, length, size], the keys and values with those of the past
  int64_t past = 0;
};
struct Rules {
  double scale, filter;
  bool causal;
  const Tensor* mask = nullptr;
  const Tensor* bias = nullptr;
};

// [batch, queries, heads * size]; scores may be null.
template <class T>
Result<Tensor> attend_packed(const Operands& o, const Rules& rules, Tensor* scores) {
  const Heads<T> q = heads_of<T>(o.q, 0), k = heads_of<T>(o.k, 0), v = heads_of<T>(o.v, 0);
  const Dims dims{q.batch, q.heads, q.length, k.length};
  std::optional<KeyMask> mask;
  if (rules.mask) {
    mask.emplace(*rules.mask, rules.filter, q.batch, o.past);
    PARE_TRY(mask->check(q.length, k.length));
  }
  std::vector<int64_t> strides(4, 0);
  if (rules.bias) {
    PARE_ASSIGN(strides, bias_strides(*rules.bias, dims));
  }
  AttendOptions options{.scale = rules.scale};
  options.bias = [&](int64_t b, int64_t h, int64_t i, int64_t j) {
    if (rules.causal && j > o.past + i) return kMasked;
    double sum = mask ? (*mask)(b, i, j) : 0.0;
    if (rules.bias) sum += rules.bias->as_double(b * strides[0] + h * strides[1] + i * strides[2] + j * strides[3]);
    return sum;
  };
  PARE_ASSIGN(Tensor y, allocate(dtype_of<T>, {q.batch, q.length, q.heads * v.size}));
  T* raw = nullptr;
  if (scores) {
    PARE_ASSIGN(*scores, allocate(dtype_of<T>, dims));
    raw = scores->mutable_data<T>().data();
  }
  (void)y.mutable_bytes();
  attend<T>(q, k, v, options, heads_of<T>(y, q.heads), raw);
  return y;
}

double scale_of(const std::optional<float>& scale, int64_t size) {
  return scale && *scale != 0 ? static_cast<double>(*scale) : 1 / std::sqrt(static_cast<double>(size));
}

// Half `which` of past [2, batch, heads, past, size].
Result<Tensor> half_of(const Tensor& past, int64_t which) {
  const Dims dims(past.dims().begin() + 1, past.dims().end());
  return strided(past, dims, strides_of(dims), which * product(dims));
}

// Of Attention and QAttention: input [B,S,I] times weights, with a bias, in three parts.
template <class T>
Result<void> projected(const FusedAttention& op, const Tensor& x, const Tensor& weights, const Tensor* bias,
                       const Tensor* past, Rules rules, KernelContext& context) {
  std::vector<Tensor> inputs{x, weights}, outputs(1);
  KernelContext inner{inputs, outputs};
  PARE_TRY(run(MatMul{}, inner));
  const Tensor& all = outputs[0];
  const int64_t width = weights.dims()[1], heads = op.num_heads;
  const bool even = op.qkv_hidden_sizes.empty();
  const int64_t hidden = even ? width / 3 : op.qkv_hidden_sizes[0], value = even ? width / 3 : op.qkv_hidden_sizes[2];
  if (hidden * 2 + value != width) return input_error("qkv_hidden_sizes does not add up to the columns of weights");
  if (bias && bias->size() != width) return input_error("bias has not one entry per column of weights");
  const int64_t batch = x.dims()[0], length = x.dims()[1];
  const auto part = [&](int64_t offset, int64_t columns) -> Result<Tensor> {
    const int64_t size = columns / heads;
    const Heads<T> from{all.data<T>().data() + offset, batch, heads, length, size, length * width, size, width};
    return gather_heads(from, bias ? bias->data<T>().data() + offset : nullptr);
  };
  Operands o;
  PARE_ASSIGN(o.q, part(0, hidden));
  PARE_ASSIGN(o.k, part(hidden, hidden));
  PARE_ASSIGN(o.v, part(2 * hidden, value));
  if (past || context.outputs.size() > 1) {
    if (hidden != value) return unsupported("has no kernel for a past with values of another width");
    Tensor before_k, before_v;
    if (past) {
      if (past->dims() != Dims{2, batch, heads, past->dims()[3], hidden / heads})
        return input_error("past has the wrong shape");
      o.past = past->dims()[3];
      PARE_ASSIGN(before_k, half_of(*past, 0));
      PARE_ASSIGN(before_v, half_of(*past, 1));
    }
    PARE_ASSIGN(o.k, append_heads(before_k, heads_of<T>(o.k, 0)));
    PARE_ASSIGN(o.v, append_heads(before_v, heads_of<T>(o.v, 0)));
  }
  rules.scale = scale_of(op.scale, hidden / heads);
  PARE_ASSIGN(context.outputs[0], attend_packed<T>(o, rules, nullptr));
  if (context.outputs.size() < 2) return {};
  Dims dims = o.k.dims();
  dims.insert(dims.begin(), 2);
  PARE_ASSIGN(Tensor present, allocate(dtype_of<T>, dims));
  const auto keys = o.k.data<T>(), values = o.v.data<T>();
  std::copy(values.begin(), values.end(), std::copy(keys.begin(), keys.end(), present.mutable_data<T>().begin()));
  context.outputs[1] = std::move(present);
  return {};
}

// (x - zero) * scale of 8-bit integers; scales and zeros are single or one per column.
Result<Tensor> dequantized(const Tensor& x, const Tensor& scale, const Tensor* zero) {
  const int64_t columns = x.dims().back();
  for (const Tensor* each : {&scale, zero}) {
    if (each && each->size() != 1 && each->size() != columns)
      return input_error("a scale or zero point must be single or one per column, found " + to_string(each->type()));
  }
  PARE_ASSIGN(Tensor y, allocate(DType::float32, x.dims()));
  auto out = y.mutable_data<float>();
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t c = i % columns;
    const int64_t shift = zero ? zero->as_int(zero->size() == 1 ? 0 : c) : 0;
    out[i] = static_cast<float>(static_cast<double>(x.as_int(i) - shift) * scale.as_double(scale.size() == 1 ? 0 : c));
  }
  return y;
}

template <class T>
Result<void> multi_head(const MultiHeadAttention& op, KernelContext& context) {
  const Tensor& query = context.inputs[0];
  const int64_t n = op.num_heads;
  const T* bias = context.has(3) ? context.inputs[3].data<T>().data() : nullptr;
  // Part `which` of `parts` in [batch, length, heads, parts, size].
  const auto unpack = [&](const Tensor& x, int64_t which, int64_t parts) -> Heads<T> {
    const Dims& d = x.dims();
    return {x.data<T>().data() + which * d[4],
            d[0],
            d[2],
            d[1],
            d[4],
            d[1] * d[2] * parts * d[4],
            parts * d[4],
            d[2] * parts * d[4]};
  };
  Heads<T> q, k, v;
  if (query.rank() == 5) {
    if (query.dims()[2] != n || query.dims()[3] != 3)
      return input_error("query must be packed as [batch, length, heads, 3, size]");
    q = unpack(query, 0, 3), k = unpack(query, 1, 3), v = unpack(query, 2, 3);
  } else if (query.rank() == 3 && context.has(1)) {
    q = heads_of<T>(query, n);
    const Tensor& key = context.inputs[1];
    if (key.rank() == 5 && (key.dims()[2] != n || key.dims()[3] != 2))
      return input_error("key must be packed as [batch, length, heads, 2, size]");
    if (key.rank() != 5 && !context.has(2)) return input_error("leaves out value");
    k = key.rank() == 5 ? unpack(key, 0, 2) : heads_of<T>(key, n);
    v = key.rank() == 5 ? unpack(key, 1, 2) : heads_of<T>(context.inputs[2], n);
  } else {
    return input_error("must have a packed query, or a query and a key");
  }
  if (k.batch != q.batch || v.batch != q.batch || k.size != q.size || v.length != k.length || k.heads != n ||
      v.heads != n)
    return input_error("has a query, key and value that do not fit together");
  const int64_t width = n * q.size;
  if (bias && context.inputs[3].size() != 2 * width + n * v.size)
    return input_error("bias has not one entry per element of query, key and value");
  const bool separate = query.rank() == 3 && context.inputs[1].rank() == 4;  // a cache, which has its bias already
  Operands o;
  PARE_ASSIGN(o.q, gather_heads(q, bias));
  PARE_ASSIGN(o.k, gather_heads(k, bias && !separate ? bias + width : nullptr));
  PARE_ASSIGN(o.v, gather_heads(v, bias && !separate ? bias + 2 * width : nullptr));
  if (context.has(6) && context.has(7)) {
    if (context.has(8)) return unsupported("has no kernel for a cache that past and present share");
    const Dims &pk = context.inputs[6].dims(), &pv = context.inputs[7].dims();
    if (pk.size() != 4 || pv.size() != 4 || pk != Dims{q.batch, n, pk[2], k.size} ||
        pv != Dims{q.batch, n, pk[2], v.size})
      return input_error("past_key or past_value has the wrong shape");
    o.past = pk[2];
    PARE_ASSIGN(o.k, append_heads(context.inputs[6], heads_of<T>(o.k, 0)));
    PARE_ASSIGN(o.v, append_heads(context.inputs[7], heads_of<T>(o.v, 0)));
  }
  Rules rules{scale_of(op.scale, q.size), static_cast<double>(op.mask_filter_value), op.unidirectional != 0};
  if (context.has(4)) rules.mask = &context.inputs[4];
  if (context.has(5)) rules.bias = &context.inputs[5];
  Tensor scores;
  PARE_ASSIGN(context.outputs[0], attend_packed<T>(o, rules, context.outputs.size() > 3 ? &scores : nullptr));
  if (context.outputs.size() > 1) context.outputs[1] = std::move(o.k);
  if (context.outputs.size() > 2) context.outputs[2] = std::move(o.v);
  if (context.outputs.size() > 3) context.outputs[3] = std::move(scores);
  return {};
}

}  // namespace

Result<void> run(const FusedAttention& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  if (op.do_rotary || op.past_present_share_buffer)
    return unsupported("has no kernel with do_rotary or a shared cache");
  Rules rules{1, static_cast<double>(op.mask_filter_value), op.unidirectional != 0};
  const auto optional = [&](size_t slot) { return context.has(slot) ? &context.inputs[slot] : nullptr; };
  rules.mask = optional(3);
  rules.bias = optional(5);
  Result<void> result;
  if (!dispatch(context.inputs[0].dtype(), Floats{}, [&]<class T>() {
        result = projected<T>(op, context.inputs[0], context.inputs[1], optional(2), optional(4), rules, context);
      }))
    return no_kernel(context.inputs[0].dtype());
  return result;
}

Result<void> run(const QAttention& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  if (op.do_rotary || op.past_present_share_buffer)
    return unsupported("has no kernel with do_rotary or a shared cache");
  const auto optional = [&](size_t slot) { return context.has(slot) ? &context.inputs[slot] : nullptr; };
  PARE_ASSIGN(const Tensor x, dequantized(context.inputs[0], context.inputs[3], optional(6)));
  PARE_ASSIGN(const Tensor weights, dequantized(context.inputs[1], context.inputs[4], optional(7)));
  FusedAttention plain;
  plain.num_heads = op.num_heads;
  plain.scale = op.scale;
  Rules rules{1, static_cast<double>(op.mask_filter_value), op.unidirectional != 0};
  rules.mask = optional(5);
  if (context.inputs[2].dtype() != DType::float32) return no_kernel(context.inputs[2].dtype());
  return projected<float>(plain, x, weights, &context.inputs[2], optional(8), rules, context);
}

Result<void> run(const MultiHeadAttention& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  Result<void> result;
  if (!dispatch(context.inputs[0].dtype(), Floats{}, [&]<class T>() { result = multi_head<T>(op, context); }))
    return no_kernel(context.inputs[0].dtype());
  return result;
}

}  // namespace pare
