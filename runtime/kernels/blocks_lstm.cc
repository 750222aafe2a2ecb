// com.microsoft.DynamicQuantizeLSTM: an LSTM on integer weights whose input (as a whole) and whose state (at every
// step, all of the batch) are quantized to uint8 by their own range. The weights being integers times a scale, each
// step is that of LSTM on what quantizing and dequantizing leaves of the operands.
#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

enum Slot : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes, kWScale, kWZero, kRScale, kRZero };

Result<Tensor> through_bytes(const Tensor& x) {
  std::vector<Tensor> in{x}, levels(3), back(1);
  KernelContext quantize{in, levels}, dequantize{levels, back};
  PARE_TRY(run(DynamicQuantizeLinear{}, quantize));
  PARE_TRY(run(DequantizeLinear{}, dequantize));
  return std::move(back[0]);
}

// Elements [index * size, (index + 1) * size) of `tensor`, in dims of that size.
Tensor part(const Tensor& tensor, int64_t index, const Dims& dims) {
  const auto values = tensor.data<float>();
  const auto size = static_cast<int64_t>(product(dims));
  const auto from = values.begin() + index * size;
  return Tensor::of<float>(dims, std::vector<float>(from, from + size));
}

// Direction `index` of integer weights [directions, rows, 4 * hidden] as real numbers [1, 4 * hidden, rows].
Result<Tensor> weights_of(const KernelContext& context, Slot weights, Slot scales, int64_t index) {
  const Tensor &w = context.inputs[weights], &scale = context.inputs[scales], &zero = context.inputs[scales + 1];
  const int64_t directions = w.dims()[0], rows = w.dims()[1], columns = w.dims()[2];
  for (const Tensor* tensor : {&scale, &zero}) {
    if (tensor->size() != directions && tensor->size() != directions * columns)
      return input_error("scales and zero points of W and R need one element per direction, or one per column, found " +
                         to_string(tensor->type()));
  }
  const auto at = [&](const Tensor& tensor, int64_t column) {
    return tensor.size() == directions ? index : index * columns + column;
  };
  PARE_ASSIGN(Tensor real, allocate(DType::float32, {1, columns, rows}));
  auto out = real.mutable_data<float>();
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t level = w.as_int((index * rows + row) * columns + column) - zero.as_int(at(zero, column));
      out[column * rows + row] = static_cast<float>(level) * scale.data<float>()[at(scale, column)];
    }
  }
  return real;
}

// One direction: its operands of LSTM and the states between the steps.
class Direction {
 public:
  Direction(const DynamicQuantizeLSTM& op, const KernelContext& context, int64_t index)
      : context_(context), index_(index), reverse_(op.direction == "reverse" || index == 1) {
    const Dims& x = context.inputs[kX].dims();
    steps_ = x[0], batch_ = x[1], input_ = x[2], hidden_ = context.inputs[kR].dims()[1];
    step_.clip = op.clip;
    step_.hidden_size = hidden_;
    step_.input_forget = op.input_forget;
    const auto own = [&](const auto& list) {  // a list for all directions: the third or half that is this one's
      auto mine = list;
      const bool both = op.direction == "bidirectional" && list.size() % 2 == 0;
      if (both) mine.assign(list.begin() + index * (list.size() / 2), list.begin() + (index + 1) * (list.size() / 2));
      return mine;
    };
    step_.activations = own(op.activations);
    step_.activation_alpha = own(op.activation_alpha);
    step_.activation_beta = own(op.activation_beta);
  }

  Result<void> prepare() {
    inputs_.resize(8);
    PARE_ASSIGN(inputs_[kW], weights_of(context_, kW, kWScale, index_));
    PARE_ASSIGN(inputs_[kR], weights_of(context_, kR, kRScale, index_));
    const Dims state{1, batch_, hidden_};
    for (const auto& [slot, dims] : {std::pair{kB, Dims{1, 8 * hidden_}},
                                     {kInitialH, state},
                                     {kInitialC, state},
                                     {kPeepholes, Dims{1, 3 * hidden_}}}) {
      if (context_.has(slot)) {
        if (context_.inputs[slot].size() != (index_directions()) * product(dims))
          return input_error("input " + std::to_string(slot) + " is " + to_string(context_.inputs[slot].type()) +
                             ", expected " + std::to_string(product(dims)) + " elements per direction");
        inputs_[slot] = part(context_.inputs[slot], index_, dims);
      } else if (slot == kInitialH || slot == kInitialC) {
        PARE_ASSIGN(inputs_[slot], allocate(DType::float32, dims));
      }
    }
    lengths_.assign(static_cast<size_t>(batch_), steps_);
    if (!context_.has(kLengths)) return {};
    if (context_.inputs[kLengths].size() != batch_)
      return input_error("needs one sequence length per row of the batch");
    for (int64_t b = 0; b < batch_; ++b) {
      lengths_[b] = context_.inputs[kLengths].as_int(b);
      if (lengths_[b] < 0 || lengths_[b] > steps_)
        return input_error("a sequence length is " + std::to_string(lengths_[b]) + ", expected 0 to " +
                           std::to_string(steps_));
    }
    return {};
  }

  // Step t of every row; x is the quantized input. Hidden states go to `all` [steps, directions, batch, hidden].
  Result<void> advance(int64_t t, std::span<const float> x, std::span<float> all) {
    Tensor now(DType::float32, {1, batch_, input_});
    auto row = now.mutable_data<float>();
    for (int64_t b = 0; b < batch_; ++b)
      for (int64_t i = 0; i < input_; ++i) row[b * input_ + i] = x[(place(t, b) * batch_ + b) * input_ + i];
    std::vector<Tensor> inputs = inputs_, outputs(3);
    inputs[kX] = now;
    PARE_ASSIGN(inputs[kInitialH], through_bytes(inputs_[kInitialH]));
    KernelContext context{inputs, outputs};
    PARE_TRY(run(step_, context));
    const auto h = outputs[1].data<float>(), c = outputs[2].data<float>();
    auto state_h = inputs_[kInitialH].mutable_data<float>(), state_c = inputs_[kInitialC].mutable_data<float>();
    for (int64_t b = 0; b < batch_; ++b) {
      if (t >= lengths_[b]) continue;
      for (int64_t u = 0; u < hidden_; ++u) {
        const int64_t i = b * hidden_ + u;
        state_h[i] = h[i];
        state_c[i] = c[i];
        all[((place(t, b) * index_directions() + index_) * batch_ + b) * hidden_ + u] = h[i];
      }
    }
    return {};
  }

  const Tensor& hidden_state() const { return inputs_[kInitialH]; }
  const Tensor& cell_state() const { return inputs_[kInitialC]; }
  int64_t length(int64_t b) const { return lengths_[b]; }

 private:
  int64_t index_directions() const { return context_.inputs[kW].dims()[0]; }
  // Where step t of row b lies in the sequence: backwards within the row's own length.
  int64_t place(int64_t t, int64_t b) const { return reverse_ && t < lengths_[b] ? lengths_[b] - 1 - t : t; }

  const KernelContext& context_;
  int64_t index_;
  bool reverse_;
  int64_t steps_ = 0, batch_ = 0, input_ = 0, hidden_ = 0;
  LSTM step_;
  std::vector<Tensor> inputs_;  // of the next step; the initial states are those after the last one
  std::vector<int64_t> lengths_;
};

}  // namespace

Result<void> run(const DynamicQuantizeLSTM& op, KernelContext& context) {
  const Dims& x = context.inputs[kX].dims();
  const int64_t directions = context.inputs[kW].dims()[0], hidden = context.inputs[kR].dims()[1];
  PARE_ASSIGN(const Tensor input, through_bytes(context.inputs[kX]));
  PARE_ASSIGN(Tensor all, allocate(DType::float32, {x[0], directions, x[1], hidden}));
  PARE_ASSIGN(Tensor last_h, allocate(DType::float32, {directions, x[1], hidden}));
  Tensor last_c = last_h;
  const int64_t size = x[1] * hidden;
  for (int64_t index = 0; index < directions; ++index) {
    Direction direction(op, context, index);
    PARE_TRY(direction.prepare());
    for (int64_t t = 0; t < x[0]; ++t) PARE_TRY(direction.advance(t, input.data<float>(), all.mutable_data<float>()));
    for (int64_t i = 0; i < size; ++i) {
      const bool any = direction.length(i / hidden) > 0;
      last_h.mutable_data<float>()[index * size + i] = any ? direction.hidden_state().data<float>()[i] : 0;
      last_c.mutable_data<float>()[index * size + i] = any ? direction.cell_state().data<float>()[i] : 0;
    }
  }
  const std::array<Tensor*, 3> results{&all, &last_h, &last_c};
  for (size_t i = 0; i < context.outputs.size() && i < results.size(); ++i) context.outputs[i] = std::move(*results[i]);
  return {};
}

}  // namespace pare
