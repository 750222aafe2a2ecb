// Axis links and resizing of operators that move elements or look at shapes.
#include <algorithm>
#include <cstdlib>
#include <limits>

#include "graph/ops/shape.h"

namespace pare {
namespace {

int wrap(int64_t axis, int rank) { return static_cast<int>(axis < 0 ? axis + rank : axis); }

const Shape* known_shape(const LinkContext& context, int slot) {
  if (!context.has(static_cast<size_t>(slot))) return nullptr;
  const Type& type = context.inputs[static_cast<size_t>(slot)];
  return type.shape ? &*type.shape : nullptr;
}

const Tensor* constant(const LinkContext& context, size_t slot) {
  return context.has(slot) ? context.constants[slot] : nullptr;
}

// Which output axis each input axis becomes when `dropped` axes go (Squeeze), all in order.
void link_in_order(LinkContext& context, const std::vector<int>& kept_inputs, const std::vector<int>& kept_outputs) {
  for (size_t i = 0; i < kept_inputs.size() && i < kept_outputs.size(); ++i) {
    context.link(in(0, kept_inputs[i]), out(0, kept_outputs[i]));
  }
}

// All axes of `rank` but those of `axes` (counted from the back where negative).
std::vector<int> axes_without(const std::vector<int64_t>& axes, int rank) {
  std::vector<int> rest;
  for (int axis = 0; axis < rank; ++axis) {
    bool named = std::ranges::any_of(axes, [&](int64_t other) { return wrap(other, rank) == axis; });
    if (!named) rest.push_back(axis);
  }
  return rest;
}

int64_t kept_below(const std::vector<int64_t>& kept, int64_t bound) {
  return std::ranges::lower_bound(kept, bound) - kept.begin();
}

// What Slice does along one axis, with begin and end brought into range as the specification says.
struct Bounds {
  int64_t start, end, step;
};
Bounds clamp_bounds(int64_t start, int64_t end, int64_t step, int64_t size) {
  if (start < 0) start += size;
  if (end < 0 && end >= -size) end += size;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, size);
    end = std::clamp<int64_t>(end, 0, size);
  } else {
    start = std::clamp<int64_t>(start, 0, size - 1);
    end = end < -1 ? -1 : std::clamp<int64_t>(end, -1, size - 1);
  }
  return {start, end, step};
}

}  // namespace

void Reshape::links(LinkContext& context) const { link_reshape(context); }

void Reshape::resize(ResizeContext& context) {
  const Tensor* shape = context.constant(1);
  if (shape == nullptr) return;
  Tensor mended = *shape;
  for (int64_t i = 0; i < mended.size(); ++i) {
    const std::vector<int64_t>* kept = context.kept(out(0, static_cast<int>(i)));
    if (kept != nullptr && mended.as_int(i) != -1) mended.set_double(i, static_cast<double>(kept->size()));
  }
  if (!(mended == *shape)) context.set_constant(1, std::move(mended));
}

void Flatten::links(LinkContext& context) const { link_reshape(context); }

void Squeeze::links(LinkContext& context) const {
  int rank = context.rank(AxisRef::Side::input, 0), out_rank = context.rank(AxisRef::Side::output, 0);
  if (rank < 0 || out_rank < 0) return;
  std::vector<int64_t> axes;
  if (const Tensor* given = constant(context, 1)) {
    axes = given->ints();
  } else if (context.has(1)) {
    return;
  } else {
    const Shape& shape = *known_shape(context, 0);
    for (int axis = 0; axis < rank; ++axis) {
      if (shape[static_cast<size_t>(axis)].size == 1) axes.push_back(axis);
    }
  }
  if (static_cast<int>(axes.size()) != rank - out_rank) return;
  link_in_order(context, axes_without(axes, rank), axes_without({}, out_rank));
}

void Unsqueeze::links(LinkContext& context) const {
  int rank = context.rank(AxisRef::Side::input, 0), out_rank = context.rank(AxisRef::Side::output, 0);
  const Tensor* axes = constant(context, 1);
  if (rank < 0 || out_rank < 0 || axes == nullptr || axes->size() != out_rank - rank) return;
  link_in_order(context, axes_without({}, rank), axes_without(axes->ints(), out_rank));
}

void Transpose::links(LinkContext& context) const {
  int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 0 || context.rank(AxisRef::Side::output, 0) != rank) return;
  for (int axis = 0; axis < rank; ++axis) {
    int source = perm.empty() ? rank - 1 - axis : static_cast<int>(perm[static_cast<size_t>(axis)]);
    context.link(in(0, source), out(0, axis));
  }
}

// The parts along `axis` start where the sizes before them end, as far as those are known.
void Concat::links(LinkContext& context) const {
  int rank = context.rank(AxisRef::Side::output, 0);
  int along = wrap(axis, rank);
  if (rank < 1 || along < 0 || along >= rank) return;
  int64_t begin = 0;
  for (int slot = 0; slot < static_cast<int>(context.inputs.size()); ++slot) {
    const Shape* shape = known_shape(context, slot);
    if (shape == nullptr || static_cast<int>(shape->size()) != rank) {
      begin = -1;
      continue;
    }
    for (int i = 0; i < rank; ++i) {
      if (i != along) context.link(in(slot, i), out(0, i));
    }
    const Dim& dim = (*shape)[static_cast<size_t>(along)];
    if (begin >= 0 && dim.known()) {
      context.link(in(slot, along), out(0, along), {.offset = -begin});
      begin += dim.size;
    } else {
      begin = -1;
    }
  }
  if (begin < 0) context.fix(out(0, along));
}

void Split::links(LinkContext& context) const {
  int rank = context.rank(AxisRef::Side::input, 0);
  int along = wrap(axis, rank);
  if (rank < 1 || along < 0 || along >= rank) return;
  int64_t begin = 0;
  for (int slot = 0; slot < static_cast<int>(context.outputs.size()); ++slot) {
    if (context.rank(AxisRef::Side::output, slot) != rank) {
      begin = -1;
      continue;
    }
    for (int i = 0; i < rank; ++i) {
      if (i != along) context.link(in(0, i), out(slot, i));
    }
    const Dim& dim = (*context.outputs[static_cast<size_t>(slot)].shape)[static_cast<size_t>(along)];
    if (begin >= 0 && dim.known()) {
      context.link(in(0, along), out(slot, along), {.offset = begin});
      begin += dim.size;
    } else {
      begin = -1;
    }
  }
  // Without a sizes input the parts are computed from the extent.
  if (begin < 0 || constant(context, 1) == nullptr) context.fix(in(0, along));
}

void Split::resize(ResizeContext& context) {
  const Tensor* sizes = context.constant(1);
  if (sizes == nullptr) return;
  Tensor mended = *sizes;
  for (int64_t i = 0; i < mended.size(); ++i) {
    int slot = static_cast<int>(i);
    int along = wrap(axis, context.rank(AxisRef::Side::input, 0));
    if (along < 0) continue;
    if (const auto* kept = context.kept(out(slot, along))) mended.set_double(i, static_cast<double>(kept->size()));
  }
  if (!(mended == *sizes)) context.set_constant(1, std::move(mended));
}

void Slice::links(LinkContext& context) const {
  const Shape* shape = known_shape(context, 0);
  const Tensor* starts = constant(context, 1);
  const Tensor* ends = constant(context, 2);
  const Tensor* axes = constant(context, 3);
  const Tensor* steps = constant(context, 4);
  if (shape == nullptr || context.rank(AxisRef::Side::output, 0) != static_cast<int>(shape->size())) return;
  if (context.has(3) && axes == nullptr) return;
  int rank = static_cast<int>(shape->size());
  std::vector<bool> sliced(shape->size(), false);
  int64_t count = axes != nullptr          ? axes->size()
                  : starts != nullptr      ? starts->size()
                  : known_shape(context, 1) ? std::max<int64_t>(0, known_shape(context, 1)->at(0).size)
                                            : rank;
  for (int64_t i = 0; i < count; ++i) {
    int axis = axes != nullptr ? wrap(axes->as_int(i), rank) : static_cast<int>(i);
    if (axis < 0 || axis >= rank) continue;
    sliced[static_cast<size_t>(axis)] = true;
    const Dim& dim = (*shape)[static_cast<size_t>(axis)];
    bool constant_bounds = starts != nullptr && ends != nullptr && (steps != nullptr || !context.has(4));
    if (!constant_bounds || !dim.known()) continue;
    int64_t step = steps != nullptr ? steps->as_int(i) : 1;
    Bounds bounds = clamp_bounds(starts->as_int(i), ends->as_int(i), step, dim.size);
    context.link(in(0, axis), out(0, axis), {.step = step, .offset = bounds.start});
    if (std::abs(step) != 1) context.fix(in(0, axis));  // what survives need not be evenly spaced
  }
  for (int axis = 0; axis < rank; ++axis) {
    if (!sliced[static_cast<size_t>(axis)]) context.link(in(0, axis), out(0, axis));
  }
}

// Bounds in terms of the elements that are left. Only steps of 1 and -1 lose any (see links).
void Slice::resize(ResizeContext& context) {
  const Tensor* starts = context.constant(1);
  const Tensor* ends = context.constant(2);
  const Tensor* axes = context.constant(3);
  const Tensor* steps = context.constant(4);
  if (starts == nullptr || ends == nullptr) return;
  int rank = context.rank(AxisRef::Side::input, 0);
  Tensor new_starts = *starts, new_ends = *ends;
  for (int64_t i = 0; i < starts->size(); ++i) {
    int axis = axes != nullptr ? wrap(axes->as_int(i), rank) : static_cast<int>(i);
    if (axis < 0) continue;
    const std::vector<int64_t>* kept = context.kept(in(0, axis));
    if (kept == nullptr) continue;
    int64_t size = context.old_size(in(0, axis));
    int64_t step = steps != nullptr ? steps->as_int(i) : 1;
    Bounds bounds = clamp_bounds(starts->as_int(i), ends->as_int(i), step, size);
    if (step > 0) {
      new_starts.set_double(i, static_cast<double>(kept_below(*kept, bounds.start)));
      new_ends.set_double(i, static_cast<double>(kept_below(*kept, bounds.end)));
    } else {
      int64_t start = kept_below(*kept, bounds.start + 1) - 1, end = kept_below(*kept, bounds.end + 1) - 1;
      // An end before the first element cannot be written as -1, which means the last one.
      int64_t lowest = std::numeric_limits<int32_t>::min();
      new_starts.set_double(i, static_cast<double>(start));
      new_ends.set_double(i, static_cast<double>(end < 0 ? lowest : end));
    }
  }
  bool starts_changed = !(new_starts == *starts), ends_changed = !(new_ends == *ends);
  if (starts_changed) context.set_constant(1, std::move(new_starts));  // constants read before are void now
  if (ends_changed) context.set_constant(2, std::move(new_ends));
}

// Elements of the border have no source: they may go one by one.
void Pad::links(LinkContext& context) const {
  const Shape* shape = known_shape(context, 0);
  const Tensor* pads = constant(context, 1);
  if (shape == nullptr || context.rank(AxisRef::Side::output, 0) != static_cast<int>(shape->size())) return;
  if (context.has(3) && constant(context, 3) == nullptr) return;
  int rank = static_cast<int>(shape->size());
  const Tensor* axes = constant(context, 3);
  int64_t count = axes != nullptr ? axes->size() : rank;
  std::vector<bool> padded(shape->size(), false);
  for (int64_t i = 0; i < count; ++i) {
    int axis = axes != nullptr ? wrap(axes->as_int(i), rank) : static_cast<int>(i);
    if (axis < 0 || axis >= rank) continue;
    padded[static_cast<size_t>(axis)] = true;
    if (pads == nullptr || pads->size() != 2 * count) continue;
    int64_t before = pads->as_int(i), after = pads->as_int(i + count);
    context.link(in(0, axis), out(0, axis), {.offset = -before});
    if (mode != "constant" && (before != 0 || after != 0)) {
      context.fix(in(0, axis));
      context.fix(out(0, axis));  // the border repeats elements
    }
  }
  for (int axis = 0; axis < rank; ++axis) {
    if (!padded[static_cast<size_t>(axis)]) context.link(in(0, axis), out(0, axis));
  }
}

void Pad::resize(ResizeContext& context) {
  const Tensor* pads = context.constant(1);
  const Tensor* axes = context.constant(3);
  if (pads == nullptr) return;
  int rank = context.rank(AxisRef::Side::input, 0);
  Tensor mended = *pads;
  int64_t count = pads->size() / 2;
  for (int64_t i = 0; i < count; ++i) {
    int axis = axes != nullptr ? wrap(axes->as_int(i), rank) : static_cast<int>(i);
    if (axis < 0) continue;
    int64_t before = pads->as_int(i), after = pads->as_int(i + count), size = context.old_size(in(0, axis));
    const std::vector<int64_t>* kept = context.kept(in(0, axis));
    const std::vector<int64_t>* kept_out = context.kept(out(0, axis));
    // Positive amounts count elements of the output, negative ones elements of the input.
    if (before > 0 && kept_out != nullptr) mended.set_double(i, static_cast<double>(kept_below(*kept_out, before)));
    if (before < 0 && kept != nullptr) mended.set_double(i, -static_cast<double>(kept_below(*kept, -before)));
    if (after > 0 && kept_out != nullptr) {
      int64_t tail = static_cast<int64_t>(kept_out->size()) - kept_below(*kept_out, before + size);
      mended.set_double(i + count, static_cast<double>(tail));
    }
    if (after < 0 && kept != nullptr) {
      int64_t tail = static_cast<int64_t>(kept->size()) - kept_below(*kept, size + after);
      mended.set_double(i + count, -static_cast<double>(tail));
    }
  }
  if (!(mended == *pads)) context.set_constant(1, std::move(mended));
}

// The indices stand for elements of the gathered axis, which therefore is in no link.
void Gather::links(LinkContext& context) const {
  int rank = context.rank(AxisRef::Side::input, 0), index_rank = context.rank(AxisRef::Side::input, 1);
  int along = wrap(axis, rank);
  if (rank < 1 || index_rank < 0 || along < 0 || along >= rank) return;
  if (context.rank(AxisRef::Side::output, 0) != rank - 1 + index_rank) return;
  for (int i = 0; i < rank; ++i) {
    if (i != along) context.link(in(0, i), out(0, i < along ? i : i - 1 + index_rank));
  }
  for (int i = 0; i < index_rank; ++i) context.link(in(1, i), out(0, along + i));
}

// Axes that are repeated appear in no link; a target extent that repeats nothing is mended by resize.
void Expand::links(LinkContext& context) const {
  const Shape* shape = known_shape(context, 0);
  int out_rank = context.rank(AxisRef::Side::output, 0);
  if (shape == nullptr || out_rank < static_cast<int>(shape->size())) return;
  int shift = out_rank - static_cast<int>(shape->size());
  for (int axis = 0; axis < static_cast<int>(shape->size()); ++axis) {
    const Dim& out_dim = (*context.outputs[0].shape)[static_cast<size_t>(axis + shift)];
    if ((*shape)[static_cast<size_t>(axis)].same(out_dim)) context.link(in(0, axis), out(0, axis + shift));
  }
  if (constant(context, 1) != nullptr) return;
  for (int axis = 0; axis < out_rank; ++axis) context.fix(out(0, axis));
}

void Expand::resize(ResizeContext& context) {
  const Tensor* shape = context.constant(1);
  if (shape == nullptr) return;
  int out_rank = context.rank(AxisRef::Side::output, 0);
  Tensor mended = *shape;
  for (int64_t i = 0; i < mended.size(); ++i) {
    int axis = static_cast<int>(i + out_rank - mended.size());
    const std::vector<int64_t>* kept = axis < 0 ? nullptr : context.kept(out(0, axis));
    if (kept != nullptr && mended.as_int(i) != 1) mended.set_double(i, static_cast<double>(kept->size()));
  }
  if (!(mended == *shape)) context.set_constant(1, std::move(mended));
}

void Tile::links(LinkContext& context) const {
  const Shape* shape = known_shape(context, 0);
  const Tensor* repeats = constant(context, 1);
  if (shape == nullptr || repeats == nullptr || repeats->size() != static_cast<int64_t>(shape->size())) return;
  if (context.rank(AxisRef::Side::output, 0) != static_cast<int>(shape->size())) return;
  for (int axis = 0; axis < static_cast<int>(shape->size()); ++axis) {
    const Dim& dim = (*shape)[static_cast<size_t>(axis)];
    if (repeats->as_int(axis) == 1) {
      context.link(in(0, axis), out(0, axis));
    } else if (dim.size > 0) {
      context.link(in(0, axis), out(0, axis), {.modulo = dim.size});
    }
  }
}

// Extents that are read are fixed: the axes appear in no link, except those outside [start, end), which are not read.
void ShapeOf::links(LinkContext& context) const {
  int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 0) return;
  int64_t first = start < 0 ? start + rank : start;
  int64_t last = end ? (*end < 0 ? *end + rank : *end) : rank;
  for (int axis = 0; axis < rank; ++axis) {
    if (axis < first || axis >= last) context.link(in(0, axis), in(0, axis));
  }
}

void Size::links(LinkContext&) const {}
void ConstantOfShape::links(LinkContext&) const {}
void Range::links(LinkContext&) const {}

}  // namespace pare
