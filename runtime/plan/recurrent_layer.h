// A recurrent layer as a plan runs it: the inputs of all time steps are multiplied at once, and a step is one product
// with the state and one sweep over the gates.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/fast/int8.h"
#include "runtime/plan/plan.h"

namespace pare {

enum class Cell : uint8_t { lstm, gru, gru_linear, rnn_tanh, rnn_relu };

// One matrix of weights with its bias: packed floats, or integers for the rows of fast/int8_wide.h or, where
// `takes_bytes`, for rows that are quantized already.
struct RecurrentMatrix {
  std::shared_ptr<const float> floats, bias;
  std::shared_ptr<const Int8Conv> integers;
  bool takes_bytes = false;
  int64_t inputs = 0, outputs = 0;

  size_t bytes() const;
  size_t scratch(int64_t rows, int threads) const;
};

struct RecurrentDirection {
  bool reverse = false;
  RecurrentMatrix input, recurrent, hidden;  // W; R (of the GRU's first two gates); the GRU's R of `hidden`
  std::shared_ptr<const float> peepholes;

  size_t bytes() const { return input.bytes() + recurrent.bytes() + hidden.bytes(); }
};

struct RecurrentLayer {
  Cell cell = Cell::lstm;
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0, gates = 0;
  bool batch_first = false;
  std::shared_ptr<const std::vector<RecurrentDirection>> directions;
  int x = -1, lengths = -1, initial_h = -1, initial_c = -1, y = -1, last_h = -1, last_c = -1;  // plan values

  int64_t row(int64_t t, int64_t b) const { return batch_first ? b * steps + t : t * batch + b; }
  int64_t between_rows() const { return batch_first ? steps : 1; }
  int64_t state_row(int64_t d, int64_t b) const {
    return batch_first ? b * static_cast<int64_t>(directions->size()) + d : d * batch + b;
  }
  // Floats: sums of inputs, gates, two states, cell, reset.
  int64_t projected() const { return steps * batch * gates * hidden; }
  int64_t scratch_floats() const { return projected() + batch * gates * hidden + 5 * batch * hidden + 64; }
  // Bytes behind them: what products of integers need.
  size_t product_scratch(int threads) const;
};

// `where` names the node in errors.
Result<void> run_recurrent(const RecurrentLayer& layer, const std::string& where, const Frame& frame);

}  // namespace pare
