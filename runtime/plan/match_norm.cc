// Normalization of rows, as one operator or in the parts that exporters write; reductions.
#include <algorithm>

#include "runtime/plan/builder.h"

namespace pare {
namespace {

// The axes a Reduce takes together, normalized and sorted; none where they are not constant.
std::optional<std::vector<size_t>> reduced_axes(const Builder& builder, const Node& node) {
  const auto* op = as<Reduce>(node.op);
  const auto rank = static_cast<int64_t>(builder.dims(node.inputs[0]).size());
  std::vector<size_t> axes;
  if (node.inputs.size() > 1 && node.inputs[1] != ValueId::none) {
    const Tensor* given = builder.constant(node.inputs[1]);
    if (given == nullptr) return std::nullopt;
    for (const int64_t axis : given->ints()) axes.push_back(static_cast<size_t>(axis < 0 ? axis + rank : axis));
  }
  if (axes.empty()) {
    if (op->noop_with_empty_axes != 0) return std::nullopt;
    for (int64_t i = 0; i < rank; ++i) axes.push_back(static_cast<size_t>(i));
  }
  std::sort(axes.begin(), axes.end());
  return axes;
}

// value -> its mean along the last axis, kept
bool is_row_mean(const Builder& builder, NodeId id, ValueId value) {
  if (id == NodeId::none) return false;
  const Node& node = builder.node(id);
  const auto* op = as<Reduce>(node.op, Reduce::Kind::Mean);
  if (!op || op->keepdims == 0 || node.inputs[0] != value || builder.dims(value).empty()) return false;
  const auto axes = reduced_axes(builder, node);
  return axes && *axes == std::vector<size_t>{builder.dims(value).size() - 1};
}

bool is_square(const Builder& builder, NodeId id, ValueId value) {
  const Node& node = builder.node(id);
  if (as<Binary>(node.op, Binary::Kind::Pow)) return node.inputs[0] == value && scalar_input(builder, node, 1) == 2.0f;
  return as<Binary>(node.op, Binary::Kind::Mul) && node.inputs[0] == value && node.inputs[1] == value;
}

bool is_unary(const Builder& builder, NodeId id, Unary::Kind kind) {
  return id != NodeId::none && as<Unary>(builder.node(id).op, kind) != nullptr;
}

// The operand of a two-operand node that is not `value`, in the given place or either.
std::optional<ValueId> other_operand(const Node& node, Binary::Kind kind, ValueId value, bool value_first) {
  if (!as<Binary>(node.op, kind)) return std::nullopt;
  if (node.inputs[0] == value) return node.inputs[1];
  if (!value_first && node.inputs[1] == value) return node.inputs[0];
  return std::nullopt;
}

struct NormMatch {
  ValueId x = ValueId::none, out = ValueId::none;
  bool centre = false;
  float epsilon = 0;
  std::vector<float> scale, shift;  // empty: 1, 0
  std::vector<NodeId> nodes;
};

// From the square of `numerator` on: / sqrt(mean + epsilon).
bool match_root(const Builder& builder, NodeId square, ValueId numerator, NormMatch& match) {
  const auto next = [&](NodeId id) { return builder.sole_user(builder.node(id).outputs[0]); };
  const auto out = [&](NodeId id) { return builder.node(id).outputs[0]; };
  const NodeId mean = next(square);
  if (!is_row_mean(builder, mean, out(square))) return false;
  const NodeId sum = next(mean);
  if (sum == NodeId::none) return false;
  const auto epsilon = other_operand(builder.node(sum), Binary::Kind::Add, out(mean), false);
  const Tensor* constant = epsilon ? builder.constant(*epsilon) : nullptr;
  if (constant == nullptr || constant->size() != 1 || constant->dtype() != DType::float32) return false;
  match.epsilon = constant->data<float>()[0];
  const NodeId root = next(sum);
  if (!is_unary(builder, root, Unary::Kind::Sqrt)) return false;
  match.nodes.insert(match.nodes.end(), {square, mean, sum, root});
  NodeId last = next(root);
  if (last == NodeId::none) return false;
  const Node& divide = builder.node(last);
  const bool inverse = as<Binary>(divide.op, Binary::Kind::Div) && divide.inputs[1] == out(root) &&
                       scalar_input(builder, divide, 0) == 1.0f;
  if (inverse || is_unary(builder, last, Unary::Kind::Reciprocal)) {
    match.nodes.push_back(last);
    const NodeId product = next(last);
    if (product == NodeId::none) return false;
    if (other_operand(builder.node(product), Binary::Kind::Mul, out(last), false) != numerator) return false;
    last = product;
  } else if (!as<Binary>(divide.op, Binary::Kind::Div) || divide.inputs[0] != numerator ||
             divide.inputs[1] != out(root)) {
    return false;
  }
  match.nodes.push_back(last);
  match.out = out(last);
  return builder.dims(match.out) == builder.dims(numerator);
}

// A constant per column behind the normalization.
void match_scale_and_shift(const Builder& builder, NormMatch& match) {
  for (const auto kind : {Binary::Kind::Mul, Binary::Kind::Add}) {
    const NodeId user = builder.sole_user(match.out);
    if (user == NodeId::none) return;
    const Node& node = builder.node(user);
    const auto operand = other_operand(node, kind, match.out, false);
    const Dims& dims = builder.dims(match.out);
    const Tensor* constant = operand && builder.dims(node.outputs[0]) == dims ? builder.constant(*operand) : nullptr;
    auto values = constant ? per_axis(*constant, dims, dims.size() - 1) : std::nullopt;
    if (!values) continue;
    (kind == Binary::Kind::Mul ? match.scale : match.shift) = *std::move(values);
    match.out = node.outputs[0];
    match.nodes.push_back(user);
  }
}

std::optional<NormMatch> match_parts(const Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  if (node.inputs.empty() || node.inputs[0] == ValueId::none || builder.dtype(node.inputs[0]) != DType::float32)
    return std::nullopt;
  NormMatch match;
  match.x = node.inputs[0];
  if (is_square(builder, id, match.x)) {
    if (builder.claimed(id) || !match_root(builder, id, match.x, match)) return std::nullopt;
  } else if (is_row_mean(builder, id, match.x)) {
    const NodeId difference = builder.sole_user(node.outputs[0]);
    if (difference == NodeId::none) return std::nullopt;
    const Node& sub = builder.node(difference);
    if (!as<Binary>(sub.op, Binary::Kind::Sub) || sub.inputs[0] != match.x || sub.inputs[1] != node.outputs[0])
      return std::nullopt;
    match.centre = true;
    match.nodes = {id, difference};
    const auto users = builder.users(sub.outputs[0]);
    const auto square =
        std::find_if(users.begin(), users.end(), [&](NodeId u) { return is_square(builder, u, sub.outputs[0]); });
    if (square == users.end() || !match_root(builder, *square, sub.outputs[0], match)) return std::nullopt;
    for (const NodeId user : users)
      if (std::find(match.nodes.begin(), match.nodes.end(), user) == match.nodes.end()) return std::nullopt;
  } else {
    return std::nullopt;
  }
  match_scale_and_shift(builder, match);
  return match;
}

// Scale or shift of a normalization operator: a constant over exactly the normalized axes.
bool read_weights(const Builder& builder, const Node& node, size_t slot, int64_t columns, std::vector<float>& to) {
  if (slot >= node.inputs.size() || node.inputs[slot] == ValueId::none) return true;
  const Tensor* constant = builder.constant(node.inputs[slot]);
  if (!constant || constant->dtype() != DType::float32 || constant->size() != columns) return false;
  to = constant->floats();
  return true;
}

std::optional<NormMatch> match_operator(const Builder& builder, NodeId id, int64_t& columns) {
  const Node& node = builder.node(id);
  const auto* op = as<LayerNormalization>(node.op);
  if (!op || builder.dtype(node.inputs[0]) != DType::float32) return std::nullopt;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != ValueId::none) return std::nullopt;
  const Dims& dims = builder.dims(node.inputs[0]);
  const int64_t axis = op->axis < 0 ? op->axis + static_cast<int64_t>(dims.size()) : op->axis;
  columns = count_of(dims, static_cast<size_t>(axis), dims.size());
  NormMatch match{.x = node.inputs[0], .out = node.outputs[0], .centre = true, .epsilon = op->epsilon, .nodes = {id}};
  if (!read_weights(builder, node, 1, columns, match.scale) || !read_weights(builder, node, 2, columns, match.shift))
    return std::nullopt;
  return match;
}

}  // namespace

bool begins_norm(const Builder& builder, NodeId id) { return match_parts(builder, id).has_value(); }

bool match_norm(Builder& builder, NodeId id) {
  int64_t columns = 0;
  auto match = match_operator(builder, id, columns);
  if (!match && (match = match_parts(builder, id))) columns = builder.dims(match->x).back();
  if (!match || count_of(builder.dims(match->x)) == 0) return false;
  for (const NodeId node : match->nodes) builder.claim(node);
  const int in = builder.require(match->x, Order::onnx);
  const int out = builder.create(match->out, Order::onnx);
  const int64_t rows = count_of(builder.dims(match->x)) / columns;
  Step step{.kernel = match->centre ? "layernorm.float" : "rmsnorm.float",
            .nodes = match->nodes,
            .reads = {in},
            .writes = {out},
            .in_place = 0};
  step.run = [=, m = *std::move(match)](const Frame& frame) {
    const auto pointer = [](const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); };
    frame.kernels.normalize(m.centre, m.epsilon, frame.at<const float>(in), pointer(m.scale), pointer(m.shift),
                            frame.at<float>(out), rows, columns, frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

namespace {

std::optional<ReduceOp> reduce_op(Reduce::Kind kind) {
  switch (kind) {
    case Reduce::Kind::Sum:
      return ReduceOp::sum;
    case Reduce::Kind::Mean:
      return ReduceOp::mean;
    case Reduce::Kind::Max:
      return ReduceOp::max;
    case Reduce::Kind::Min:
      return ReduceOp::min;
    case Reduce::Kind::SumSquare:
      return ReduceOp::sum_of_squares;
    case Reduce::Kind::L1:
      return ReduceOp::l1;
    case Reduce::Kind::L2:
      return ReduceOp::l2;
    default:
      return std::nullopt;
  }
}

// Neighbouring axes, those of one element aside, as [outer, size, inner].
struct Reduced {
  int64_t outer = 1, size = 1, inner = 1;
};

std::optional<Reduced> reduced_as_one(const Dims& dims, const std::vector<size_t>& axes) {
  Reduced reduced;
  bool begun = false, ended = false;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    const bool taken = std::find(axes.begin(), axes.end(), i) != axes.end();
    if (taken && ended) return std::nullopt;
    ended = ended || (begun && !taken);
    begun = begun || taken;
    (taken ? reduced.size : begun ? reduced.inner : reduced.outer) *= dims[i];
  }
  return reduced;
}

}  // namespace

bool match_reduce(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<Reduce>(node.op);
  if (!op || builder.dtype(node.inputs[0]) != DType::float32) return false;
  const auto kind = reduce_op(op->kind);
  const Dims& dims = builder.dims(node.inputs[0]);
  if (!kind || count_of(dims) == 0) return false;
  auto axes = reduced_axes(builder, node);
  if (!axes) return false;
  const bool last = preferred_order(builder, {node.inputs[0]}) == Order::channels_last &&
                    std::find(axes->begin(), axes->end(), 1u) == axes->end() && (*axes)[0] >= 2 &&
                    axes->size() == dims.size() - 2;
  std::optional<Reduced> reduced;
  if (last)
    reduced = Reduced{dims[0], count_of(dims, 2, dims.size()), dims[1]};
  else
    reduced = reduced_as_one(dims, *axes);
  if (!reduced) return false;
  builder.claim(id);
  const int in = builder.require(node.inputs[0], last ? Order::channels_last : Order::onnx);
  const int out = builder.create(node.outputs[0], Order::onnx);
  builder.add({.kernel = "reduce.float",
               .nodes = {id},
               .reads = {in},
               .writes = {out},
               .run = [=, kind = *kind, r = *reduced](const Frame& frame) {
                 frame.kernels.reduce(kind, r.outer, r.size, r.inner, frame.at<const float>(in), frame.at<float>(out),
                                      frame.pool);
                 return Result<void>();
               }});
  return true;
}

}  // namespace pare
