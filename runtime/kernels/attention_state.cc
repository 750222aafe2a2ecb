// RotaryEmbedding, LinearAttention, CausalConvWithState and TensorScatter. https://onnx.ai/onnx/operators
#include <cmath>

#include "runtime/kernels/attend.h"

namespace pare {
namespace {

using namespace kernels;

template <class T>
Result<void> rotary(const RotaryEmbedding& op, KernelContext& context) {
  const Heads<T> x = heads_of<T>(context.inputs[0], op.num_heads.value_or(1));
  const int64_t width = op.rotary_embedding_dim ? op.rotary_embedding_dim : x.size, half = width / 2;
  const Tensor &cosines = context.inputs[1], &sines = context.inputs[2];
  const bool indexed = context.has(3);
  const Dims wanted = indexed ? Dims{cosines.dims()[0], half} : Dims{x.batch, x.length, half};
  if (width % 2 != 0 || width > x.size || cosines.dims() != wanted || sines.dims() != wanted) {
    return input_error("the caches must have one entry for each pair of the " + std::to_string(width) +
                       " elements that are rotated, found " + to_string(cosines.type()));
  }
  if (indexed && context.inputs[3].dims() != Dims{x.batch, x.length})
    return input_error("position_ids must have one entry per token");
  PARE_ASSIGN(Tensor y, allocate(dtype_of<T>, context.inputs[0].dims()));
  T* to = y.mutable_data<T>().data();
  for (int64_t b = 0; b < x.batch; ++b) {
    for (int64_t i = 0; i < x.length; ++i) {
      const int64_t token = b * x.length + i, at = indexed ? context.inputs[3].data<int64_t>()[token] : token;
      if (indexed && (at < 0 || at >= wanted[0]))
        return input_error("position_ids has " + std::to_string(at) + ", expected 0 to " +
                           std::to_string(wanted[0] - 1));
      for (int64_t h = 0; h < x.heads; ++h) {
        const T* row = x.row(b, h, i);
        rotate(row, cosines.data<T>().data() + at * half, sines.data<T>().data() + at * half, width,
               op.interleaved != 0, x.size, to + (row - x.data));
      }
    }
  }
  context.outputs[0] = std::move(y);
  return {};
}

// The state of one head, [d_k, d_v], steps over one token.
struct LinearHead {
  std::vector<double> state;
  int64_t keys, values;

  template <class T>
  void step(const T* key, const T* value, const std::vector<double>& decay, std::optional<double> beta) {
    for (int64_t d = 0; d < keys; ++d) {
      for (int64_t m = 0; m < values; ++m) state[static_cast<size_t>(d * values + m)] *= decay[static_cast<size_t>(d)];
    }
    for (int64_t m = 0; m < values; ++m) {
      double write = static_cast<double>(value[m]);
      if (beta) {
        double known = 0;
        for (int64_t d = 0; d < keys; ++d)
          known += state[static_cast<size_t>(d * values + m)] * static_cast<double>(key[d]);
        write = *beta * (write - known);
      }
      for (int64_t d = 0; d < keys; ++d)
        state[static_cast<size_t>(d * values + m)] += static_cast<double>(key[d]) * write;
    }
  }
};

template <class T>
Result<void> linear_attention(const LinearAttention& op, KernelContext& context) {
  const Heads<T> q = heads_of<T>(context.inputs[0], op.q_num_heads),
                 k = heads_of<T>(context.inputs[1], op.kv_num_heads),
                 v = heads_of<T>(context.inputs[2], op.kv_num_heads);
  const double scale = op.scale != 0 ? static_cast<double>(op.scale) : 1 / std::sqrt(static_cast<double>(q.size));
  const int64_t group = q.heads / k.heads, per_head = context.has(4) ? context.inputs[4].dims()[2] / k.heads : 0;
  PARE_ASSIGN(Tensor y, allocate(dtype_of<T>, {q.batch, q.length, q.heads * v.size}));
  PARE_ASSIGN(Tensor present, allocate(dtype_of<T>, {q.batch, k.heads, k.size, v.size}));
  auto out = y.mutable_data<T>();
  auto states = present.mutable_data<T>();
  const int64_t area = k.size * v.size;
  for (int64_t head = 0; head < q.batch * k.heads; ++head) {
    const int64_t b = head / k.heads, g = head % k.heads;
    LinearHead linear{std::vector<double>(static_cast<size_t>(area), 0.0), k.size, v.size};
    for (int64_t i = 0; context.has(3) && i < area; ++i)
      linear.state[static_cast<size_t>(i)] = context.inputs[3].as_double(head * area + i);
    std::vector<double> decay(static_cast<size_t>(k.size), 1.0);
    for (int64_t t = 0; t < q.length; ++t) {
      const int64_t token = b * q.length + t;
      for (int64_t d = 0; context.has(4) && d < k.size; ++d) {
        const int64_t at = (token * k.heads + g) * per_head + (per_head == 1 ? 0 : d);
        decay[static_cast<size_t>(d)] = std::exp(context.inputs[4].as_double(at));
      }
      std::optional<double> beta;
      if (context.has(5)) {
        const int64_t rates = context.inputs[5].dims()[2];
        beta = context.inputs[5].as_double(token * rates + (rates == 1 ? 0 : g));
      }
      linear.step(k.row(b, g, t), v.row(b, g, t), decay, beta);
      for (int64_t h = g * group; h < (g + 1) * group; ++h) {
        for (int64_t m = 0; m < v.size; ++m) {
          double sum = 0;
          for (int64_t d = 0; d < k.size; ++d)
            sum += static_cast<double>(q.row(b, h, t)[d]) * linear.state[static_cast<size_t>(d * v.size + m)];
          out[(token * q.heads + h) * v.size + m] = static_cast<T>(scale * sum);
        }
      }
    }
    for (int64_t i = 0; i < area; ++i) states[head * area + i] = static_cast<T>(linear.state[static_cast<size_t>(i)]);
  }
  context.outputs[0] = std::move(y);
  if (context.outputs.size() > 1) context.outputs[1] = std::move(present);
  return {};
}

template <class T>
Result<void> causal_conv(const CausalConvWithState& op, KernelContext& context) {
  const auto x = context.inputs[0].data<T>(), w = context.inputs[1].data<T>();
  const Dims& dims = context.inputs[0].dims();
  const int64_t length = dims[2], kernel = context.inputs[1].dims()[2], carried = kernel - 1;
  PARE_ASSIGN(Tensor y, allocate(dtype_of<T>, dims));
  PARE_ASSIGN(Tensor present, allocate(dtype_of<T>, {dims[0], dims[1], carried}));
  auto out = y.mutable_data<T>(), state = present.mutable_data<T>();
  for (int64_t row = 0; row < dims[0] * dims[1]; ++row) {
    const int64_t channel = row % dims[1];
    // Element i of what came before followed by the input.
    const auto padded = [&](int64_t i) {
      if (i >= carried) return x[row * length + i - carried];
      return context.has(3) ? context.inputs[3].data<T>()[row * carried + i] : T(0);
    };
    for (int64_t i = 0; i < length; ++i) {
      double sum = context.has(2) ? static_cast<double>(context.inputs[2].data<T>()[channel]) : 0.0;
      for (int64_t k = 0; k < kernel; ++k)
        sum += static_cast<double>(padded(i + k)) * static_cast<double>(w[channel * kernel + k]);
      out[row * length + i] = static_cast<T>(op.activation == "none" ? sum : sum / (1 + std::exp(-sum)));
    }
    for (int64_t i = 0; i < carried; ++i) state[row * carried + i] = padded(length + i);
  }
  context.outputs[0] = std::move(y);
  if (context.outputs.size() > 1) context.outputs[1] = std::move(present);
  return {};
}

template <class O, class F>
Result<void> over_floats(const O& op, KernelContext& context, F&& f) {
  if (auto done = through_float32(op, context)) return *done;
  for (const Tensor& input : context.inputs) {
    if (is_float(input.dtype()) && input.dtype() != context.inputs[0].dtype())
      return unsupported("has no kernel for operands of different types");
  }
  Result<void> result;
  if (!dispatch(context.inputs[0].dtype(), Floats{}, [&]<class T>() { result = f.template operator()<T>(); }))
    return no_kernel(context.inputs[0].dtype());
  return result;
}

}  // namespace

Result<void> run(const RotaryEmbedding& op, KernelContext& context) {
  return over_floats(op, context, [&]<class T>() { return rotary<T>(op, context); });
}

Result<void> run(const LinearAttention& op, KernelContext& context) {
  return over_floats(op, context, [&]<class T>() { return linear_attention<T>(op, context); });
}

Result<void> run(const CausalConvWithState& op, KernelContext& context) {
  return over_floats(op, context, [&]<class T>() { return causal_conv<T>(op, context); });
}

Result<void> run(const TensorScatter& op, KernelContext& context) {
  const Tensor &cache = context.inputs[0], &update = context.inputs[1];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, cache.dims().size()));
  const int64_t limit = cache.dims()[axis], steps = update.dims()[axis];
  const int64_t inner = product(cache.dims(), axis + 1, cache.dims().size());
  const int64_t rows = product(cache.dims(), 0, axis), per_entry = product(cache.dims(), 1, axis);
  const std::vector<int64_t> first = context.has(2) ? context.inputs[2].ints() : std::vector<int64_t>();
  std::vector<int64_t> source(static_cast<size_t>(cache.size()), -1);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t begin = first.empty() ? 0 : first[static_cast<size_t>(row / per_entry)];
    if (steps > 0 && (begin < 0 || (op.mode == "linear" && begin > limit - steps))) {
      return input_error("write_indices has " + std::to_string(begin) + ", which leaves no room for " +
                         std::to_string(steps) + " steps in " + std::to_string(limit));
    }
    for (int64_t s = 0; s < steps; ++s) {
      const int64_t at = (begin % limit + s) % limit;
      for (int64_t i = 0; i < inner; ++i)
        source[static_cast<size_t>((row * limit + at) * inner + i)] = (row * steps + s) * inner + i;
    }
  }
  ElementMover mover(cache, cache.dtype(), cache.dims(), nullptr);
  PARE_TRY(mover.allocate());
  for (int64_t i = 0; i < cache.size(); ++i) mover.move(i, i);
  mover.read_from(update);
  for (int64_t i = 0; i < cache.size(); ++i) {
    if (source[static_cast<size_t>(i)] >= 0) mover.move(i, source[static_cast<size_t>(i)]);
  }
  context.outputs[0] = mover.take();
  return {};
}

}  // namespace pare
