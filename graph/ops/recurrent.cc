// Inference and axis links of LSTM, GRU and RNN.
#include "graph/ops/recurrent.h"

#include "graph/ops/infer_util.h"
#include "graph/ops/recurrent_gates.h"

namespace pare {
namespace {

enum Slot : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

// Extents that the operands describe together.
struct Extents {
  Dim sequence, batch, input, hidden;
};

// The extent of an axis of input `slot` is `extent`, which learns from it.
Result<void> meet(const InferContext& context, size_t slot, size_t axis, Dim& extent, std::string_view what) {
  if (!context.has(slot) || !context.shape(slot)) return {};
  PARE_ASSIGN(extent, unify(extent, (*context.shape(slot))[axis], what));
  return {};
}

// The axis holds `count` blocks of hidden elements.
Result<void> meet_blocks(const InferContext& context, size_t slot, size_t axis, int64_t count, Dim& hidden,
                         std::string_view name) {
  if (!context.has(slot) || !context.shape(slot)) return {};
  const Dim& dim = (*context.shape(slot))[axis];
  if (!dim.known()) return {};
  if (dim.size % count != 0 || (hidden.known() && dim.size / count != hidden.size)) {
    return input_error(std::string(name) + " has " + std::to_string(dim.size) + " elements along axis " +
                       std::to_string(axis) + ", expected " + std::to_string(count) + " for each hidden unit" +
                       (hidden.known() ? ", of which there are " + std::to_string(hidden.size) : ""));
  }
  hidden = Dim(dim.size / count);
  return {};
}

Result<void> check_operands(const InferContext& context) {
  constexpr std::array<std::string_view, 8> names{"X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"};
  constexpr std::array<size_t, 8> ranks{3, 3, 3, 2, 1, 3, 3, 2};
  for (size_t i = 0; i < context.inputs.size() && i < names.size(); ++i) {
    PARE_TRY(need_rank(context, i, names[i], ranks[i], ranks[i]));
    if (i == kLengths) {
      PARE_TRY(need_dtype(context, i, names[i], {DType::int32}));
    } else {
      PARE_TRY(need_float(context, i, names[i]));
      PARE_TRY(need_same_dtype(context, {kX, i}));
    }
  }
  return {};
}

Result<Extents> extents_of(const InferContext& context, const Recurrence& net, std::optional<int64_t> hidden_size) {
  Extents e;
  if (hidden_size) {
    if (*hidden_size < 1 || *hidden_size > INT32_MAX) {
      return input_error("hidden_size is " + std::to_string(*hidden_size) + ", expected 1 or more");
    }
    e.hidden = Dim(*hidden_size);
  }
  const size_t batch_axis = net.batch_first ? 0 : 1;  // of X and of states
  PARE_TRY(meet(context, kX, 1 - batch_axis, e.sequence, "sequence lengths"));
  PARE_TRY(meet(context, kX, batch_axis, e.batch, "batch sizes"));
  PARE_TRY(meet(context, kX, 2, e.input, "input sizes of X and W"));
  PARE_TRY(meet(context, kW, 2, e.input, "input sizes of X and W"));
  PARE_TRY(meet(context, kR, 2, e.hidden, "hidden units of the operands"));
  PARE_TRY(meet(context, kLengths, 0, e.batch, "batch sizes of X and sequence_lens"));
  Dim directions(net.directions());
  for (const size_t slot : {kW, kR, kB, kPeepholes}) PARE_TRY(meet(context, slot, 0, directions, "directions"));
  for (const size_t slot : {kInitialH, kInitialC}) {
    PARE_TRY(meet(context, slot, 2, e.hidden, "hidden units of the operands"));
    PARE_TRY(meet(context, slot, batch_axis, e.batch, "batch sizes of X and the initial state"));
    PARE_TRY(meet(context, slot, 1 - batch_axis, directions, "directions"));
  }
  PARE_TRY(meet_blocks(context, kW, 1, net.gates, e.hidden, "W"));
  PARE_TRY(meet_blocks(context, kR, 1, net.gates, e.hidden, "R"));
  PARE_TRY(meet_blocks(context, kB, 1, 2 * net.gates, e.hidden, "B"));
  PARE_TRY(meet_blocks(context, kPeepholes, 1, 3, e.hidden, "P"));
  return e;
}

template <class O>
Result<void> infer_recurrent(const O& op, InferContext& context) {
  PARE_ASSIGN(const Recurrence net, recurrence(op));
  PARE_TRY(check_operands(context));
  PARE_ASSIGN(const Extents e, extents_of(context, net, op.hidden_size));
  const Dim directions(net.directions());
  context.set(0, context.type(0).dtype,
              net.batch_first ? Shape{e.batch, e.sequence, directions, e.hidden}
                              : Shape{e.sequence, directions, e.batch, e.hidden});
  for (size_t i = 1; i < context.outputs.size(); ++i) {
    context.set(i, context.type(0).dtype,
                net.batch_first ? Shape{e.batch, directions, e.hidden} : Shape{directions, e.batch, e.hidden});
  }
  return {};
}

bool present(const LinkContext& context, size_t slot) {
  return context.has(slot) && context.rank(AxisRef::Side::input, static_cast<int>(slot)) >= 0;
}

// A hidden unit is one row of every gate's block and one column of R, in both directions at once. Steps depend on each
// other, and the attributes count directions.
void link_recurrent(LinkContext& context, int64_t layout) {
  for (const size_t slot : {kX, kW, kR}) {
    if (context.rank(AxisRef::Side::input, static_cast<int>(slot)) != 3) return;
  }
  const int batch = layout == 1 ? 0 : 1;
  context.link(in(kW, 2), in(kX, 2));
  context.fix(in(kX, 1 - batch));
  const Dim& hidden = (*context.inputs[kR].shape)[2];
  if (!hidden.known() || hidden.size < 1) return;
  const AxisRef unit = in(kR, 2);
  const IndexMap blocks{.modulo = hidden.size};
  context.link(unit, in(kW, 1), blocks);
  context.link(unit, in(kR, 1), blocks);
  if (present(context, kB)) context.link(unit, in(kB, 1), blocks);
  if (present(context, kPeepholes)) context.link(unit, in(kPeepholes, 1), blocks);
  if (present(context, kLengths)) context.link(in(kX, batch), in(kLengths, 0));
  for (const size_t slot : {kW, kR, kB, kPeepholes}) {
    if (present(context, slot)) context.fix(in(static_cast<int>(slot), 0));
  }
  for (const size_t slot : {kInitialH, kInitialC}) {
    if (!present(context, slot)) continue;
    context.link(unit, in(static_cast<int>(slot), 2));
    context.link(in(kX, batch), in(static_cast<int>(slot), batch));
  }
  for (int i = 0; i < static_cast<int>(context.outputs.size()); ++i) {
    const int rank = context.rank(AxisRef::Side::output, i);
    if (rank != (i == 0 ? 4 : 3)) continue;
    context.link(unit, out(i, rank - 1));
    context.link(in(kX, batch), out(i, layout == 1 ? 0 : rank - 2));
  }
}

void resize_hidden(std::optional<int64_t>& hidden_size, ResizeContext& context) {
  const std::vector<int64_t>* kept = context.kept(in(kR, 2));
  if (hidden_size && kept) hidden_size = static_cast<int64_t>(kept->size());
}

}  // namespace

Result<void> LSTM::infer(InferContext& context) const { return infer_recurrent(*this, context); }
Result<void> GRU::infer(InferContext& context) const { return infer_recurrent(*this, context); }
Result<void> RNN::infer(InferContext& context) const { return infer_recurrent(*this, context); }

void LSTM::links(LinkContext& context) const { link_recurrent(context, layout); }
void GRU::links(LinkContext& context) const { link_recurrent(context, layout); }
void RNN::links(LinkContext& context) const { link_recurrent(context, layout); }

void LSTM::resize(ResizeContext& context) { resize_hidden(hidden_size, context); }
void GRU::resize(ResizeContext& context) { resize_hidden(hidden_size, context); }
void RNN::resize(ResizeContext& context) { resize_hidden(hidden_size, context); }

}  // namespace pare
