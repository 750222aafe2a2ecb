// Axis links of quantizers.
#include "graph/ops/quant.h"

namespace pare {
namespace {

// Scale and zero point: a vector along `axis`, or (blocked) a tensor with one element per block along it.
void link_parameters(LinkContext& context, int64_t axis, int64_t block_size) {
  link_same(context);
  int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 1) return;
  int along = static_cast<int>(axis < 0 ? axis + rank : axis);
  if (along < 0 || along >= rank) return;
  for (int slot = 1; slot <= 2; ++slot) {
    int parameter_rank = context.has(static_cast<size_t>(slot)) ? context.rank(AxisRef::Side::input, slot) : -1;
    if (block_size == 0) {
      if (parameter_rank != 1) continue;
      const Dim& dim = (*context.inputs[static_cast<size_t>(slot)].shape)[0];
      if (dim.same((*context.inputs[0].shape)[static_cast<size_t>(along)])) context.link(in(slot, 0), in(0, along));
    } else if (parameter_rank == rank) {
      for (int i = 0; i < rank; ++i) {
        if (i != along) context.link(in(slot, i), in(0, i));
      }
    }
  }
  if (block_size != 0) context.fix(in(0, along));
}

}  // namespace

void QuantizeLinear::links(LinkContext& context) const { link_parameters(context, axis, block_size); }

void DequantizeLinear::links(LinkContext& context) const { link_parameters(context, axis, block_size); }

// The scale comes from the extremes of all elements.
void DynamicQuantizeLinear::links(LinkContext& context) const {
  link_same(context);
  int rank = context.rank(AxisRef::Side::input, 0);
  for (int axis = 0; axis < rank; ++axis) context.fix(in(0, axis));
}

}  // namespace pare
