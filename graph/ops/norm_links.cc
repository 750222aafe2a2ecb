// Axis links of normalizations and reductions.
#include <algorithm>

#include "graph/ops/norm.h"

namespace pare {
namespace {

// A vector over axis 1 of input 0.
void link_channel_vector(LinkContext& context, int slot) {
  if (context.has(static_cast<size_t>(slot)) && context.rank(AxisRef::Side::input, slot) == 1) {
    context.link(in(slot, 0), in(0, 1));
  }
}

int wrap(int64_t axis, int rank) { return static_cast<int>(axis < 0 ? axis + rank : axis); }

// Links the axes that `reduced` does not name; the reduced ones are fixed.
void link_reduction(LinkContext& context, const std::vector<bool>& reduced, bool keepdims) {
  int out_axis = 0;
  int out_rank = context.rank(AxisRef::Side::output, 0);
  for (int axis = 0; axis < static_cast<int>(reduced.size()); ++axis) {
    if (reduced[static_cast<size_t>(axis)]) {
      context.fix(in(0, axis));
      out_axis += keepdims;
    } else {
      if (out_axis < out_rank) context.link(in(0, axis), out(0, out_axis));
      ++out_axis;
    }
  }
}

}  // namespace

void BatchNormalization::links(LinkContext& context) const {
  link_same(context);
  if (context.rank(AxisRef::Side::input, 0) < 2) return;
  for (int slot = 1; slot <= 4; ++slot) link_channel_vector(context, slot);
  for (int output = 1; output < static_cast<int>(context.outputs.size()); ++output) {
    if (context.rank(AxisRef::Side::output, output) == 1) context.link(in(0, 1), out(output, 0));
  }
}

// Statistics run over the spatial axes.
void InstanceNormalization::links(LinkContext& context) const {
  link_same(context);
  int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 2) return;
  link_channel_vector(context, 1);
  link_channel_vector(context, 2);
  for (int axis = 2; axis < rank; ++axis) context.fix(in(0, axis));
}

void LayerNormalization::links(LinkContext& context) const {
  link_same(context);
  int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 0) return;
  int first = std::clamp(wrap(axis, rank), 0, rank);
  for (int i = first; i < rank; ++i) context.fix(in(0, i));
  for (int slot = 1; slot <= 2; ++slot) {
    int vector_rank = context.has(static_cast<size_t>(slot)) ? context.rank(AxisRef::Side::input, slot) : -1;
    for (int i = 0; i < vector_rank && vector_rank <= rank; ++i) {
      const Dim& dim = (*context.inputs[static_cast<size_t>(slot)].shape)[static_cast<size_t>(i)];
      int target = i + rank - vector_rank;
      if (dim.same((*context.inputs[0].shape)[static_cast<size_t>(target)])) context.link(in(slot, i), in(0, target));
    }
  }
  for (int output = 1; output < static_cast<int>(context.outputs.size()); ++output) {
    if (context.rank(AxisRef::Side::output, output) != rank) continue;
    for (int i = 0; i < first; ++i) context.link(in(0, i), out(output, i));
  }
}

// Each channel is divided by a sum over its neighbours.
void LRN::links(LinkContext& context) const {
  link_same(context);
  if (context.rank(AxisRef::Side::input, 0) >= 2) context.fix(in(0, 1));
}

void Softmax::links(LinkContext& context) const {
  link_same(context);
  int rank = context.rank(AxisRef::Side::input, 0);
  int fixed = wrap(axis, rank);
  if (fixed >= 0 && fixed < rank) context.fix(in(0, fixed));
}

void Reduce::links(LinkContext& context) const {
  int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 0) return;
  const Tensor* axes = context.has(1) ? context.constants[1] : nullptr;
  if (context.has(1) && axes == nullptr) return;
  bool none_given = axes == nullptr || axes->size() == 0;
  std::vector<bool> reduced(static_cast<size_t>(rank), none_given && !noop_with_empty_axes);
  if (!none_given) {
    for (int64_t axis : axes->ints()) {
      int i = wrap(axis, rank);
      if (i >= 0 && i < rank) reduced[static_cast<size_t>(i)] = true;
    }
  }
  link_reduction(context, reduced, keepdims != 0);
}

void ArgReduce::links(LinkContext& context) const {
  int rank = context.rank(AxisRef::Side::input, 0);
  int reduced_axis = wrap(axis, rank);
  if (rank < 0 || reduced_axis < 0 || reduced_axis >= rank) return;
  std::vector<bool> reduced(static_cast<size_t>(rank), false);
  reduced[static_cast<size_t>(reduced_axis)] = true;
  link_reduction(context, reduced, keepdims != 0);
}

}  // namespace pare
