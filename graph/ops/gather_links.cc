// Axis links of operators that pick, place, sort or count elements.
#include <algorithm>

#include "graph/ops/gather.h"

namespace pare {
namespace {

constexpr auto kIn = AxisRef::Side::input;

int wrap(int64_t axis, int rank) { return static_cast<int>(axis < 0 ? axis + rank : axis); }

// The extent, or nothing where it is not a number.
const Dim* extent(const LinkContext& context, int slot, int axis) {
  const auto& shape = context.inputs[static_cast<size_t>(slot)].shape;
  return shape && axis < static_cast<int>(shape->size()) ? &(*shape)[static_cast<size_t>(axis)] : nullptr;
}

bool same_extent(const LinkContext& context, AxisRef a, AxisRef b) {
  const Dim* left = extent(context, a.slot, a.axis);
  const Dim* right = extent(context, b.slot, b.axis);
  return left && right && left->same(*right);
}

// Every axis of input 0 but `along` is itself in output 0.
void link_but(LinkContext& context, int64_t along) {
  const int rank = context.rank(kIn, 0);
  for (int axis = 0; axis < rank; ++axis)
    if (axis != wrap(along, rank)) context.link(in(0, axis), out(0, axis));
}

// The last extent of input 1, or -1.
int tuple_depth(const LinkContext& context) {
  const Dim* depth = extent(context, 1, context.rank(kIn, 1) - 1);
  return depth && depth->known() && depth->size <= context.rank(kIn, 0) ? static_cast<int>(depth->size) : -1;
}

}  // namespace

void GatherElements::links(LinkContext& context) const {
  const int rank = context.rank(kIn, 0);
  for (int i = 0; i < rank; ++i) {
    if (i == wrap(axis, rank) || !same_extent(context, in(0, i), in(1, i))) continue;
    context.link(in(0, i), out(0, i));
    context.link(in(1, i), out(0, i));
  }
}

void GatherND::links(LinkContext& context) const {
  const int rank = context.rank(kIn, 0), index_rank = context.rank(kIn, 1), depth = tuple_depth(context);
  if (rank < 0 || index_rank < 1 || depth < 0) return;
  const int batch = static_cast<int>(batch_dims);
  for (int i = 0; i < batch; ++i) context.link(in(0, i), out(0, i));
  for (int i = 0; i < index_rank - 1; ++i) context.link(in(1, i), out(0, i));
  for (int i = batch + depth; i < rank; ++i) context.link(in(0, i), out(0, i - batch - depth + index_rank - 1));
}

void ScatterElements::links(LinkContext& context) const {
  const int rank = context.rank(kIn, 0);
  for (int i = 0; i < rank; ++i) {
    if (i == wrap(axis, rank) || !same_extent(context, in(0, i), in(1, i))) continue;
    for (int slot = 0; slot < 3; ++slot) context.link(in(slot, i), out(0, i));
  }
}

void ScatterND::links(LinkContext& context) const {
  const int rank = context.rank(kIn, 0), index_rank = context.rank(kIn, 1), depth = tuple_depth(context);
  if (rank < 0 || index_rank < 1 || depth < 0) return;
  for (int i = depth; i < rank; ++i) {
    context.link(in(0, i), out(0, i));
    context.link(in(2, i - depth + index_rank - 1), out(0, i));
  }
  for (int i = 0; i < index_rank - 1; ++i) context.link(in(1, i), in(2, i));
}

void OneHot::links(LinkContext& context) const {
  const int rank = context.rank(kIn, 0);
  for (int i = 0; i < rank; ++i) context.link(in(0, i), out(0, i + (i >= wrap(axis, rank + 1) ? 1 : 0)));
}

void NonZero::links(LinkContext&) const {}

void TopK::links(LinkContext& context) const {
  const int rank = context.rank(kIn, 0);
  for (int i = 0; i < rank; ++i) {
    if (i == wrap(axis, rank)) continue;
    context.link(in(0, i), out(0, i));
    context.link(in(0, i), out(1, i));
  }
}

void Unique::links(LinkContext&) const {}

void Compress::links(LinkContext& context) const {
  if (axis) link_but(context, *axis);
}

void ReverseSequence::links(LinkContext& context) const {
  link_but(context, time_axis);
  context.link(in(1, 0), out(0, static_cast<int>(batch_axis)));
}

void NonMaxSuppression::links(LinkContext&) const {}

void Trilu::links(LinkContext& context) const {
  for (int i = 0; i < context.rank(kIn, 0) - 2; ++i) context.link(in(0, i), out(0, i));
}

void EyeLike::links(LinkContext&) const {}

void CenterCropPad::links(LinkContext& context) const {
  const int rank = context.rank(kIn, 0);
  for (int i = 0; !axes.empty() && i < rank; ++i)
    if (std::ranges::none_of(axes, [&](int64_t axis) { return wrap(axis, rank) == i; }))
      context.link(in(0, i), out(0, i));
}

}  // namespace pare
