// Operators that only move elements: copies between strided boxes, in any order on either side.
#include <algorithm>
#include <cstring>

#include "runtime/kernels.h"
#include "runtime/plan/builder.h"

namespace pare {
namespace {

// out[out_offset + sum i_k * out_strides[k]] = in[in_offset + sum i_k * in_strides[k]] for all i below dims.
struct Box {
  int in = -1, out = -1;  // plan values
  Dims dims;
  std::vector<int64_t> in_strides, out_strides;
  int64_t in_offset = 0, out_offset = 0;
};

// Elements between neighbours along each ONNX axis, for values in that order.
std::vector<int64_t> strides_in(const Dims& dims, Order order) {
  const size_t rank = dims.size();
  std::vector<size_t> axes;  // from the fastest
  if (order == Order::channels_last && rank >= 3) {
    axes.push_back(1);
    for (size_t i = rank; i-- > 2;) axes.push_back(i);
    axes.push_back(0);
  } else {
    for (size_t i = rank; i-- > 0;) axes.push_back(i);
  }
  std::vector<int64_t> strides(rank, 1);
  int64_t at = 1;
  for (const size_t axis : axes) {
    strides[axis] = at;
    at *= dims[axis];
  }
  return strides;
}

// Sorts axes so that the output is written forwards, drops axes of one, merges axes that lie behind each other.
void simplify(Box& box) {
  std::vector<size_t> axes;
  for (size_t i = 0; i < box.dims.size(); ++i)
    if (box.dims[i] != 1) axes.push_back(i);
  std::stable_sort(axes.begin(), axes.end(),
                   [&](size_t a, size_t b) { return box.out_strides[a] > box.out_strides[b]; });
  Box merged = box;
  merged.dims.clear();
  merged.in_strides.clear();
  merged.out_strides.clear();
  for (const size_t axis : axes) {
    const int64_t size = box.dims[axis], from = box.in_strides[axis], to = box.out_strides[axis];
    if (!merged.dims.empty() && merged.in_strides.back() == from * size && merged.out_strides.back() == to * size) {
      merged.dims.back() *= size;
      merged.in_strides.back() = from;
      merged.out_strides.back() = to;
      continue;
    }
    merged.dims.push_back(size);
    merged.in_strides.push_back(from);
    merged.out_strides.push_back(to);
  }
  box = std::move(merged);
}

template <class T>
void copy_line(const std::byte* in, int64_t in_stride, std::byte* out, int64_t out_stride, int64_t count) {
  const T* from = reinterpret_cast<const T*>(in);
  T* to = reinterpret_cast<T*>(out);
  for (int64_t i = 0; i < count; ++i) to[i * out_stride] = from[i * in_stride];
}

void copy_line(int64_t width, const std::byte* in, int64_t in_stride, std::byte* out, int64_t out_stride,
               int64_t count) {
  if (in_stride == 1 && out_stride == 1) {
    std::memcpy(out, in, static_cast<size_t>(count * width));
    return;
  }
  switch (width) {
    case 1:
      return copy_line<uint8_t>(in, in_stride, out, out_stride, count);
    case 2:
      return copy_line<uint16_t>(in, in_stride, out, out_stride, count);
    case 4:
      return copy_line<uint32_t>(in, in_stride, out, out_stride, count);
    default:
      return copy_line<uint64_t>(in, in_stride, out, out_stride, count);
  }
}

void copy_box(const Box& box, size_t axis, int64_t width, const std::byte* in, std::byte* out) {
  if (box.dims.empty()) return std::memcpy(out, in, static_cast<size_t>(width)), void();
  const int64_t from = box.in_strides[axis], to = box.out_strides[axis];
  if (axis + 1 == box.dims.size()) return copy_line(width, in, from, out, to, box.dims[axis]);
  for (int64_t i = 0; i < box.dims[axis]; ++i)
    copy_box(box, axis + 1, width, in + i * from * width, out + i * to * width);
}

struct Move {
  std::vector<Box> boxes;
  std::vector<int> reads, writes;
  bool fills = false;
  std::vector<std::byte> fill;  // one element
};

Order order_of(const Builder& builder, ValueId id) { return preferred_order(builder, {id}); }
// The same order for a result of rank 3 up; others know only one.
Order fitting(const Dims& dims, Order order) { return dims.size() < 3 ? Order::onnx : order; }

int64_t norm_axis(int64_t axis, const Dims& dims) { return axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis; }

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

bool all_constant(const Builder& builder, const Node& node, size_t from) {
  for (size_t i = from; i < node.inputs.size(); ++i)
    if (node.inputs[i] != ValueId::none && (!builder.is_constant(node.inputs[i]) || !builder.constant(node.inputs[i])))
      return false;
  return true;
}

std::vector<int64_t> ints_of(const Builder& builder, const Node& node, size_t slot) {
  if (slot >= node.inputs.size() || node.inputs[slot] == ValueId::none) return {};
  return builder.constant(node.inputs[slot])->ints();
}

// What a Slice takes along each axis: first element and step (extents are the result's).
void slice_bounds(const Builder& builder, const Node& node, std::vector<int64_t>& first, std::vector<int64_t>& step) {
  const Dims& dims = builder.dims(node.inputs[0]);
  const auto starts = ints_of(builder, node, 1), axes = ints_of(builder, node, 3), steps = ints_of(builder, node, 4);
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis = static_cast<size_t>(norm_axis(axes.empty() ? static_cast<int64_t>(i) : axes[i], dims));
    step[axis] = steps.empty() ? 1 : steps[i];
    int64_t start = starts[i] < 0 ? starts[i] + dims[axis] : starts[i];
    start = step[axis] > 0 ? std::clamp<int64_t>(start, 0, dims[axis]) : std::clamp<int64_t>(start, -1, dims[axis] - 1);
    first[axis] = start;
  }
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
    const Order in_order = builder.has(in, order) || builder.is_constant(in) ? order : order_of(builder, in);
    box.in = builder.require(in, in_order);
    box.out = to;
    box.dims = builder.dims(in);
    box.in_strides = strides_in(box.dims, in_order);
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
  const bool same =
      probe.dims.empty() || (probe.dims.size() == 1 && probe.in_strides[0] == 1 && probe.out_strides[0] == 1);
  if (same) {
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

bool match_move(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (node.inputs.empty() || node.inputs[0] == ValueId::none) return false;
  const int64_t width = bits(builder.dtype(node.inputs[0])) / 8;
  if (width != 1 && width != 2 && width != 4 && width != 8) return false;
  for (const ValueId out : node.outputs)
    if (out != ValueId::none && count_of(builder.dims(out)) == 0) return false;
  for (const ValueId in : node.inputs)
    if (in != ValueId::none && !builder.is_constant(in) && count_of(builder.dims(in)) == 0) return false;
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
        copy_box(box, 0, width, frame.at<const std::byte>(box.in) + box.in_offset * width,
                 frame.at<std::byte>(box.out) + box.out_offset * width);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

}  // namespace pare
