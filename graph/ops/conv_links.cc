// Axis links and resizing of convolutions and matrix products.
#include <algorithm>

#include "graph/ops/conv.h"

namespace pare {
namespace {

int input_rank(const LinkContext& context, int slot) {
  return context.has(static_cast<size_t>(slot)) ? context.rank(AxisRef::Side::input, slot) : -1;
}

// Extent of an axis, or -1.
int64_t extent(const LinkContext& context, int slot, int axis) {
  if (input_rank(context, slot) <= axis) return -1;
  return (*context.inputs[static_cast<size_t>(slot)].shape)[static_cast<size_t>(axis)].size;
}

// A vector over the output channels: bias, per-channel zero point. A single element broadcasts and stays unlinked.
void link_channel_vector(LinkContext& context, int slot, AxisRef channel) {
  if (input_rank(context, slot) == 1 && extent(context, slot, 0) != 1) context.link(in(slot, 0), channel);
}

// Conv and ConvInteger: X [N,C,...], W [M,C/group,...] -> Y [N,M,...].
void link_convolution(LinkContext& context, int64_t group) {
  if (input_rank(context, 0) < 2 || input_rank(context, 1) < 2 || context.rank(AxisRef::Side::output, 0) < 2) return;
  context.link(in(0, 0), out(0, 0));
  int64_t outputs = extent(context, 1, 0), inner = extent(context, 1, 1);
  if (group == 1) {
    context.link(in(1, 1), in(0, 1));
  } else if (inner == 1 && outputs > 0) {
    context.link(in(0, 1), in(1, 0), {.repeat = std::max<int64_t>(1, outputs / group)});
  } else if (inner > 1 && outputs > 0) {
    context.link(in(1, 1), in(0, 1), {.modulo = inner});
    context.link(in(1, 0), in(1, 0), {.modulo = std::max<int64_t>(1, outputs / group)});
  } else {
    return;
  }
  context.link(in(1, 0), out(0, 1));
}

// Depthwise: the groups are the channels.
void resize_group(int64_t& group, ResizeContext& context) {
  if (group == 1 || context.old_size(in(1, 1)) != 1) return;
  if (const std::vector<int64_t>* kept = context.kept(in(0, 1))) group = static_cast<int64_t>(kept->size());
}

// The contraction axis and the row and column axes of a matrix product, operands of slots 0 and 1.
void link_matrix_product(LinkContext& context) {
  int a_rank = input_rank(context, 0), b_rank = input_rank(context, 1);
  int out_rank = context.rank(AxisRef::Side::output, 0);
  if (a_rank < 1 || b_rank < 1 || out_rank < 0) return;
  int a_inner = a_rank - 1, b_inner = b_rank == 1 ? 0 : b_rank - 2;
  context.link(in(1, b_inner), in(0, a_inner));
  int out_column = b_rank >= 2 ? out_rank - 1 : -1;
  int out_row = a_rank >= 2 ? (b_rank >= 2 ? out_rank - 2 : out_rank - 1) : -1;
  if (out_column >= 0) context.link(in(1, b_rank - 1), out(0, out_column));
  if (out_row >= 0) context.link(in(0, a_rank - 2), out(0, out_row));
  int out_batch = out_rank - (a_rank >= 2) - (b_rank >= 2);
  for (int slot = 0; slot < 2; ++slot) {
    int rank = slot == 0 ? a_rank : b_rank;
    for (int axis = 0; axis < rank - 2; ++axis) {
      int out_axis = out_batch - (rank - 2) + axis;
      if (out_axis < 0) continue;
      const Dim& dim = (*context.inputs[static_cast<size_t>(slot)].shape)[static_cast<size_t>(axis)];
      const Dim& out_dim = (*context.outputs[0].shape)[static_cast<size_t>(out_axis)];
      if (dim.same(out_dim)) context.link(in(slot, axis), out(0, out_axis));
    }
  }
}

}  // namespace

void Conv::links(LinkContext& context) const {
  link_convolution(context, group);
  link_channel_vector(context, 2, out(0, 1));
}
void Conv::resize(ResizeContext& context) { resize_group(group, context); }

void ConvInteger::links(LinkContext& context) const {
  link_convolution(context, group);
  link_channel_vector(context, 3, out(0, 1));
}
void ConvInteger::resize(ResizeContext& context) { resize_group(group, context); }

// W [C,M/group,...]: output channel m of group g is W axis 1 at m - g * (M/group).
void ConvTranspose::links(LinkContext& context) const {
  if (input_rank(context, 0) < 2 || input_rank(context, 1) < 2 || context.rank(AxisRef::Side::output, 0) < 2) return;
  context.link(in(0, 0), out(0, 0));
  context.link(in(1, 0), in(0, 1));
  int64_t inputs = extent(context, 1, 0), inner = extent(context, 1, 1);
  if (group == 1) {
    context.link(in(1, 1), out(0, 1));
  } else if (inner == 1 && inputs == group) {
    context.link(in(1, 0), out(0, 1));
  } else if (inner > 1 && inputs > 0) {
    context.link(in(1, 1), out(0, 1), {.modulo = inner});
    context.link(in(1, 0), in(1, 0), {.modulo = std::max<int64_t>(1, inputs / group)});
  }
  link_channel_vector(context, 2, out(0, 1));
}
void ConvTranspose::resize(ResizeContext& context) {
  if (group == 1 || context.old_size(in(1, 1)) != 1 || context.old_size(in(1, 0)) != group) return;
  if (const std::vector<int64_t>* kept = context.kept(in(0, 1))) group = static_cast<int64_t>(kept->size());
}

void Gemm::links(LinkContext& context) const {
  if (input_rank(context, 0) != 2 || input_rank(context, 1) != 2 || context.rank(AxisRef::Side::output, 0) != 2) return;
  int row = transA ? 1 : 0, column = transB ? 0 : 1;
  context.link(in(0, row), out(0, 0));
  context.link(in(1, column), out(0, 1));
  context.link(in(1, 1 - column), in(0, 1 - row));
  int rank = input_rank(context, 2);
  for (int axis = 0; axis < rank; ++axis) {
    int out_axis = axis + 2 - rank;
    if (out_axis < 0) continue;
    const Dim& dim = (*context.inputs[2].shape)[static_cast<size_t>(axis)];
    if (dim.same((*context.outputs[0].shape)[static_cast<size_t>(out_axis)])) context.link(in(2, axis), out(0, out_axis));
  }
}

void MatMul::links(LinkContext& context) const { link_matrix_product(context); }

void MatMulInteger::links(LinkContext& context) const {
  link_matrix_product(context);
  int a_rank = input_rank(context, 0), b_rank = input_rank(context, 1);
  if (a_rank >= 2) link_channel_vector(context, 2, in(0, a_rank - 2));
  if (b_rank >= 2) link_channel_vector(context, 3, in(1, b_rank - 1));
}

}  // namespace pare
