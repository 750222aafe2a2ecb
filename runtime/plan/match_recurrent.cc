// LSTM, GRU and RNN with their default activations. Weights are packed once: as floats, or where an integer constant
// stands behind their DequantizeLinear with one scale to a row, as those integers.
#include <algorithm>
#include <cctype>
#include <cstring>

#include "runtime/fast/int8_wide.h"
#include "runtime/plan/builder.h"
#include "runtime/plan/quantized_weights.h"
#include "runtime/plan/recurrent_layer.h"

namespace pare {
namespace {

using Direction = RecurrentDirection;
using Layer = RecurrentLayer;
using Matrix = RecurrentMatrix;

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

// What a layer's matrices are made of: of W and R either the floats or the integers.
struct Weights {
  const Tensor *w = nullptr, *r = nullptr, *b = nullptr, *p = nullptr;
  std::optional<QuantizedRows> quantized_w, quantized_r;
  std::optional<Int8Quant> x;  // of an input that is quantized, where W is
};

struct Rows {
  int64_t first, count, columns;
};

// Rows of [.., columns] as the second operand of a product, [columns, rows].
Matrix pack_rows(const Builder& builder, const Tensor* floats, const std::optional<QuantizedRows>& quantized,
                 const Rows& rows, const std::vector<float>& bias, const std::optional<Int8Quant>& x) {
  Matrix matrix{.takes_bytes = x.has_value(), .inputs = rows.columns, .outputs = rows.count};
  if (!quantized) {
    const FloatKernels& kernels = builder.kernels;
    const float* from = floats->data<float>().data() + rows.first * rows.columns;
    matrix.floats = aligned_floats(kernels.gemm_packed_size(rows.columns, rows.count), [&](float* to) {
      kernels.gemm_pack(from, 1, rows.columns, rows.columns, rows.count, to);
    });
    if (!bias.empty()) matrix.bias = copied(bias);
    return matrix;
  }
  const auto first = static_cast<size_t>(rows.first), count = static_cast<size_t>(rows.count);
  Int8ConvParams params;
  params.shape = {.in_channels = rows.columns, .out_channels = rows.count};
  params.weights = quantized->data.bytes().data() + rows.first * rows.columns;
  params.weights_signed = quantized->data.dtype() == DType::int8;
  params.weight_scale = std::span(quantized->scale).subspan(first, count);
  if (!quantized->zero_point.empty()) params.weight_zero_point = std::span(quantized->zero_point).subspan(first, count);
  params.input = x.value_or(kInt8WideInput);
  params.float_bias = bias;
  params.output_kind = Int8Output::float32;
  matrix.integers = std::make_shared<const Int8Conv>(params, builder.isa);
  return matrix;
}

Direction pack_direction(const Builder& builder, const Layer& layer, const Weights& from, int64_t d) {
  const int64_t size = layer.hidden, width = layer.gates * size;
  const auto at = [&](const Tensor* tensor, int64_t step) {
    return tensor == nullptr ? nullptr : tensor->data<float>().data() + d * step;
  };
  Direction to;
  if (const float* p = at(from.p, 3 * size)) to.peepholes = copied({p, p + 3 * size});
  std::vector<float> input, recurrent;
  if (const float* b = at(from.b, 2 * width)) {
    input.assign(b, b + width);
    if (layer.cell == Cell::gru_linear) recurrent.assign(static_cast<size_t>(width), 0.0f);
    for (int64_t i = 0; i < width; ++i) {
      const bool apart = layer.cell == Cell::gru_linear && i >= 2 * size;  // under the reset gate
      (apart ? recurrent : input)[static_cast<size_t>(i)] += b[width + i];
    }
  }
  const auto rows_of_r = [&](int64_t first, int64_t count, const std::vector<float>& bias) {
    return pack_rows(builder, from.r, from.quantized_r, {d * width + first, count, size}, bias, std::nullopt);
  };
  to.input = pack_rows(builder, from.w, from.quantized_w, {d * width, width, layer.inputs}, input, from.x);
  const bool split = layer.cell == Cell::gru;
  to.recurrent = rows_of_r(0, split ? 2 * size : width, recurrent);
  if (split) to.hidden = rows_of_r(2 * size, size, {});
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

// The float constants of a node, or the integers behind them; none where an operand is neither.
std::optional<Weights> weights_of(const Builder& builder, const Node& node) {
  Weights weights;
  weights.quantized_w = quantized_rows(builder, node.inputs[1]);
  weights.quantized_r = quantized_rows(builder, node.inputs[2]);
  if (!weights.quantized_w && !constant_in(builder, node, 1, weights.w)) return std::nullopt;
  if (!weights.quantized_r && !constant_in(builder, node, 2, weights.r)) return std::nullopt;
  if (!constant_in(builder, node, 3, weights.b)) return std::nullopt;
  if (as<LSTM>(node.op) && !constant_in(builder, node, 7, weights.p)) return std::nullopt;
  return weights;
}

std::shared_ptr<const std::vector<Direction>> pack_directions(Builder& builder, NodeId id, const Layer& layer,
                                                              const Weights& weights, const Arrangement& attributes) {
  const auto make = [&] {
    auto made = std::make_shared<std::vector<Direction>>();
    const int64_t count = builder.dims(builder.node(id).inputs[2])[0];
    for (int64_t d = 0; d < count; ++d) {
      made->push_back(pack_direction(builder, layer, weights, d));
      made->back().reverse = d == 1 || attributes.direction == "reverse";
    }
    for (const Tensor* tensor : {weights.w, weights.r, weights.quantized_w ? &weights.quantized_w->data : nullptr,
                                 weights.quantized_r ? &weights.quantized_r->data : nullptr})
      if (tensor != nullptr) tensor->release(0, tensor->byte_size());
    return std::shared_ptr<const std::vector<Direction>>(made);
  };
  const auto bytes = [](const std::vector<Direction>& made) {
    size_t sum = 0;
    for (const Direction& direction : made) sum += direction.bytes();
    return sum;
  };
  return builder.prepare<std::vector<Direction>>(weights.x ? "recurrent int8 " : "recurrent ", {id}, make, bytes);
}

}  // namespace

bool match_recurrent(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const bool lstm = as<LSTM>(node.op) != nullptr;
  if ((!lstm && !as<GRU>(node.op) && !as<RNN>(node.op)) || builder.dtype(node.inputs[0]) != DType::float32)
    return false;
  const auto cell = cell_of(node.op);
  auto weights = cell ? weights_of(builder, node) : std::nullopt;
  if (!weights) return false;
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
  const auto quantized_x = weights->quantized_w ? quantized_operand(builder, node.inputs[0]) : std::nullopt;
  if (quantized_x) weights->x = quantized_x->quant;
  layer.directions = pack_directions(builder, id, layer, *weights, attributes);
  builder.claim(id);
  const bool integers = weights->quantized_w || weights->quantized_r;
  Step step{.kernel = std::string(lstm               ? "lstm"
                                  : as<GRU>(node.op) ? "gru"
                                                     : "rnn") +
                      (integers ? ".int8" : ".float"),
            .nodes = {id}};
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
  if (quantized_x) {
    layer.x = builder.require(quantized_x->q, Order::onnx);
    step.reads.push_back(layer.x);
  } else {
    layer.x = read(0);
  }
  layer.lengths = read(4);
  layer.initial_h = read(5);
  if (lstm) layer.initial_c = read(6);
  layer.y = write(0);
  layer.last_h = write(1);
  if (lstm) layer.last_c = write(2);
  step.scratch = static_cast<size_t>(layer.scratch_floats()) * sizeof(float) + layer.product_scratch(builder.threads);
  step.run = [layer, where = describe(builder.graph, id)](const Frame& frame) {
    return run_recurrent(layer, where, frame);
  };
  builder.add(std::move(step));
  return true;
}

}  // namespace pare
