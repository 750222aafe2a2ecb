// Pools on floats, channels last.
#include "runtime/plan/builder.h"
#include "runtime/plan/conv_shape.h"

namespace pare {

std::optional<PoolMatch> pool_shape(const Builder& builder, const Node& node) {
  const Dims& dims = builder.dims(node.inputs[0]);
  if (dims.size() < 3 || dims.size() > 4 || count_of(dims) == 0) return std::nullopt;
  PoolMatch match;
  Result<SlidingWindow> window = SlidingWindow{};
  const std::string notset = "NOTSET";
  const std::vector<int64_t> none;
  if (const auto* op = as<MaxPool>(node.op)) {
    if (node.outputs.size() != 1) return std::nullopt;
    match.kind = PoolMatch::Kind::max;
    window =
        make_window({op->auto_pad, op->dilations, op->pads, op->strides, op->ceil_mode != 0}, dims, op->kernel_shape);
  } else if (const auto* op = as<AveragePool>(node.op)) {
    match.kind = PoolMatch::Kind::average;
    match.count_include_pad = op->count_include_pad != 0;
    window =
        make_window({op->auto_pad, op->dilations, op->pads, op->strides, op->ceil_mode != 0}, dims, op->kernel_shape);
  } else if (const auto* op = as<GlobalPool>(node.op)) {
    match.kind = op->kind == GlobalPool::Kind::Max ? PoolMatch::Kind::max : PoolMatch::Kind::global_average;
    window = make_window({notset, none, none, none}, dims, Dims(dims.begin() + 2, dims.end()));
  } else if (const auto* op = as<Reduce>(node.op, Reduce::Kind::Mean)) {
    // The mean over all spatial axes, kept or not: the same elements in the same order.
    const Tensor* axes = node.inputs.size() > 1 ? builder.constant(node.inputs[1]) : nullptr;
    if (!axes || axes->size() != static_cast<int64_t>(dims.size()) - 2) return std::nullopt;
    (void)op;
    std::vector<bool> seen(dims.size(), false);
    for (int64_t axis : axes->ints()) seen[axis < 0 ? axis + dims.size() : axis] = true;
    if (seen[0] || seen[1]) return std::nullopt;
    for (size_t i = 2; i < seen.size(); ++i)
      if (!seen[i]) return std::nullopt;
    match.kind = PoolMatch::Kind::global_average;
    window = make_window({notset, none, none, none}, dims, Dims(dims.begin() + 2, dims.end()));
  } else {
    return std::nullopt;
  }
  if (!window) return std::nullopt;
  auto shape = conv_shape(*window, dims[1], dims[1]);
  if (!shape || count_of(window->out_dims(dims[1])) == 0) return std::nullopt;
  match.include_bottom = shape->pad_bottom;
  match.include_right = shape->pad_right;
  const auto reach = [](const SlidingWindow::Axis& axis) {
    return (axis.out - 1) * axis.stride + axis.dilation * (axis.kernel - 1) + 1 - axis.in - axis.pad_begin;
  };
  shape->pad_bottom = std::max(shape->pad_bottom, reach(window->axis[1]));
  shape->pad_right = std::max(shape->pad_right, reach(window->axis[2]));
  if (shape->out_h() != window->axis[1].out || shape->out_w() != window->axis[2].out) return std::nullopt;
  match.shape = *shape;
  return match;
}

bool match_pool(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (node.inputs.empty() || builder.dtype(node.inputs[0]) != DType::float32) return false;
  const auto match = pool_shape(builder, node);
  if (!match) return false;
  builder.claim(id);
  const int in = builder.require(node.inputs[0], Order::channels_last);
  const int out =
      builder.create(node.outputs[0], builder.dims(node.outputs[0]).size() < 3 ? Order::onnx : Order::channels_last);
  const char* names[] = {"maxpool.nhwc.float", "averagepool.nhwc.float", "globalaveragepool.nhwc.float"};
  builder.add({.kernel = names[static_cast<int>(match->kind)],
               .nodes = {id},
               .reads = {in},
               .writes = {out},
               .run = [=, m = *match](const Frame& frame) {
                 const auto* x = frame.at<const float>(in);
                 auto* y = frame.at<float>(out);
                 switch (m.kind) {
                   case PoolMatch::Kind::max:
                     frame.kernels.max_pool(m.shape, x, y, frame.pool);
                     break;
                   case PoolMatch::Kind::average:
                     frame.kernels.average_pool(m.shape, m.count_include_pad, m.include_bottom, m.include_right, x, y,
                                                frame.pool);
                     break;
                   case PoolMatch::Kind::global_average:
                     frame.kernels.global_average_pool(m.shape.batch, m.shape.h * m.shape.w, m.shape.in_channels, x, y,
                                                       frame.pool);
                     break;
                 }
                 return Result<void>();
               }});
  return true;
}

}  // namespace pare
