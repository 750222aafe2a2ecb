// LSTM, GRU and RNN. https://onnx.ai/onnx/operators. Sums and states in double.
#include <cmath>

#include "graph/ops/recurrent_gates.h"
#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

enum Slot : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

struct Sizes {
  int64_t sequence, batch, input, hidden;
};
Sizes sizes_of(const KernelContext& context, const Recurrence& net) {
  const Dims& x = context.inputs[kX].dims();
  return {x[net.batch_first ? 1 : 0], x[net.batch_first ? 0 : 1], x[2], context.inputs[kR].dims()[2]};
}

struct State {
  std::vector<double> h, c;
};

// The operands of one direction.
template <class T>
struct Direction {
  const Recurrence& net;
  Sizes sizes;
  std::optional<float> clip;
  int64_t index;
  std::span<const GateFunction> functions;
  const T* w = nullptr;
  const T* r = nullptr;
  const T* b = nullptr;  // null: zeros
  const T* p = nullptr;

  Direction(const KernelContext& context, const Recurrence& net, std::optional<float> clip, int64_t index)
      : net(net), sizes(sizes_of(context, net)), clip(clip), index(index), functions(net.of(index)) {
    const int64_t rows = net.gates * sizes.hidden;
    w = context.inputs[kW].data<T>().data() + index * rows * sizes.input;
    r = context.inputs[kR].data<T>().data() + index * rows * sizes.hidden;
    if (context.has(kB)) b = context.inputs[kB].data<T>().data() + index * 2 * rows;
    if (context.has(kPeepholes)) p = context.inputs[kPeepholes].data<T>().data() + index * 3 * sizes.hidden;
  }

  int64_t row(int gate, int64_t unit) const { return gate * sizes.hidden + unit; }
  // Xt * W^T + Wb of one unit's gate.
  double from_input(const T* x, int gate, int64_t unit) const {
    double sum = b ? static_cast<double>(b[row(gate, unit)]) : 0.0;
    const T* weights = w + row(gate, unit) * sizes.input;
    for (int64_t i = 0; i < sizes.input; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(weights[i]);
    return sum;
  }
  // Ht-1 * R^T + Rb
  double from_state(const std::vector<double>& h, int gate, int64_t unit) const {
    double sum = b ? static_cast<double>(b[net.gates * sizes.hidden + row(gate, unit)]) : 0.0;
    const T* weights = r + row(gate, unit) * sizes.hidden;
    for (int64_t i = 0; i < sizes.hidden; ++i) sum += h[static_cast<size_t>(i)] * static_cast<double>(weights[i]);
    return sum;
  }
  double peephole(int which, int64_t unit, double cell) const {
    return p ? static_cast<double>(p[row(which, unit)]) * cell : 0.0;
  }
  // Of a gate's sum, which clip bounds. (ONNX Runtime does not bound the cell before h; models are made with it.)
  double apply(size_t function, double x) const {
    if (clip) x = std::min(std::max(x, -static_cast<double>(*clip)), static_cast<double>(*clip));
    return functions[function](x);
  }
};

template <class T>
void step(const LSTM& op, const Direction<T>& d, const T* x, State& state) {
  const State before = state;
  for (int64_t u = 0; u < d.sizes.hidden; ++u) {
    const auto gate = [&](int which) { return d.from_input(x, which, u) + d.from_state(before.h, which, u); };
    const double cell = before.c[static_cast<size_t>(u)];
    const double i = d.apply(0, gate(0) + d.peephole(0, u, cell));
    const double f = op.input_forget ? 1 - i : d.apply(0, gate(2) + d.peephole(2, u, cell));
    const double next = f * cell + i * d.apply(1, gate(3));
    const double o = d.apply(0, gate(1) + d.peephole(1, u, next));
    state.c[static_cast<size_t>(u)] = next;
    state.h[static_cast<size_t>(u)] = o * d.functions[2](next);
  }
}

template <class T>
void step(const GRU& op, const Direction<T>& d, const T* x, State& state) {
  const std::vector<double> before = state.h;
  const auto gate = [&](int which, int64_t u) {
    return d.apply(0, d.from_input(x, which, u) + d.from_state(before, which, u));
  };
  std::vector<double> reset(before.size());  // r, or r (.) Ht-1
  for (int64_t u = 0; u < d.sizes.hidden; ++u) {
    const auto at = static_cast<size_t>(u);
    reset[at] = gate(1, u) * (op.linear_before_reset ? 1.0 : before[at]);
  }
  for (int64_t u = 0; u < d.sizes.hidden; ++u) {
    const auto at = static_cast<size_t>(u);
    const double z = gate(0, u);
    const double recurrent =
        op.linear_before_reset ? reset[at] * d.from_state(before, 2, u) : d.from_state(reset, 2, u);
    state.h[at] = (1 - z) * d.apply(1, d.from_input(x, 2, u) + recurrent) + z * before[at];
  }
}

template <class T>
void step(const RNN&, const Direction<T>& d, const T* x, State& state) {
  const std::vector<double> before = state.h;
  for (int64_t u = 0; u < d.sizes.hidden; ++u) {
    state.h[static_cast<size_t>(u)] = d.apply(0, d.from_input(x, 0, u) + d.from_state(before, 0, u));
  }
}

// Where the row of one batch entry begins, in elements: of X, of Y and of a state.
struct Places {
  const Recurrence& net;
  Sizes s;
  int64_t x(int64_t t, int64_t b) const { return (net.batch_first ? b * s.sequence + t : t * s.batch + b) * s.input; }
  int64_t y(int64_t t, int64_t d, int64_t b) const {
    return (net.batch_first ? (b * s.sequence + t) * net.directions() + d : (t * net.directions() + d) * s.batch + b) *
           s.hidden;
  }
  int64_t state(int64_t d, int64_t b) const {
    return (net.batch_first ? b * net.directions() + d : d * s.batch + b) * s.hidden;
  }
};

template <class T>
std::vector<double> initial(const KernelContext& context, size_t slot, int64_t at, int64_t hidden) {
  std::vector<double> values(static_cast<size_t>(hidden), 0.0);
  if (!context.has(slot)) return values;
  const T* from = context.inputs[slot].data<T>().data() + at;
  std::copy(from, from + hidden, values.begin());
  return values;
}

template <class T>
void store(const std::vector<double>& values, Tensor& to, int64_t at) {
  auto out = to.mutable_data<T>();
  for (size_t i = 0; i < values.size(); ++i) out[static_cast<size_t>(at) + i] = static_cast<T>(values[i]);
}

// Steps beyond a sequence's length leave zeros in Y and the state as it is; backward, a sequence starts at its own end.
template <class T, class O>
void unroll(const O& op, const Recurrence& net, const std::vector<int64_t>& lengths, KernelContext& context,
            std::vector<Tensor>& results) {
  const Sizes sizes = sizes_of(context, net);
  const Places places{net, sizes};
  const T* x = context.inputs[kX].data<T>().data();
  for (int64_t d = 0; d < net.directions(); ++d) {
    const Direction<T> direction(context, net, op.clip, d);
    for (int64_t b = 0; b < sizes.batch; ++b) {
      State state;
      state.h = initial<T>(context, kInitialH, places.state(d, b), sizes.hidden);
      state.c = initial<T>(context, kInitialC, places.state(d, b), sizes.hidden);
      const int64_t length = lengths[static_cast<size_t>(b)];
      for (int64_t k = 0; k < length; ++k) {
        const int64_t t = net.reverse[static_cast<size_t>(d)] ? length - 1 - k : k;
        step(op, direction, x + places.x(t, b), state);
        store<T>(state.h, results[0], places.y(t, d, b));
      }
      if (results.size() > 1) store<T>(state.h, results[1], places.state(d, b));
      if (results.size() > 2) store<T>(state.c, results[2], places.state(d, b));
    }
  }
}

Result<std::vector<int64_t>> lengths_of(const KernelContext& context, const Sizes& sizes) {
  if (!context.has(kLengths)) return std::vector<int64_t>(static_cast<size_t>(sizes.batch), sizes.sequence);
  const std::vector<int64_t> lengths = context.inputs[kLengths].ints();
  for (const int64_t length : lengths) {
    if (length < 0 || length > sizes.sequence) {
      return input_error("sequence_lens has " + std::to_string(length) + ", expected 0 to " +
                         std::to_string(sizes.sequence));
    }
  }
  return lengths;
}

template <class O>
Result<void> recur(const O& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  PARE_ASSIGN(const Recurrence net, recurrence(op));
  const Sizes s = sizes_of(context, net);
  PARE_ASSIGN(const auto lengths, lengths_of(context, s));
  const DType dtype = context.inputs[kX].dtype();
  std::vector<Tensor> results;
  for (size_t i = 0; i < std::max<size_t>(1, context.outputs.size()); ++i) {
    Dims dims = net.batch_first ? Dims{s.batch, net.directions(), s.hidden} : Dims{net.directions(), s.batch, s.hidden};
    if (i == 0) dims.insert(dims.begin() + (net.batch_first ? 1 : 0), s.sequence);
    PARE_ASSIGN(Tensor result, allocate(dtype, std::move(dims)));
    results.push_back(std::move(result));
  }
  if (!dispatch(dtype, Floats{}, [&]<class T>() { unroll<T>(op, net, lengths, context, results); }))
    return no_kernel(dtype);
  std::move(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(context.outputs.size()),
            context.outputs.begin());
  return {};
}

}  // namespace

Result<void> run(const LSTM& op, KernelContext& context) { return recur(op, context); }
Result<void> run(const GRU& op, KernelContext& context) { return recur(op, context); }
Result<void> run(const RNN& op, KernelContext& context) { return recur(op, context); }

}  // namespace pare
