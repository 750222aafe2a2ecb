// Axis links of the fused operators of transformers.
#include "graph/ops/conv.h"
#include "graph/ops/microsoft.h"

namespace pare {
namespace {

// Rows of the first axis, each by itself; the rest mixes.
void link_first_axis(LinkContext& context, std::initializer_list<int> inputs) {
  if (context.rank(AxisRef::Side::input, 0) < 1) return;
  for (const int slot : inputs) {
    if (context.has(static_cast<size_t>(slot)) && context.rank(AxisRef::Side::input, slot) > 0) {
      context.link(in(0, 0), in(slot, 0));
    }
  }
  if (context.rank(AxisRef::Side::output, 0) > 0) context.link(in(0, 0), out(0, 0));
}

Conv conv_of(const FusedConv& op) {
  Conv conv;
  conv.group = op.group;
  return conv;
}

}  // namespace

void FusedMatMul::links(LinkContext& context) const {
  if (!transA && !transB && !transBatchA && !transBatchB) MatMul{}.links(context);
}

void FusedGemm::links(LinkContext& context) const {
  Gemm gemm;
  gemm.transA = transA;
  gemm.transB = transB;
  gemm.links(context);
}

void FusedConv::links(LinkContext& context) const {
  conv_of(*this).links(context);
  const int rank = context.rank(AxisRef::Side::output, 0);
  if (!context.has(3) || context.rank(AxisRef::Side::input, 3) != rank) return;
  for (int axis = 0; axis < rank && axis < 2; ++axis) context.link(in(3, axis), out(0, axis));
}
void FusedConv::resize(ResizeContext& context) {
  Conv conv = conv_of(*this);
  conv.resize(context);
  group = conv.group;
}

void FusedGelu::links(LinkContext& context) const { link_broadcast(context); }

void SkipNormalization::links(LinkContext& context) const {
  const int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 1) return;
  link_same(context);
  context.fix(in(0, rank - 1));
  if (context.rank(AxisRef::Side::input, 1) == rank) {
    for (int axis = 0; axis < rank; ++axis) {
      const auto& own = (*context.inputs[1].shape)[static_cast<size_t>(axis)];
      if (own.same((*context.inputs[0].shape)[static_cast<size_t>(axis)])) context.link(in(1, axis), in(0, axis));
    }
  }
  for (int slot = 2; slot < static_cast<int>(context.inputs.size()); ++slot) {
    if (context.has(static_cast<size_t>(slot)) && context.rank(AxisRef::Side::input, slot) == 1) {
      context.link(in(slot, 0), in(0, rank - 1));
    }
  }
  if (context.outputs.size() > 3 && context.rank(AxisRef::Side::output, 3) == rank) link_same(context, 0, 3);
}

void SimplifiedLayerNormalization::links(LinkContext& context) const {
  const int rank = context.rank(AxisRef::Side::input, 0);
  link_same(context);
  for (int i = static_cast<int>(axis < 0 ? axis + rank : axis); i >= 0 && i < rank; ++i) context.fix(in(0, i));
  if (rank > 0 && context.rank(AxisRef::Side::input, 1) == 1) context.link(in(1, 0), in(0, rank - 1));
}

void EmbedLayerNormalization::links(LinkContext& context) const { link_first_axis(context, {}); }
void FusedAttention::links(LinkContext& context) const { link_first_axis(context, {}); }
void QAttention::links(LinkContext& context) const { link_first_axis(context, {}); }
void MultiHeadAttention::links(LinkContext& context) const { link_first_axis(context, {1, 2}); }
void GroupQueryAttention::links(LinkContext& context) const { link_first_axis(context, {1, 2}); }

void FusedRotaryEmbedding::links(LinkContext& context) const {
  link_same(context);
  for (int axis = 1; axis < context.rank(AxisRef::Side::input, 0); ++axis) context.fix(in(0, axis));
}

}  // namespace pare
