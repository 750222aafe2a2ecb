// LSTM, GRU and RNN as loops over the steps of a sequence. Activations split the paths of differentiation as usual.
#include "distill/lower.h"
#include "graph/ops/recurrent_gates.h"

namespace pare {
namespace {

enum Slot : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

at::Tensor apply(const GateFunction& f, const at::Tensor& x) {
  const double alpha = static_cast<double>(f.alpha), beta = static_cast<double>(f.beta);
  using enum GateFunction::Kind;
  switch (f.kind) {
    case Affine:
      return alpha * x + beta;
    case Elu:
      return at::elu(x, alpha);
    case HardSigmoid:
      return (alpha * x + beta).clamp(0, 1);
    case LeakyRelu:
      return at::leaky_relu(x, alpha);
    case Relu:
      return at::relu(x);
    case ScaledTanh:
      return alpha * (beta * x).tanh();
    case Sigmoid:
      return x.sigmoid();
    case Softplus:
      return at::softplus(x);
    case Softsign:
      return x / (1 + x.abs());
    case Tanh:
      return x.tanh();
    case ThresholdedRelu:
      return at::where(x >= alpha, x, at::zeros_like(x));
  }
  return x;
}

struct State {
  at::Tensor h, c;  // [batch, hidden]
};

// The operands of one direction.
struct Direction {
  std::span<const GateFunction> functions;
  std::optional<float> clip;
  int64_t hidden;
  at::Tensor from_input;  // [sequence, batch, gates * hidden]: Xt * W^T + Wb
  at::Tensor r, rb;       // [gates * hidden, hidden], [gates * hidden] or undefined
  at::Tensor p;           // [3 * hidden] or undefined

  at::Tensor block(const at::Tensor& of, int64_t gate) const { return of.narrow(-1, gate * hidden, hidden); }
  // h * R^T + Rb of `count` gates from `gate`.
  at::Tensor from_state(const at::Tensor& h, int64_t gate, int64_t count) const {
    const at::Tensor product = h.matmul(r.narrow(0, gate * hidden, count * hidden).t());
    return rb.defined() ? product + rb.narrow(0, gate * hidden, count * hidden) : product;
  }
  at::Tensor gate(size_t function, const at::Tensor& x) const {
    return apply(functions[function], clip ? x.clamp(-*clip, *clip) : x);
  }
  at::Tensor peephole(const at::Tensor& x, int64_t which, const at::Tensor& cell) const {
    return p.defined() ? x + block(p, which) * cell : x;
  }
};

State step(const LSTM& op, const Direction& d, const at::Tensor& x, const State& state) {
  const at::Tensor sums = x + d.from_state(state.h, 0, 4);
  const at::Tensor i = d.gate(0, d.peephole(d.block(sums, 0), 0, state.c));
  const at::Tensor f = op.input_forget ? 1 - i : d.gate(0, d.peephole(d.block(sums, 2), 2, state.c));
  const at::Tensor c = f * state.c + i * d.gate(1, d.block(sums, 3));
  const at::Tensor o = d.gate(0, d.peephole(d.block(sums, 1), 1, c));
  return {o * apply(d.functions[2], c), c};
}

State step(const GRU& op, const Direction& d, const at::Tensor& x, const State& state) {
  const at::Tensor sums = x.narrow(-1, 0, 2 * d.hidden) + d.from_state(state.h, 0, 2);
  const at::Tensor z = d.gate(0, d.block(sums, 0)), r = d.gate(0, d.block(sums, 1));
  const at::Tensor recurrent =
      op.linear_before_reset ? r * d.from_state(state.h, 2, 1) : d.from_state(r * state.h, 2, 1);
  return {(1 - z) * d.gate(1, d.block(x, 2) + recurrent) + z * state.h, {}};
}

State step(const RNN&, const Direction& d, const at::Tensor& x, const State& state) {
  return {d.gate(0, x + d.from_state(state.h, 0, 1)), {}};
}

at::Tensor keep(const at::Tensor& active, const at::Tensor& next, const at::Tensor& before) {
  return active.defined() && next.defined() ? at::where(active, next, before) : next;
}

struct Results {
  at::Tensor y;  // [sequence, batch, hidden]
  State last;
};

// Entries whose sequence is over keep their state and give zeros.
template <class O>
Results unroll(const O& op, const Direction& d, bool reverse, const at::Tensor& lengths, State state) {
  const int64_t steps = d.from_input.size(0);
  std::vector<at::Tensor> rows(static_cast<size_t>(steps));
  for (int64_t k = 0; k < steps; ++k) {
    const int64_t t = reverse ? steps - 1 - k : k;
    State next = step(op, d, d.from_input[t], state);
    const at::Tensor active = lengths.defined() ? (lengths > t).unsqueeze(1) : at::Tensor();
    rows[static_cast<size_t>(t)] = keep(active, next.h, at::zeros_like(next.h));
    state = {keep(active, next.h, state.h), keep(active, next.c, state.c)};
  }
  const at::Tensor none = state.h.new_zeros({0, state.h.size(0), state.h.size(1)});
  return {steps > 0 ? at::stack(rows) : none, state};
}

template <class O>
Result<void> lower_recurrent(const O& op, LowerContext& context) {
  PARE_ASSIGN(const Recurrence net, recurrence(op));
  const at::Tensor x = net.batch_first ? context.inputs[kX].transpose(0, 1) : context.inputs[kX];
  const int64_t hidden = context.inputs[kR].size(2), rows = net.gates * hidden;
  const auto initial = [&](size_t slot, int64_t d) {
    if (!context.has(slot)) return x.new_zeros({x.size(1), hidden});
    return context.inputs[slot].select(net.batch_first ? 1 : 0, d);
  };
  std::vector<at::Tensor> y, h, c;
  for (int64_t d = 0; d < net.directions(); ++d) {
    Direction direction{net.of(d), op.clip, hidden, x.matmul(context.inputs[kW][d].t()), context.inputs[kR][d], {}, {}};
    if (context.has(kB)) {
      direction.from_input = direction.from_input + context.inputs[kB][d].narrow(0, 0, rows);
      direction.rb = context.inputs[kB][d].narrow(0, rows, rows);
    }
    if (context.has(kPeepholes)) direction.p = context.inputs[kPeepholes][d];
    const at::Tensor lengths = context.has(kLengths) ? context.inputs[kLengths] : at::Tensor();
    const Results results = unroll(op, direction, net.reverse[static_cast<size_t>(d)], lengths,
                                   {initial(kInitialH, d), initial(kInitialC, d)});
    y.push_back(results.y);
    h.push_back(results.last.h);
    c.push_back(results.last.c);
  }
  const int64_t batch_first = net.batch_first ? 1 : 0;
  if (!context.outputs.empty()) {
    const at::Tensor all = at::stack(y, 1);  // [sequence, directions, batch, hidden]
    context.outputs[0] = net.batch_first ? all.permute({2, 0, 1, 3}) : all;
  }
  if (context.outputs.size() > 1) context.outputs[1] = at::stack(h, batch_first);
  if (context.outputs.size() > 2) context.outputs[2] = at::stack(c, batch_first);
  return {};
}

}  // namespace

Result<void> lower(const LSTM& op, LowerContext& context) { return lower_recurrent(op, context); }
Result<void> lower(const GRU& op, LowerContext& context) { return lower_recurrent(op, context); }
Result<void> lower(const RNN& op, LowerContext& context) { return lower_recurrent(op, context); }

}  // namespace pare
