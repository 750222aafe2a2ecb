// GroupQueryAttention of com.microsoft: attention over a cache that it fills.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
#include <cmath>

#include "runtime/kernels/attend.h"

namespace pare {
namespace {

using namespace kernels;

enum Slot : size_t {
  kQuery,
  kKey,
  kValue,
  kPastKey,
  kPastValue,
  kLengths,
  kTotal,
  kCos,
  kSin,
  kPositions,
  kBias,
  kSink
};

template <class T>
struct Grouped {
  const GroupQueryAttention& op;
  KernelContext& context;
  Heads<T> q, k, v;
  int64_t total = 0;            // the longest sequence after this step
  std::vector<int64_t> before;  // tokens of each batch entry that the cache holds
  std::vector<int64_t> seen;    // and with those of this step

  Result<void> open() {
    const Tensor& query = context.inputs[kQuery];
    const Dims& d = query.dims();
    if (context.has(kKey) != context.has(kValue)) return input_error("has one of key and value, expected both or none");
    if (context.has(kKey)) {
      q = heads_of<T>(query, op.num_heads);
      k = heads_of<T>(context.inputs[kKey], op.kv_num_heads);
      v = heads_of<T>(context.inputs[kValue], op.kv_num_heads);
    } else {
      const int64_t size = d[2] / (op.num_heads + 2 * op.kv_num_heads);
      const auto part = [&](int64_t first, int64_t heads) -> Heads<T> {
        return {query.data<T>().data() + first * size, d[0], heads, d[1], size, d[1] * d[2], size, d[2]};
      };
      q = part(0, op.num_heads);
      k = part(op.num_heads, op.kv_num_heads);
      v = part(op.num_heads + op.kv_num_heads, op.kv_num_heads);
    }
    if (k.batch != q.batch || v.batch != q.batch || k.length != q.length || v.length != q.length || k.size != q.size ||
        v.size != q.size)
      return input_error("has a query, key and value that do not fit together");
    const Tensor& lengths = context.inputs[kLengths];
    if (lengths.size() != q.batch || context.inputs[kTotal].size() != 1)
      return input_error("seqlens_k must have one entry per batch entry and total_sequence_length one");
    total = context.inputs[kTotal].as_int(0);
    if (total < 1 || total > INT32_MAX) return input_error("total_sequence_length is " + std::to_string(total));
    const bool prompt = total == q.length;
    for (int64_t b = 0; b < q.batch; ++b) {
      seen.push_back(lengths.as_int(b) + 1);
      before.push_back(prompt ? 0 : seen.back() - q.length);
      if (seen.back() < 1 || seen.back() > total || before.back() < 0) {
        return input_error("seqlens_k has " + std::to_string(lengths.as_int(b)) + ", which does not fit " +
                           std::to_string(q.length) + " new tokens of " + std::to_string(total));
      }
    }
    return {};
  }

  // Rows of `from` with their positions rotated, as [batch, heads, length, size].
  Result<Tensor> rotated(const Heads<T>& from) const {
    PARE_ASSIGN(Tensor all, allocate(dtype_of<T>, {from.batch, from.heads, from.length, from.size}));
    T* to = all.mutable_data<T>().data();
    if (op.do_rotary && !(context.has(kCos) && context.has(kSin)))
      return input_error("leaves out cos_cache or sin_cache");
    const int64_t half = op.do_rotary ? context.inputs[kCos].dims().back() : 0;
    if (2 * half > from.size) return input_error("cos_cache is wider than half a head");
    for (int64_t b = 0; b < from.batch; ++b) {
      for (int64_t h = 0; h < from.heads; ++h) {
        for (int64_t i = 0; i < from.length; ++i, to += from.size) {
          const int64_t at = context.has(kPositions) ? context.inputs[kPositions].as_int(b * from.length + i)
                                                     : before[static_cast<size_t>(b)] + i;
          if (op.do_rotary && (at < 0 || at >= context.inputs[kCos].dims()[0]))
            return input_error("position " + std::to_string(at) + " lies beyond cos_cache");
          const T* c = op.do_rotary ? context.inputs[kCos].data<T>().data() + at * half : nullptr;
          const T* s = op.do_rotary ? context.inputs[kSin].data<T>().data() + at * half : nullptr;
          rotate(from.row(b, h, i), c, s, 2 * half, op.rotary_interleaved != 0, from.size, to);
        }
      }
    }
    return all;
  }

  // The cache with the new rows behind what each batch entry holds.
  Result<Tensor> filled(size_t past_slot, const Heads<T>& now) const {
    int64_t room = total;
    const bool past = context.has(past_slot);
    if (past) {
      const Dims& d = context.inputs[past_slot].dims();
      if (d.size() != 4 || d[0] != now.batch || d[1] != now.heads || d[3] != now.size)
        return input_error("a past is " + to_string(context.inputs[past_slot].type()) +
                           ", which does not fit key and value");
      room = std::max(room, d[2]);
    }
    PARE_ASSIGN(Tensor all, allocate(dtype_of<T>, {now.batch, now.heads, room, now.size}));
    T* to = all.mutable_data<T>().data();
    for (int64_t b = 0; b < now.batch; ++b) {
      for (int64_t h = 0; h < now.heads; ++h, to += room * now.size) {
        const int64_t held = before[static_cast<size_t>(b)];
        if (past) {
          const int64_t stored = context.inputs[past_slot].dims()[2];
          if (held > stored) return input_error("seqlens_k asks for more tokens than the past holds");
          const T* from = context.inputs[past_slot].data<T>().data() + (b * now.heads + h) * stored * now.size;
          std::copy(from, from + held * now.size, to);
        } else if (held > 0) {
          return input_error("seqlens_k asks for a past, which is left out");
        }
        for (int64_t i = 0; i < now.length; ++i)
          std::copy(now.row(b, h, i), now.row(b, h, i) + now.size, to + (held + i) * now.size);
      }
    }
    return all;
  }
};

template <class T>
Result<void> grouped(const GroupQueryAttention& op, KernelContext& context) {
  Grouped<T> g{op, context, {}, {}, {}, 0, {}, {}};
  PARE_TRY(g.open());
  PARE_ASSIGN(const Tensor queries, g.rotated(g.q));
  PARE_ASSIGN(const Tensor fresh, g.rotated(g.k));
  PARE_ASSIGN(Tensor keys, g.filled(kPastKey, heads_of<T>(fresh, 0)));
  PARE_ASSIGN(Tensor values, g.filled(kPastValue, g.v));
  Heads<T> k = heads_of<T>(keys, 0), v = heads_of<T>(values, 0);
  k.length = v.length = g.total;
  std::vector<int64_t> strides(4, 0);
  const Dims scores{g.q.batch, g.q.heads, g.q.length, g.total};
  if (context.has(kBias)) {
    PARE_ASSIGN(const Dims together, broadcast_dims({context.inputs[kBias].dims(), scores}));
    if (together != scores) return input_error("attention_bias does not broadcast to the scores");
    strides = broadcast_strides(context.inputs[kBias].dims(), scores);
  }
  AttendOptions options{.scale = op.scale && *op.scale != 0 ? static_cast<double>(*op.scale)
                                                            : 1 / std::sqrt(static_cast<double>(g.q.size)),
                        .softcap = static_cast<double>(op.softcap)};
  options.stage = op.qk_output == 2 ? AttendOptions::Stage::weights : AttendOptions::Stage::biased;
  options.bias = [&](int64_t b, int64_t h, int64_t i, int64_t j) {
    const int64_t position = g.before[static_cast<size_t>(b)] + i;
    if (j > position || (op.local_window_size > 0 && j <= position - op.local_window_size)) return kMasked;
    if (!context.has(kBias)) return 0.0;
    return context.inputs[kBias].as_double(b * strides[0] + h * strides[1] + i * strides[2] + j * strides[3]);
  };
  if (op.smooth_softmax > 0) options.sink = [](int64_t) { return std::optional(0.0); };
  if (context.has(kSink)) {
    if (context.inputs[kSink].size() != op.num_heads) return input_error("head_sink has not one entry per head");
    options.sink = [&](int64_t h) { return std::optional(context.inputs[kSink].as_double(h)); };
  }
  PARE_ASSIGN(Tensor y, allocate(dtype_of<T>, {g.q.batch, g.q.length, g.q.heads * g.q.size}));
  Tensor raw;
  if (context.outputs.size() > 3) {
    PARE_ASSIGN(raw, allocate(dtype_of<T>, scores));
  }
  (void)y.mutable_bytes();
  attend<T>(heads_of<T>(queries, 0), k, v, options, heads_of<T>(y, g.q.heads),
            raw.size() ? raw.mutable_data<T>().data() : nullptr);
  context.outputs[0] = std::move(y);
  if (context.outputs.size() > 1) context.outputs[1] = std::move(keys);
  if (context.outputs.size() > 2) context.outputs[2] = std::move(values);
  if (context.outputs.size() > 3) context.outputs[3] = std::move(raw);
  return {};
}

}  // namespace

Result<void> run(const GroupQueryAttention& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  if (op.k_quant_type != "NONE" || op.v_quant_type != "NONE") return unsupported("has no kernel for quantized caches");
  Result<void> result;
  if (!dispatch(context.inputs[0].dtype(), Floats{}, [&]<class T>() { result = grouped<T>(op, context); }))
    return no_kernel(context.inputs[0].dtype());
  return result;
}

}  // namespace pare
