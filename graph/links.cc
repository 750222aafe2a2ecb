#include "graph/links.h"

#include <algorithm>

#include "graph/op.h"

namespace pare {

int64_t IndexMap::source(int64_t target, int64_t source_size) const {
  int64_t numerator = target * step + offset;
  if (numerator < 0) return -1;
  int64_t index = numerator / repeat;
  if (modulo > 0) index %= modulo;
  return index < source_size ? index : -1;
}

int LinkContext::rank(AxisRef::Side side, int slot) const {
  const std::vector<Type>& types = side == AxisRef::Side::input ? inputs : outputs;
  if (slot < 0 || static_cast<size_t>(slot) >= types.size()) return -1;
  const Type& type = types[static_cast<size_t>(slot)];
  return type.shape ? static_cast<int>(type.shape->size()) : -1;
}

void link_same(LinkContext& context, int input, int output) {
  int rank = context.rank(AxisRef::Side::input, input);
  if (rank < 0 || context.rank(AxisRef::Side::output, output) != rank) return;
  for (int axis = 0; axis < rank; ++axis) context.link(in(input, axis), out(output, axis));
}

void link_broadcast(LinkContext& context) {
  int out_rank = context.rank(AxisRef::Side::output, 0);
  if (out_rank < 0) return;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    int slot = static_cast<int>(i);
    int rank = context.has(i) ? context.rank(AxisRef::Side::input, slot) : -1;
    for (int axis = 0; axis < rank; ++axis) {
      int out_axis = axis + out_rank - rank;
      if (out_axis < 0) continue;
      const Dim& dim = (*context.inputs[i].shape)[static_cast<size_t>(axis)];
      const Dim& out_dim = (*context.outputs[0].shape)[static_cast<size_t>(out_axis)];
      if (dim.same(out_dim)) context.link(in(slot, axis), out(0, out_axis));
    }
  }
}

namespace {

struct AxisRange {
  int begin, end;
};

int64_t product(const Shape& shape, AxisRange range) {
  int64_t total = 1;
  for (int axis = range.begin; axis < range.end; ++axis) total *= shape[static_cast<size_t>(axis)].size;
  return total;
}

std::vector<int> wide_axes(const Shape& shape, AxisRange range) {
  std::vector<int> axes;
  for (int axis = range.begin; axis < range.end; ++axis) {
    if (shape[static_cast<size_t>(axis)].size != 1) axes.push_back(axis);
  }
  return axes;
}

// Links two runs of axes that hold the same elements. Where several axes stand against one, the outermost of them is
// linked, every element of it being a block of the merged axis; linking the inner ones as well would tie all elements.
void link_run(LinkContext& context, AxisRange from, AxisRange to) {
  const Shape& shape = *context.inputs[0].shape;
  const Shape& out_shape = *context.outputs[0].shape;
  std::vector<int> wide = wide_axes(shape, from), out_wide = wide_axes(out_shape, to);
  if (wide.size() == 1 && out_wide.size() == 1) {
    context.link(in(0, wide[0]), out(0, out_wide[0]));
  } else if (out_wide.size() == 1 && wide.size() > 1) {
    int64_t block = product(shape, {wide[0] + 1, from.end});
    context.link(in(0, wide[0]), out(0, out_wide[0]), {.repeat = block});
  } else if (wide.size() == 1 && out_wide.size() > 1) {
    int64_t block = product(out_shape, {out_wide[0] + 1, to.end});
    context.link(out(0, out_wide[0]), in(0, wide[0]), {.repeat = block});
  }
}

// Takes the shortest run of known axes on each side (from the front, or with `backward` from the back) whose products
// agree, and links it. False when nothing more can be matched.
bool match_run(LinkContext& context, AxisRange& left, AxisRange& right, bool backward) {
  const Shape& shape = *context.inputs[0].shape;
  const Shape& out_shape = *context.outputs[0].shape;
  if (left.begin == left.end || right.begin == right.end) return false;
  auto at = [backward](AxisRange range, int taken) { return backward ? range.end - 1 - taken : range.begin + taken; };
  int taken_left = 1, taken_right = 1;
  const Dim& first = shape[static_cast<size_t>(at(left, 0))];
  const Dim& second = out_shape[static_cast<size_t>(at(right, 0))];
  bool same = first.same(second);
  if (!same) {
    if (!first.known() || !second.known()) return false;
    int64_t size = first.size, out_size = second.size;
    while (size != out_size) {
      bool grow_left = size < out_size;
      const Shape& grown = grow_left ? shape : out_shape;
      int& taken = grow_left ? taken_left : taken_right;
      AxisRange range = grow_left ? left : right;
      if (taken == range.end - range.begin) return false;
      const Dim& next = grown[static_cast<size_t>(at(range, taken))];
      if (!next.known() || next.size == 0) return false;
      (grow_left ? size : out_size) *= next.size;
      ++taken;
    }
  }
  auto take = [backward](AxisRange& range, int taken) {
    AxisRange run = backward ? AxisRange{range.end - taken, range.end} : AxisRange{range.begin, range.begin + taken};
    (backward ? range.end : range.begin) += backward ? -taken : taken;
    return run;
  };
  AxisRange run = take(left, taken_left), out_run = take(right, taken_right);
  if (same) {
    context.link(in(0, run.begin), out(0, out_run.begin));
  } else {
    link_run(context, run, out_run);
  }
  return true;
}

}  // namespace

void link_reshape(LinkContext& context) {
  int rank = context.rank(AxisRef::Side::input, 0), out_rank = context.rank(AxisRef::Side::output, 0);
  if (rank < 0 || out_rank < 0) return;
  auto empty = [](const Dim& dim) { return dim.size == 0; };
  if (std::ranges::any_of(*context.inputs[0].shape, empty) || std::ranges::any_of(*context.outputs[0].shape, empty)) {
    return;
  }
  AxisRange left{0, rank}, right{0, out_rank};
  while (match_run(context, left, right, false)) {
  }
  while (match_run(context, left, right, true)) {
  }
}

// Nothing is known of what it does, so every axis stays as it is.
void Opaque::links(LinkContext&) const {}

}  // namespace pare
