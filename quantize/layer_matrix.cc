#include "quantize/layer_matrix.h"

#include <algorithm>
#include <numeric>

#include "graph/error.h"
#include "graph/ops/recurrent_gates.h"
#include "runtime/kernels/window.h"

namespace pare {
namespace {

std::vector<int64_t> row_major(const Dims& dims) {
  std::vector<int64_t> strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

int64_t product(const Dims& dims, size_t first) {
  return std::accumulate(dims.begin() + static_cast<std::ptrdiff_t>(std::min(first, dims.size())), dims.end(), int64_t{1},
                         std::multiplies<>());
}

std::optional<LayerMatrix> convolution(const Conv& op, NodeId node, const Dims& w) {
  if (w.size() < 3 || w.size() > 5 || op.group < 1 || w[0] % op.group != 0) return std::nullopt;
  LayerMatrix layer;
  layer.groups = op.group;
  layer.rows = w[0] / op.group;
  layer.columns = product(w, 1);
  layer.group_stride = layer.rows * layer.columns;
  layer.row_stride = layer.columns;
  layer.column_stride = 1;
  layer.window = node;
  return layer;
}

std::optional<LayerMatrix> transposed_convolution(const ConvTranspose& op, const Dims& w) {
  if (w.size() < 3 || op.group < 1 || w[0] % op.group != 0) return std::nullopt;
  LayerMatrix layer;
  layer.groups = op.group;
  layer.rows = product(w, 1);
  layer.columns = w[0] / op.group;
  layer.group_stride = layer.rows * layer.columns;
  layer.row_stride = 1;
  layer.column_stride = layer.rows;
  layer.column_axis = 1;
  for (size_t axis = 0; axis < w.size(); ++axis) {
    if (axis != 1) layer.position_axes.push_back(static_cast<int>(axis));
  }
  return layer;
}

// The axis of `to` that is, element for element, that axis of `from`; -1 where there is none.
int same_axis(const LinkContext& context, AxisRef from, AxisRef to) {
  for (const Link& link : context.links) {
    if (link.map != IndexMap{}) continue;
    for (const auto& [a, b] : {std::pair{link.source, link.target}, std::pair{link.target, link.source}}) {
      if (a == from && b.side == to.side && b.slot == to.slot) return b.axis;
    }
  }
  return -1;
}

// A product whose weight has one axis that it shares with the activation alone. `x` is any axis of the activation.
std::optional<LayerMatrix> linked_product(const LinkContext& context, int slot, AxisRef x, const Dims& w) {
  const auto& types = x.side == AxisRef::Side::input ? context.inputs : context.outputs;
  if (static_cast<size_t>(x.slot) >= types.size() || !types[static_cast<size_t>(x.slot)].shape) return std::nullopt;
  const int x_rank = static_cast<int>(types[static_cast<size_t>(x.slot)].shape->size());
  const std::vector<int64_t> strides = row_major(w);
  LayerMatrix layer;
  layer.column_axis = -1;
  bool has_rows = false;
  for (size_t axis = 0; axis < w.size(); ++axis) {
    const AxisRef weight = in(slot, static_cast<int>(axis));
    const int contracted = same_axis(context, weight, x);
    const int kept = same_axis(context, weight, out(0, 0));
    const int batch = kept >= 0 && x.side == AxisRef::Side::input ? same_axis(context, out(0, kept), x) : -1;
    if (contracted >= 0 && layer.column_axis < 0) {
      layer.column_axis = contracted;
      layer.columns = w[axis];
      layer.column_stride = strides[axis];
    } else if (batch >= 0 && layer.group_axis < 0) {
      layer.group_axis = batch;
      layer.groups = w[axis];
      layer.group_stride = strides[axis];
    } else if (contracted < 0 && batch < 0 && !has_rows) {
      has_rows = true;
      layer.rows = w[axis];
      layer.row_stride = strides[axis];
    } else if (w[axis] != 1) {
      return std::nullopt;
    }
  }
  if (layer.column_axis < 0) return std::nullopt;
  for (int axis = 0; axis < x_rank; ++axis) {
    if (axis != layer.column_axis && axis != layer.group_axis) layer.position_axes.push_back(axis);
  }
  return layer;
}

std::optional<Recurrence> recurrence_of(const Op& op) {
  const auto found = [](const auto* net) -> std::optional<Recurrence> {
    if (!net) return std::nullopt;
    const auto resolved = recurrence(*net);
    return resolved ? std::optional(*resolved) : std::nullopt;
  };
  if (auto net = found(as<LSTM>(op))) return net;
  if (auto net = found(as<GRU>(op))) return net;
  return found(as<RNN>(op));
}

// Axis 0 of W and R counts directions, axis 1 gates, axis 2 is the contracted one (Role::recurs).
std::optional<LayerMatrix> recurrent(const Graph& graph, NodeId id, int slot, const Dims& w) {
  const Node& node = graph.node(id);
  const auto net = recurrence_of(node.op);
  if (!net || w.size() != 3 || w[0] != net->directions() || (slot != 1 && slot != 2)) return std::nullopt;
  LayerMatrix layer;
  layer.groups = w[0];
  layer.rows = w[1];
  layer.columns = w[2];
  layer.group_stride = w[1] * w[2];
  layer.row_stride = w[2];
  layer.column_stride = 1;
  if (slot == 1) {
    layer.activation = node.inputs[0];
    layer.shared = true;
    layer.position_axes = {0, 1};
    layer.column_axis = 2;
    return layer;
  }
  if (node.outputs.empty() || node.outputs[0] == ValueId::none) return std::nullopt;
  layer.activation = node.outputs[0];
  layer.position_axes = net->batch_first ? std::vector<int>{0, 1} : std::vector<int>{0, 2};
  layer.group_axis = net->batch_first ? 2 : 1;
  layer.step_axis = net->batch_first ? 1 : 0;
  layer.column_axis = 3;
  layer.reverse = net->reverse;
  return layer;
}

}  // namespace

std::optional<LayerMatrix> LayerMatrix::of(const Graph& graph, NodeId id, int slot) {
  const Node& node = graph.node(id);
  if (slot < 0 || static_cast<size_t>(slot) >= node.inputs.size() || node.inputs.size() < 2) return std::nullopt;
  const auto w = graph.value(node.inputs[static_cast<size_t>(slot)]).type.dims();
  if (!w || w->empty() || product(*w, 0) == 0) return std::nullopt;
  std::optional<LayerMatrix> layer;
  if (op_role(node.op) == Role::recurs) {
    layer = recurrent(graph, id, slot, *w);
  } else if (op_role(node.op) == Role::computes && slot < 2) {
    if (const auto* conv = as<Conv>(node.op)) {
      if (slot == 1) layer = convolution(*conv, id, *w);
    } else if (const auto* transposed = as<ConvTranspose>(node.op)) {
      if (slot == 1) layer = transposed_convolution(*transposed, *w);
    } else {
      LinkContext context = link_context(graph, id);
      op_links(node.op, context);
      layer = linked_product(context, slot, in(1 - slot, 0), *w);
    }
    if (layer) layer->activation = node.inputs[static_cast<size_t>(1 - slot)];
  }
  if (!layer || layer->activation == ValueId::none) return std::nullopt;
  const Type& type = graph.value(layer->activation).type;
  if (type.dtype != DType::float32 || !type.shape) return std::nullopt;
  return layer;
}

ActivationRows::ActivationRows(const LayerMatrix& layer, const Graph& graph, const Tensor& activation)
    : layer_(layer), graph_(graph), activation_(activation), strides_(row_major(activation.dims())) {
  if (layer.window != NodeId::none) {
    lay_window();
    return;
  }
  positions_ = 1;
  for (const int axis : layer.position_axes) {
    const int64_t extent = activation.dims()[static_cast<size_t>(axis)];
    extents_.push_back(axis == layer.step_axis ? std::max<int64_t>(0, extent - 1) : extent);
    positions_ *= extents_.back();
  }
}

void ActivationRows::lay_window() {
  const Conv& op = *as<Conv>(graph_.node(layer_.window).op);
  const Dims w = *graph_.value(graph_.node(layer_.window).inputs[1]).type.dims();
  const SlidingWindow slid =
      unwrap(make_window({op.auto_pad, op.dilations, op.pads, op.strides}, activation_.dims(), Dims(w.begin() + 2, w.end())));
  window_.size = slid.in_size();
  window_.kernel = slid.kernel_size();
  window_.channels = w[1];
  window_.out = slid.out_size();
  window_.cells.assign(static_cast<size_t>(window_.out * window_.kernel), -1);
  for_each_position(slid, [&](int64_t o, int64_t d, int64_t h, int64_t v) {
    for_each_cell(slid, d, h, v, [&](int64_t cell, int64_t k) {
      window_.cells[static_cast<size_t>(o * window_.kernel + k)] = cell;
    });
  });
  positions_ = slid.batch * window_.out;
}

void ActivationRows::patch(int64_t group, int64_t position, float* row) const {
  const int64_t n = position / window_.out;
  const int64_t* cells = window_.cells.data() + position % window_.out * window_.kernel;
  const float* from = activation_.data<float>().data() +
                      (n * layer_.groups + group) * window_.channels * window_.size;
  for (int64_t c = 0; c < window_.channels; ++c, from += window_.size) {
    for (int64_t k = 0; k < window_.kernel; ++k) *row++ = cells[k] < 0 ? 0.0f : from[cells[k]];
  }
}

int64_t ActivationRows::offset(int64_t group, int64_t position) const {
  int64_t at = 0;
  for (size_t i = extents_.size(); i-- > 0;) {
    const int axis = layer_.position_axes[i];
    int64_t index = position % extents_[i];
    position /= extents_[i];
    if (axis == layer_.step_axis && layer_.reverse[static_cast<size_t>(group)]) ++index;
    at += index * strides_[static_cast<size_t>(axis)];
  }
  if (layer_.shared) return at;
  if (layer_.group_axis >= 0) return at + group * strides_[static_cast<size_t>(layer_.group_axis)];
  return at + group * layer_.columns * strides_[static_cast<size_t>(layer_.column_axis)];
}

void ActivationRows::gather(int64_t group, int64_t first, int64_t step, int64_t count, float* rows) const {
  for (int64_t i = 0; i < count; ++i, rows += layer_.columns) {
    const int64_t position = first + i * step;
    if (layer_.window != NodeId::none) {
      patch(group, position, rows);
      continue;
    }
    const float* from = activation_.data<float>().data() + offset(group, position);
    const int64_t stride = strides_[static_cast<size_t>(layer_.column_axis)];
    for (int64_t c = 0; c < layer_.columns; ++c) rows[c] = from[c * stride];
  }
}

}  // namespace pare
