// Operators that only move elements: copies between strided boxes, in any order on either side.
#include <algorithm>
#include <cstring>

#include "runtime/kernels.h"
#include "runtime/plan/box.h"
#include "runtime/plan/builder.h"
#include "runtime/plan/strided.h"

namespace pare {
namespace {

struct Move {
  std::vector<Box> boxes;
  std::vector<int> reads, writes;
  bool fills = false;
  std::vector<std::byte> fill;  // one element
};

Order order_of(const Builder& builder, ValueId id) { return preferred_order(builder, {id}); }
// The same order for a result of rank 3 up; others know only one.
Order fitting(const Dims& dims, Order order) { return dims.size() < 3 ? Order::onnx : order; }

// A box over the whole of `out`, whose axes are those of the input.
struct Ends {
  Order in_order, out_order;
  std::vector<int64_t> in_strides, out_strides;
};
Ends ends_of(const Builder& builder, ValueId in, ValueId out) {
  const Order in_order = order_of(builder, in);
  const Order out_order = fitting(builder.dims(out), in_order);
  return {in_order, out_order, strides_in(builder.dims(in), in_order), strides_in(builder.dims(out), out_order)};
}

Box place(Builder& builder, ValueId in, ValueId out, const Ends& ends) {
  Box box;
  box.in = builder.require(in, ends.in_order);
  box.out = builder.create(out, ends.out_order);
  box.dims = builder.dims(out);
  box.in_strides = ends.in_strides;
  box.out_strides = ends.out_strides;
  return box;
}

std::optional<Move> move_slice(Builder& builder, const Node& node) {
  if (!all_constant(builder, node, 1)) return std::nullopt;
  const ValueId in = node.inputs[0], out = node.outputs[0];
  std::vector<int64_t> first(builder.dims(in).size(), 0), step(first.size(), 1);
  slice_bounds(builder, node, first, step);
  Box box = place(builder, in, out, ends_of(builder, in, out));
  for (size_t i = 0; i < first.size(); ++i) {
    box.in_offset += first[i] * box.in_strides[i];
    box.in_strides[i] *= step[i];
  }
  return Move{{box}, {box.in}, {box.out}, false, {}};
}

std::optional<Move> move_pad(Builder& builder, const Node& node, const Pad& op) {
  if (op.mode != "constant" || !all_constant(builder, node, 1)) return std::nullopt;
  const ValueId in = node.inputs[0], out = node.outputs[0];
  const Dims& dims = builder.dims(in);
  const auto pads = ints_of(builder, node, 1);
  auto axes = ints_of(builder, node, 3);
  if (axes.empty())
    for (size_t i = 0; i < dims.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  Box box = place(builder, in, out, ends_of(builder, in, out));
  box.dims = dims;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(norm_axis(axes[i], dims));
    const int64_t begin = pads[i], end = pads[axes.size() + i];
    box.in_offset += std::max<int64_t>(-begin, 0) * box.in_strides[axis];
    box.out_offset += std::max<int64_t>(begin, 0) * box.out_strides[axis];
    box.dims[axis] = std::max<int64_t>(0, dims[axis] + std::min<int64_t>(begin, 0) + std::min<int64_t>(end, 0));
  }
  Move move{{box}, {box.in}, {box.out}, true, {}};
  move.fill.resize(static_cast<size_t>(bits(builder.dtype(in))) / 8);
  if (node.inputs.size() > 2 && node.inputs[2] != ValueId::none) {
    const auto bytes = builder.constant(node.inputs[2])->bytes();
    std::copy(bytes.begin(), bytes.begin() + static_cast<int64_t>(move.fill.size()), move.fill.begin());
  }
  return move;
}

std::optional<Move> move_concat(Builder& builder, const Node& node, const Concat& op) {
  const ValueId out = node.outputs[0];
  const auto axis = static_cast<size_t>(norm_axis(op.axis, builder.dims(out)));
  const Order order = fitting(builder.dims(out), preferred_order(builder, node.inputs));
  Move move;
  const int to = builder.create(out, order);
  int64_t begin = 0;
  for (const ValueId in : node.inputs) {
    Box box;
    const View from = builder.has(in, order) || builder.is_constant(in)
                          ? View{builder.require(in, order), 0, strides_in(builder.dims(in), order)}
                          : builder.view(in);
    box.in = from.value;
    box.out = to;
    box.dims = builder.dims(in);
    box.in_offset = from.offset;
    box.in_strides = from.strides;
    box.out_strides = strides_in(builder.dims(out), order);
    box.out_offset = begin * box.out_strides[axis];
    begin += box.dims[axis];
    move.reads.push_back(box.in);
    move.boxes.push_back(std::move(box));
  }
  move.writes = {to};
  return move;
}

std::optional<Move> move_split(Builder& builder, const Node& node, const Split& op) {
  const ValueId in = node.inputs[0];
  const auto axis = static_cast<size_t>(norm_axis(op.axis, builder.dims(in)));
  Move move;
  int64_t begin = 0;
  for (const ValueId out : node.outputs) {
    if (out == ValueId::none) return std::nullopt;
  }
  for (const ValueId out : node.outputs) {
    Box box = place(builder, in, out, ends_of(builder, in, out));
    box.in_offset = begin * box.in_strides[axis];
    begin += box.dims[axis];
    move.reads.push_back(box.in);
    move.writes.push_back(box.out);
    move.boxes.push_back(std::move(box));
  }
  return move;
}

std::optional<Move> move_transpose(Builder& builder, const Node& node, const Transpose& op) {
  const ValueId in = node.inputs[0], out = node.outputs[0];
  const Dims& dims = builder.dims(in);
  const Order in_order = order_of(builder, in);
  const auto strides = strides_in(dims, in_order);
  Box box;
  box.in = builder.require(in, in_order);
  box.dims = builder.dims(out);
  for (size_t i = 0; i < dims.size(); ++i)
    box.in_strides.push_back(
        strides[op.perm.empty() ? dims.size() - 1 - i : static_cast<size_t>(norm_axis(op.perm[i], dims))]);
  box.out_strides = strides_in(box.dims, Order::onnx);
  Box probe = box;
  simplify(probe);
  if (is_one_run(probe)) {
    builder.alias(out, box.in, Order::onnx);
    return Move{};
  }
  box.out = builder.create(out, Order::onnx);
  return Move{{box}, {box.in}, {box.out}, false, {}};
}

std::optional<Move> move_expand(Builder& builder, const Node& node) {
  const ValueId in = node.inputs[0], out = node.outputs[0];
  const Dims& dims = builder.dims(in);
  const Dims& out_dims = builder.dims(out);
  Box box;
  box.in = builder.require(in, Order::onnx);
  box.out = builder.create(out, Order::onnx);
  box.dims = out_dims;
  const auto strides = strides_in(dims, Order::onnx);
  box.in_strides.assign(out_dims.size(), 0);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] != 1) box.in_strides[out_dims.size() - dims.size() + i] = strides[i];
  box.out_strides = strides_in(out_dims, Order::onnx);
  return Move{{box}, {box.in}, {box.out}, false, {}};
}

std::optional<Move> move_depth_to_space(Builder& builder, const Node& node, const DepthToSpace& op) {
  const ValueId in = node.inputs[0], out = node.outputs[0];
  const Ends ends = ends_of(builder, in, out);
  const int64_t b = op.blocksize;
  const Dims& d = builder.dims(in);
  Box box = place(builder, in, out, ends);
  const auto& x = ends.in_strides;
  const auto& y = ends.out_strides;
  const int64_t c = d[1] / (b * b);
  const bool dcr = op.mode == "DCR";
  const int64_t block = dcr ? c * x[1] : x[1];
  box.dims = {d[0], c, d[2], b, d[3], b};
  box.in_strides = {x[0], dcr ? x[1] : b * b * x[1], x[2], b * block, x[3], block};
  box.out_strides = {y[0], y[1], b * y[2], y[2], b * y[3], y[3]};
  return Move{{box}, {box.in}, {box.out}, false, {}};
}

std::optional<Move> find_move(Builder& builder, const Node& node) {
  if (as<Slice>(node.op)) return move_slice(builder, node);
  if (const auto* op = as<Pad>(node.op)) return move_pad(builder, node, *op);
  if (const auto* op = as<Concat>(node.op)) return move_concat(builder, node, *op);
  if (const auto* op = as<Split>(node.op)) return move_split(builder, node, *op);
  if (const auto* op = as<Transpose>(node.op)) return move_transpose(builder, node, *op);
  if (as<Expand>(node.op)) return move_expand(builder, node);
  if (const auto* op = as<DepthToSpace>(node.op)) return move_depth_to_space(builder, node, *op);
  return std::nullopt;
}

// Nearest resizing of the spatial axes: which input pixel each output pixel is, from the plain kernel on pixel numbers.
bool match_nearest(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<Resize>(node.op);
  if (!op || op->mode != "nearest" || !op->axes.empty() || !all_constant(builder, node, 1)) return false;
  const Dims& d = builder.dims(node.inputs[0]);
  const Dims& out_dims = builder.dims(node.outputs[0]);
  if (d.size() != 4 || out_dims[0] != d[0] || out_dims[1] != d[1] || d[2] * d[3] >= (1 << 24)) return false;
  if (op->coordinate_transformation_mode == "tf_crop_and_resize" || bits(builder.dtype(node.inputs[0])) < 8)
    return false;
  std::vector<float> numbers(static_cast<size_t>(d[2] * d[3]));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i);
  Resize spatial = *op;
  spatial.axes = {2, 3};
  std::vector<Tensor> inputs(4);
  inputs[0] = Tensor::of<float>({1, 1, d[2], d[3]}, numbers);
  for (const size_t slot : {2, 3}) {
    if (slot >= node.inputs.size() || node.inputs[slot] == ValueId::none) continue;
    const Tensor* given = builder.constant(node.inputs[slot]);
    if (given->size() != 4) continue;
    if (slot == 2)
      inputs[2] = Tensor::of<float>({2}, {given->floats()[2], given->floats()[3]});
    else
      inputs[3] = Tensor::of<int64_t>({2}, {given->as_int(2), given->as_int(3)});
  }
  if (op->keep_aspect_ratio_policy != "stretch") return false;
  const auto mapped = execute(spatial, inputs);
  if (!mapped || (*mapped)[0].size() != out_dims[2] * out_dims[3]) return false;
  std::vector<int64_t> source;
  for (const float value : (*mapped)[0].data<float>()) source.push_back(static_cast<int64_t>(value));
  builder.claim(id);
  const int in = builder.require(node.inputs[0], Order::channels_last);
  const int out = builder.create(node.outputs[0], Order::channels_last);
  const int64_t bytes = d[1] * bits(builder.dtype(node.inputs[0])) / 8, batch = d[0], pixels = d[2] * d[3];
  builder.add({.kernel = "resize.nearest",
               .nodes = {id},
               .reads = {in},
               .writes = {out},
               .run = [=, source = std::move(source)](const Frame& frame) {
                 const auto count = static_cast<int64_t>(source.size());
                 for (int64_t n = 0; n < batch; ++n)
                   for (int64_t i = 0; i < count; ++i)
                     std::memcpy(frame.at<std::byte>(out) + (n * count + i) * bytes,
                                 frame.at<const std::byte>(in) + (n * pixels + source[i]) * bytes,
                                 static_cast<size_t>(bytes));
                 return Result<void>();
               }});
  return true;
}

}  // namespace

namespace {

// The first operand's elements have 1, 2, 4 or 8 bytes, and nothing is empty.
bool movable(const Builder& builder, const Node& node) {
  if (node.inputs.empty() || node.inputs[0] == ValueId::none) return false;
  const int width = bits(builder.dtype(node.inputs[0]));
  if (width != 8 && width != 16 && width != 32 && width != 64) return false;
  for (const ValueId out : node.outputs)
    if (out != ValueId::none && count_of(builder.dims(out)) == 0) return false;
  for (const ValueId in : node.inputs)
    if (in != ValueId::none && !builder.is_constant(in) && count_of(builder.dims(in)) == 0) return false;
  return true;
}

}  // namespace

bool match_strided(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (!movable(builder, node) || !is_strided(builder, node)) return false;
  if (!builder.viewable(node.inputs[0])) {
    // Of a DequantizeLinear that is put off: whoever takes integers reads them through this.
    if (!quantized_path(builder, node.inputs[0])) return false;
    builder.claim(id);
    builder.put_off(id);
    return true;
  }
  builder.claim(id);
  const View from = builder.view(node.inputs[0]);
  for (size_t i = 0; i < node.outputs.size(); ++i)
    builder.put_off_view(node.outputs[i], strided_view(builder, node, i, from));
  return true;
}

bool match_gather(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<Gather>(node.op);
  if (!op || !movable(builder, node)) return false;
  const DType index_type = builder.dtype(node.inputs[1]);
  if (index_type != DType::int64 && index_type != DType::int32) return false;
  const Dims& dims = builder.dims(node.inputs[0]);
  const auto axis = static_cast<size_t>(norm_axis(op->axis, dims));
  const int64_t outer = count_of(dims, 0, axis), size = dims[axis];
  const int64_t bytes = count_of(dims, axis + 1, dims.size()) * bits(builder.dtype(node.inputs[0])) / 8;
  const int64_t count = count_of(builder.dims(node.inputs[1]));
  builder.claim(id);
  const int data = builder.require(node.inputs[0], Order::onnx);
  const int indices = builder.require(node.inputs[1], Order::onnx);
  const int out = builder.create(node.outputs[0], Order::onnx);
  const std::string where = describe(builder.graph, id);
  const bool wide = index_type == DType::int64;
  builder.add({.kernel = "gather.rows",
               .nodes = {id},
               .reads = {data, indices},
               .writes = {out},
               .run = [=](const Frame& frame) -> Result<void> {
                 const auto* from = frame.at<const std::byte>(data);
                 auto* to = frame.at<std::byte>(out);
                 for (int64_t i = 0; i < count; ++i) {
                   int64_t index = wide ? frame.at<const int64_t>(indices)[i] : frame.at<const int32_t>(indices)[i];
                   if (index < -size || index >= size)
                     return input_error(where + ": index " + std::to_string(index) + " is outside an axis of " +
                                        std::to_string(size));
                   if (index < 0) index += size;
                   for (int64_t n = 0; n < outer; ++n)
                     std::memcpy(to + (n * count + i) * bytes, from + (n * size + index) * bytes,
                                 static_cast<size_t>(bytes));
                 }
                 return {};
               }});
  return true;
}

bool match_move(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (!movable(builder, node)) return false;
  const int64_t width = bits(builder.dtype(node.inputs[0])) / 8;
  if (match_nearest(builder, id)) return true;
  auto move = find_move(builder, node);
  if (!move) return false;
  builder.claim(id);
  if (move->boxes.empty()) return true;
  for (Box& box : move->boxes)
    if (count_of(box.dims) > 0) simplify(box);
  const int64_t fill_count = move->fills ? count_of(builder.dims(node.outputs[0])) : 0;
  Step step{
      .kernel = "move." + std::string(op_type(node.op)), .nodes = {id}, .reads = move->reads, .writes = move->writes};
  step.run = [width, fill_count, move = *std::move(move)](const Frame& frame) {
    if (fill_count > 0) {
      auto* to = frame.at<std::byte>(move.writes[0]);
      const bool zeros = std::all_of(move.fill.begin(), move.fill.end(), [](std::byte b) { return b == std::byte{0}; });
      if (zeros)
        std::memset(to, 0, static_cast<size_t>(fill_count * width));
      else
        copy_line(width, move.fill.data(), 0, to, 1, fill_count);
    }
    for (const Box& box : move.boxes)
      if (count_of(box.dims) > 0)
        copy_box(box, width, frame.at<const std::byte>(box.in) + box.in_offset * width,
                 frame.at<std::byte>(box.out) + box.out_offset * width);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

}  // namespace pare
