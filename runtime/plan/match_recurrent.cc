// LSTM, GRU and RNN with their default activations: the inputs of all time steps are multiplied at once, weights are
// packed once, and a step is one product with the state and one sweep over the gates.
#include <algorithm>
#include <cctype>
#include <cstring>

#include "runtime/plan/builder.h"

namespace pare {
namespace {

enum class Cell : uint8_t { lstm, gru, gru_linear, rnn_tanh, rnn_relu };

// One direction's weights, packed.
struct Direction {
  bool reverse = false;
  std::shared_ptr<const float> input, recurrent,
      hidden;  // W; R (of the GRU's first two gates); the GRU's R of `hidden`
  std::shared_ptr<const float> input_bias, recurrent_bias, peepholes;
};

struct Layer {
  Cell cell = Cell::lstm;
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0, gates = 0;
  bool batch_first = false;
  std::shared_ptr<const std::vector<Direction>> directions;
  int x = -1, lengths = -1, initial_h = -1, initial_c = -1, y = -1, last_h = -1, last_c = -1;  // plan values

  int64_t row(int64_t t, int64_t b) const { return batch_first ? b * steps + t : t * batch + b; }
  int64_t between_rows() const { return batch_first ? steps : 1; }
  int64_t state_row(int64_t d, int64_t b) const {
    return batch_first ? b * static_cast<int64_t>(directions->size()) + d : d * batch + b;
  }
  // Floats: sums of inputs, gates, two states, cell, reset.
  int64_t projected() const { return steps * batch * gates * hidden; }
  int64_t scratch() const { return projected() + batch * gates * hidden + 5 * batch * hidden + 64; }
};

// The states and gates of some rows of a batch while they run.
struct Running {
  const Layer& layer;
  const Direction& direction;
  const Frame& frame;
  const float* projected;
  float *gates, *h, *next, *c, *extra, *hidden;

  GemmShape product(int64_t rows, int64_t n, int64_t ldc) const { return {rows, layer.hidden, n, layer.hidden, ldc}; }

  // One step of rows [b, b + rows) at time t; the new state is in h.
  void step(int64_t t, int64_t b, int64_t rows) {
    const int64_t size = layer.hidden, width = layer.gates * size;
    const float* in = projected + layer.row(t, b) * width;
    const int64_t in_row = layer.between_rows() * width;
    float* state = h + b * size;
    const FloatKernels& kernels = frame.kernels;
    Epilogue epilogue;
    switch (layer.cell) {
      case Cell::lstm:
        epilogue.residual = in;
        epilogue.residual_stride = in_row;
        kernels.gemm(product(rows, width, width), state, direction.recurrent.get(), gates, epilogue, frame.pool);
        kernels.lstm_cell({rows, size, width, 0}, gates, direction.peepholes.get(), c + b * size, state);
        return;
      case Cell::gru_linear:
        epilogue.bias = direction.recurrent_bias.get();
        kernels.gemm(product(rows, width, width), state, direction.recurrent.get(), gates, epilogue, frame.pool);
        kernels.gru_cell({rows, size, in_row, width}, in, gates, state, state);
        return;
      case Cell::gru:
        kernels.gemm(product(rows, 2 * size, width), state, direction.recurrent.get(), gates, epilogue, frame.pool);
        kernels.gru_reset({rows, size, in_row, width}, in, gates, state, extra);
        kernels.gemm(product(rows, size, size), extra, direction.hidden.get(), hidden, epilogue, frame.pool);
        kernels.gru_output({rows, size, in_row, width}, in, gates, hidden, state, state);
        return;
      case Cell::rnn_tanh:
      case Cell::rnn_relu:
        epilogue.residual = in;
        epilogue.residual_stride = in_row;
        epilogue.activation.kind = layer.cell == Cell::rnn_tanh ? ActivationKind::tanh : ActivationKind::relu;
        kernels.gemm(product(rows, size, size), state, direction.recurrent.get(), next, epilogue, frame.pool);
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

Result<void> run_layer(const Layer& layer, const std::string& where, const Frame& frame) {
  auto* scratch = reinterpret_cast<float*>(frame.scratch);
  const int64_t state = layer.batch * layer.hidden, width = layer.gates * layer.hidden;
  float* gates = scratch + layer.projected();
  float* states = gates + layer.batch * width;
  const auto optional = [&](int value) { return value < 0 ? nullptr : frame.at<float>(value); };
  float* y = optional(layer.y);
  if (layer.lengths >= 0 && y != nullptr)
    std::fill_n(y, layer.steps * static_cast<int64_t>(layer.directions->size()) * state, 0.0f);
  for (size_t k = 0; k < layer.directions->size(); ++k) {
    const auto d = static_cast<int64_t>(k);
    const Direction& direction = (*layer.directions)[k];
    Running running{layer,
                    direction,
                    frame,
                    scratch,
                    gates,
                    states,
                    states + state,
                    states + 2 * state,
                    states + 3 * state,
                    states + 4 * state};
    const GemmShape projection{layer.steps * layer.batch, layer.inputs, width, layer.inputs, width};
    frame.kernels.gemm(projection, frame.at<const float>(layer.x), direction.input.get(), scratch,
                       {.bias = direction.input_bias.get()}, frame.pool);
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

bool same_word(const std::string& a, const char* b) {
  return a.size() == std::strlen(b) &&
         std::equal(a.begin(), a.end(), b, [](char x, char y) { return std::tolower(x) == std::tolower(y); });
}

// Each direction has these activations, or none are given.
bool are_activations(const std::vector<std::string>& given, const std::vector<const char*>& expected) {
  for (size_t i = 0; i < given.size(); ++i)
    if (!same_word(given[i], expected[i % expected.size()])) return false;
  return true;
}

template <class O>
bool plain_gates(const O& op, const std::vector<const char*>& expected) {
  return !op.clip && are_activations(op.activations, expected);
}

std::optional<Cell> cell_of(const Op& op) {
  if (const auto* lstm = as<LSTM>(op))
    return plain_gates(*lstm, {"Sigmoid", "Tanh", "Tanh"}) && lstm->input_forget == 0 ? std::optional(Cell::lstm)
                                                                                      : std::nullopt;
  if (const auto* gru = as<GRU>(op)) {
    if (!plain_gates(*gru, {"Sigmoid", "Tanh"})) return std::nullopt;
    return gru->linear_before_reset != 0 ? Cell::gru_linear : Cell::gru;
  }
  if (const auto* rnn = as<RNN>(op)) {
    if (plain_gates(*rnn, {"Tanh"})) return Cell::rnn_tanh;
    if (plain_gates(*rnn, {"Relu"})) return Cell::rnn_relu;
  }
  return std::nullopt;
}

struct Arrangement {
  std::string direction;
  bool batch_first = false;
};

Arrangement arrangement_of(const Op& op) {
  if (const auto* lstm = as<LSTM>(op)) return {lstm->direction, lstm->layout != 0};
  if (const auto* gru = as<GRU>(op)) return {gru->direction, gru->layout != 0};
  const auto* rnn = as<RNN>(op);
  return {rnn->direction, rnn->layout != 0};
}

std::shared_ptr<const float> copied(const std::vector<float>& values) {
  return aligned_floats(static_cast<int64_t>(values.size()),
                        [&](float* to) { std::copy(values.begin(), values.end(), to); });
}

// Rows of `w` [rows, columns] as the second operand of a product, [columns, rows].
std::shared_ptr<const float> packed_rows(const FloatKernels& kernels, const float* w, int64_t rows, int64_t columns) {
  return aligned_floats(kernels.gemm_packed_size(columns, rows),
                        [&](float* to) { kernels.gemm_pack(w, 1, columns, columns, rows, to); });
}

struct Weights {
  const Tensor *w = nullptr, *r = nullptr, *b = nullptr, *p = nullptr;
};

Direction pack_direction(const FloatKernels& kernels, const Layer& layer, const Weights& from, size_t d) {
  const int64_t size = layer.hidden, width = layer.gates * size;
  const auto at = [&](const Tensor* tensor, int64_t step) {
    return tensor == nullptr ? nullptr : tensor->data<float>().data() + static_cast<int64_t>(d) * step;
  };
  Direction to;
  to.input = packed_rows(kernels, at(from.w, width * layer.inputs), width, layer.inputs);
  const float* r = at(from.r, width * size);
  const bool split = layer.cell == Cell::gru;
  to.recurrent = packed_rows(kernels, r, split ? 2 * size : width, size);
  if (split) to.hidden = packed_rows(kernels, r + 2 * size * size, size, size);
  if (const float* p = at(from.p, 3 * size)) to.peepholes = copied({p, p + 3 * size});
  const float* b = at(from.b, 2 * width);
  if (b == nullptr) return to;
  std::vector<float> input(b, b + width), recurrent(static_cast<size_t>(width), 0.0f);
  for (int64_t i = 0; i < width; ++i) {
    const bool apart = layer.cell == Cell::gru_linear && i >= 2 * size;  // under the reset gate
    (apart ? recurrent : input)[static_cast<size_t>(i)] += b[width + i];
  }
  to.input_bias = copied(input);
  if (layer.cell == Cell::gru_linear) to.recurrent_bias = copied(recurrent);
  return to;
}

ValueId operand(const std::vector<ValueId>& ids, size_t slot) { return slot < ids.size() ? ids[slot] : ValueId::none; }

// The constant in a slot; false where there is an operand that is no float32 constant.
bool constant_in(const Builder& builder, const Node& node, size_t slot, const Tensor*& to) {
  const ValueId id = operand(node.inputs, slot);
  if (id == ValueId::none) return true;
  to = builder.constant(id);
  return to != nullptr && to->dtype() == DType::float32;
}

}  // namespace

bool match_recurrent(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const bool lstm = as<LSTM>(node.op) != nullptr;
  if ((!lstm && !as<GRU>(node.op) && !as<RNN>(node.op)) || builder.dtype(node.inputs[0]) != DType::float32)
    return false;
  const auto cell = cell_of(node.op);
  Weights weights;
  if (!cell || !constant_in(builder, node, 1, weights.w) || !constant_in(builder, node, 2, weights.r) ||
      !constant_in(builder, node, 3, weights.b) || (lstm && !constant_in(builder, node, 7, weights.p)))
    return false;
  const Arrangement attributes = arrangement_of(node.op);
  const Dims& x = builder.dims(node.inputs[0]);
  const Dims& r = builder.dims(node.inputs[2]);
  Layer layer{.cell = *cell,
              .steps = x[attributes.batch_first ? 1 : 0],
              .batch = x[attributes.batch_first ? 0 : 1],
              .inputs = x[2],
              .hidden = r[2],
              .gates = r[1] / std::max<int64_t>(r[2], 1),
              .batch_first = attributes.batch_first};
  if (count_of(x) == 0 || layer.hidden == 0) return false;
  const auto make = [&] {
    auto made = std::make_shared<std::vector<Direction>>();
    for (size_t d = 0; d < static_cast<size_t>(r[0]); ++d) {
      made->push_back(pack_direction(builder.kernels, layer, weights, d));
      made->back().reverse = d == 1 || attributes.direction == "reverse";
    }
    for (const Tensor* tensor : {weights.w, weights.r}) tensor->release(0, tensor->byte_size());
    return std::shared_ptr<const std::vector<Direction>>(made);
  };
  const size_t bytes = weights.w->byte_size() + weights.r->byte_size();
  layer.directions =
      builder.prepare<std::vector<Direction>>("recurrent ", {id}, make, [&](const auto&) { return bytes; });
  builder.claim(id);
  Step step{.kernel = lstm ? "lstm.float" : as<GRU>(node.op) ? "gru.float" : "rnn.float", .nodes = {id}};
  const auto read = [&](size_t slot) {
    const ValueId value = operand(node.inputs, slot);
    if (value == ValueId::none) return -1;
    step.reads.push_back(builder.require(value, Order::onnx));
    return step.reads.back();
  };
  const auto write = [&](size_t slot) {
    const ValueId value = operand(node.outputs, slot);
    if (value == ValueId::none) return -1;
    step.writes.push_back(builder.create(value, Order::onnx));
    return step.writes.back();
  };
  layer.x = read(0);
  layer.lengths = read(4);
  layer.initial_h = read(5);
  if (lstm) layer.initial_c = read(6);
  layer.y = write(0);
  layer.last_h = write(1);
  if (lstm) layer.last_c = write(2);
  step.scratch = static_cast<size_t>(layer.scratch()) * sizeof(float);
  step.run = [layer, where = describe(builder.graph, id)](const Frame& frame) {
    return run_layer(layer, where, frame);
  };
  builder.add(std::move(step));
  return true;
}

}  // namespace pare
