#include "runtime/plan/recurrent_layer.h"

#include <algorithm>

#include "runtime/fast/int8_wide.h"

namespace pare {
namespace {

using Matrix = RecurrentMatrix;
using Layer = RecurrentLayer;
using Direction = RecurrentDirection;

// Where a product's results go and what is added to them.
struct Target {
  float* y;
  int64_t stride;
  const float* residual = nullptr;
  int64_t residual_stride = 0;
};

struct Products {
  const Frame& frame;
  std::span<std::byte> scratch;

  void multiply(const Matrix& matrix, int64_t rows, const void* x, const Target& to, Activation activation = {}) const {
    const auto* floats = static_cast<const float*>(x);
    if (!matrix.integers) {
      const GemmShape shape{rows, matrix.inputs, matrix.outputs, matrix.inputs, to.stride};
      const Epilogue epilogue{.bias = matrix.bias.get(),
                              .residual = to.residual,
                              .residual_stride = to.residual_stride,
                              .activation = activation};
      return frame.kernels.gemm(shape, floats, matrix.floats.get(), to.y, epilogue, frame.pool);
    }
    if (matrix.takes_bytes) {
      const ConvShape shape{.w = rows, .in_channels = matrix.inputs, .out_channels = matrix.outputs};
      return matrix.integers->run(shape, {.x = x, .y = to.y}, scratch, frame.pool);
    }
    int8_wide(*matrix.integers, rows, {floats, matrix.inputs, to.residual, to.residual_stride, to.y, to.stride},
              scratch, frame.pool);
    if (activation.kind != ActivationKind::none)
      frame.kernels.activate(activation, to.y, to.y, rows * matrix.outputs, frame.pool);
  }
};

// The states and gates of some rows of a batch while they run.
struct Running {
  const Layer& layer;
  const Direction& direction;
  const Products& products;
  const FloatKernels& kernels;
  const float* projected;
  float *gates, *h, *next, *c, *extra, *hidden;

  // One step of rows [b, b + rows) at time t; the new state is in h.
  void step(int64_t t, int64_t b, int64_t rows) {
    const int64_t size = layer.hidden, width = layer.gates * size;
    const float* in = projected + layer.row(t, b) * width;
    const int64_t in_row = layer.between_rows() * width;
    float* state = h + b * size;
    switch (layer.cell) {
      case Cell::lstm:
        products.multiply(direction.recurrent, rows, state, {gates, width, in, in_row});
        kernels.lstm_cell({rows, size, width, 0}, gates, direction.peepholes.get(), c + b * size, state);
        return;
      case Cell::gru_linear:
        products.multiply(direction.recurrent, rows, state, {gates, width});
        kernels.gru_cell({rows, size, in_row, width}, in, gates, state, state);
        return;
      case Cell::gru:
        products.multiply(direction.recurrent, rows, state, {gates, width});
        kernels.gru_reset({rows, size, in_row, width}, in, gates, state, extra);
        products.multiply(direction.hidden, rows, extra, {hidden, size});
        kernels.gru_output({rows, size, in_row, width}, in, gates, hidden, state, state);
        return;
      case Cell::rnn_tanh:
      case Cell::rnn_relu:
        products.multiply(direction.recurrent, rows, state, {next, size, in, in_row},
                          {layer.cell == Cell::rnn_tanh ? ActivationKind::tanh : ActivationKind::relu});
        std::copy_n(next, rows * size, state);
        return;
    }
  }
};

void copy_state(const Layer& layer, int64_t d, const float* from, float* to) {
  for (int64_t b = 0; b < layer.batch; ++b) {
    if (from == nullptr)
      std::fill_n(to + b * layer.hidden, layer.hidden, 0.0f);
    else
      std::copy_n(from + layer.state_row(d, b) * layer.hidden, layer.hidden, to + b * layer.hidden);
  }
}

// Rows [b, b + rows) of direction d through the first `length` steps, backwards where the direction is.
void run_rows(const Layer& layer, Running& running, int64_t d, int64_t b, int64_t rows, int64_t length, float* y) {
  const auto directions = static_cast<int64_t>(layer.directions->size());
  for (int64_t s = 0; s < length; ++s) {
    const int64_t t = running.direction.reverse ? length - 1 - s : s;
    running.step(t, b, rows);
    if (y == nullptr) continue;
    for (int64_t i = b; i < b + rows; ++i) {
      const int64_t at =
          layer.batch_first ? (i * layer.steps + t) * directions + d : (t * directions + d) * layer.batch + i;
      std::copy_n(running.h + i * layer.hidden, layer.hidden, y + at * layer.hidden);
    }
  }
}

}  // namespace

Result<void> run_recurrent(const Layer& layer, const std::string& where, const Frame& frame) {
  auto* scratch = reinterpret_cast<float*>(frame.scratch);
  const int64_t state = layer.batch * layer.hidden, width = layer.gates * layer.hidden;
  float* gates = scratch + layer.projected();
  float* states = gates + layer.batch * width;
  const Products products{frame,
                          {frame.scratch + static_cast<size_t>(layer.scratch_floats()) * sizeof(float),
                           layer.product_scratch(frame.pool.threads())}};
  const auto optional = [&](int value) { return value < 0 ? nullptr : frame.at<float>(value); };
  float* y = optional(layer.y);
  if (layer.lengths >= 0 && y != nullptr)
    std::fill_n(y, layer.steps * static_cast<int64_t>(layer.directions->size()) * state, 0.0f);
  for (size_t k = 0; k < layer.directions->size(); ++k) {
    const auto d = static_cast<int64_t>(k);
    const Direction& direction = (*layer.directions)[k];
    Running running{layer,  direction,      products,           frame.kernels,      scratch,           gates,
                    states, states + state, states + 2 * state, states + 3 * state, states + 4 * state};
    products.multiply(direction.input, layer.steps * layer.batch, frame.at<const std::byte>(layer.x), {scratch, width});
    copy_state(layer, d, optional(layer.initial_h), running.h);
    copy_state(layer, d, optional(layer.initial_c), running.c);
    if (layer.lengths < 0) {
      run_rows(layer, running, d, 0, layer.batch, layer.steps, y);
    } else {
      for (int64_t b = 0; b < layer.batch; ++b) {
        const int64_t length = frame.at<const int32_t>(layer.lengths)[b];
        if (length < 0 || length > layer.steps)
          return input_error(where + ": sequence_lens holds " + std::to_string(length) + ", expected 0 to " +
                             std::to_string(layer.steps));
        run_rows(layer, running, d, b, 1, length, y);
      }
    }
    for (int64_t b = 0; b < layer.batch; ++b) {
      const int64_t at = layer.state_row(d, b) * layer.hidden;
      if (layer.last_h >= 0)
        std::copy_n(running.h + b * layer.hidden, layer.hidden, frame.at<float>(layer.last_h) + at);
      if (layer.last_c >= 0)
        std::copy_n(running.c + b * layer.hidden, layer.hidden, frame.at<float>(layer.last_c) + at);
    }
  }
  return {};
}

size_t RecurrentMatrix::bytes() const {
  return integers ? integers->packed_bytes() : static_cast<size_t>(inputs * outputs) * sizeof(float);
}

size_t RecurrentMatrix::scratch(int64_t rows, int threads) const {
  if (!integers) return 0;
  if (!takes_bytes) return int8_wide_scratch(*integers, rows);
  return integers->scratch_bytes({.w = rows, .in_channels = inputs, .out_channels = outputs}, threads);
}

size_t RecurrentLayer::product_scratch(int threads) const {
  size_t most = 0;
  for (const RecurrentDirection& direction : *directions)
    most = std::max({most, direction.input.scratch(steps * batch, threads), direction.recurrent.scratch(batch, threads),
                     direction.hidden.scratch(batch, threads)});
  return most;
}

}  // namespace pare
