// The attributes of LSTM, GRU and RNN, checked and resolved: what inference, the kernels, plans and training share.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "graph/ops/recurrent.h"

namespace pare {

// A function of a gate with its parameters, as the operator's specification lists them.
struct GateFunction {
  enum class Kind : uint8_t {
    Affine,       // alpha * x + beta
    Elu,          // x, below 0: alpha * (e^x - 1)
    HardSigmoid,  // min(max(alpha * x + beta, 0), 1)
    LeakyRelu,    // x, below 0: alpha * x
    Relu,
    ScaledTanh,  // alpha * tanh(beta * x)
    Sigmoid,
    Softplus,
    Softsign,
    Tanh,
    ThresholdedRelu,  // x, below alpha: 0
  };
  Kind kind = Kind::Tanh;
  float alpha = 0.0f;
  float beta = 0.0f;
  double operator()(double x) const;
  bool operator==(const GateFunction&) const = default;
};

struct Recurrence {
  int gates = 1;                      // blocks of hidden_size rows in W: 4 iofc, 3 zrh, 1 i
  int functions = 1;                  // of one direction: f g h, f g, f
  std::vector<bool> reverse;          // one entry per direction
  std::vector<GateFunction> applied;  // `functions` entries per direction
  bool batch_first = false;           // layout 1

  int64_t directions() const { return static_cast<int64_t>(reverse.size()); }
  std::span<const GateFunction> of(int64_t direction) const {
    return std::span(applied).subspan(static_cast<size_t>(direction * functions), static_cast<size_t>(functions));
  }
};

// Fails on directions, layouts and activations that the specification does not have. Parameters go to the functions
// that take them, in the order of `activations`; those without one have the specification's defaults.
Result<Recurrence> recurrence(const LSTM& op);
Result<Recurrence> recurrence(const GRU& op);
Result<Recurrence> recurrence(const RNN& op);

}  // namespace pare
