// Element-wise operators on floats, and those that follow them, as one program over the elements of their result.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "runtime/fast/float_expression.h"
#include "runtime/plan/box.h"
#include "runtime/plan/builder.h"

namespace pare {
namespace {

constexpr int64_t kFewElements = 4096;  // up to which strided reading costs less than a copy in order
constexpr size_t kMostOutputs = 4, kMostNodes = 16;

std::optional<ExpressionOp> unary_op(Unary::Kind kind) {
  switch (kind) {
    case Unary::Kind::Abs:
      return ExpressionOp::abs;
    case Unary::Kind::Ceil:
      return ExpressionOp::ceil;
    case Unary::Kind::Cos:
      return ExpressionOp::cos;
    case Unary::Kind::Erf:
      return ExpressionOp::erf;
    case Unary::Kind::Exp:
      return ExpressionOp::exp;
    case Unary::Kind::Floor:
      return ExpressionOp::floor;
    case Unary::Kind::Log:
      return ExpressionOp::log;
    case Unary::Kind::Neg:
      return ExpressionOp::neg;
    case Unary::Kind::Reciprocal:
      return ExpressionOp::reciprocal;
    case Unary::Kind::Round:
      return ExpressionOp::round;
    case Unary::Kind::Sin:
      return ExpressionOp::sin;
    case Unary::Kind::Softplus:
      return ExpressionOp::softplus;
    case Unary::Kind::Sqrt:
      return ExpressionOp::sqrt;
    default:
      return std::nullopt;
  }
}

std::optional<ExpressionOp> two_op(const Op& op) {
  if (const auto* binary = as<Binary>(op)) {
    if (binary->kind == Binary::Kind::Add) return ExpressionOp::add;
    if (binary->kind == Binary::Kind::Sub) return ExpressionOp::sub;
    if (binary->kind == Binary::Kind::Mul) return ExpressionOp::mul;
    if (binary->kind == Binary::Kind::Div) return ExpressionOp::div;
    if (binary->kind == Binary::Kind::Pow) return ExpressionOp::pow;
  }
  if (const auto* variadic = as<Variadic>(op)) {
    if (variadic->kind == Variadic::Kind::Max) return ExpressionOp::max;
    if (variadic->kind == Variadic::Kind::Min) return ExpressionOp::min;
    if (variadic->kind == Variadic::Kind::Sum) return ExpressionOp::add;
  }
  return std::nullopt;
}

// What a node computes of its first one or two inputs.
struct Part {
  ExpressionOp op;
  Activation activation;
  bool two = false;
  bool square = false;  // the operand by itself
};

std::optional<Part> part_of(const Builder& builder, const Node& node) {
  if (node.outputs.size() != 1 || builder.dtype(node.outputs[0]) != DType::float32) return std::nullopt;
  if (const auto activation = activation_of(builder, node)) return Part{ExpressionOp::activate, *activation};
  if (const auto* unary = as<Unary>(node.op)) {
    const auto op = unary_op(unary->kind);
    return op ? std::optional<Part>(Part{*op, {}}) : std::nullopt;
  }
  if (const auto* elu = as<Elu>(node.op)) return Part{ExpressionOp::elu, {ActivationKind::none, elu->alpha, 0}};
  const auto op = two_op(node.op);
  if (!op || node.inputs.size() != 2) return std::nullopt;
  if (*op == ExpressionOp::pow) {
    const auto exponent = scalar_input(builder, node, 1);
    if (exponent == 2.0f) return Part{ExpressionOp::mul, {}, true, true};
    if (exponent == 0.5f) return Part{ExpressionOp::sqrt, {}};
  }
  return Part{*op, {}, true};
}

class Chain {
 public:
  Chain(Builder& builder, NodeId head) : builder_(builder), dims_(builder.dims(builder.node(head).outputs[0])) {
    add(head);
  }

  // Takes in nodes that follow, and what they need besides, until none fits.
  void grow() {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      for (const NodeId user : builder_.all_users(builder_.node(nodes_[i]).outputs[0])) {
        std::vector<NodeId> more;
        if (!collect(user, more) || !fits(more)) continue;
        for (const NodeId id : more) add(id);
        i = static_cast<size_t>(-1);  // earlier values may have users that fit now
        break;
      }
    }
  }

  void emit() {
    const Order order = order_of_operands();
    for (const NodeId id : nodes_) builder_.claim(id);
    const std::vector<ValueId> outputs = outputs_of();
    bind_operands(order);
    Step step{.kernel = nodes_.size() == 1 ? "elementwise.float" : "chain.float", .nodes = nodes_};
    std::map<ValueId, int> slots = operand_slots_;
    add_steps(slots, outputs);
    step.reads = operand_values_;
    for (const ValueId out : outputs) step.writes.push_back(builder_.create(out, order));
    step.in_place = outputs.size() == 1 ? writable_operand(order) : -1;
    simplify(expression_);
    step.run = [expression = expression_, reads = step.reads, writes = step.writes](const Frame& frame) {
      const float* operands[Expression::kSlots];
      float* results[kMostOutputs];
      for (size_t i = 0; i < reads.size(); ++i) operands[i] = frame.at<const float>(reads[i]);
      for (size_t i = 0; i < writes.size(); ++i) results[i] = frame.at<float>(writes[i]);
      frame.kernels.evaluate(expression, operands, results, frame.pool);
      return Result<void>();
    };
    builder_.add(std::move(step));
  }

 private:
  bool inside(ValueId id) const { return values_.count(id) > 0; }

  void add(NodeId id) {
    nodes_.push_back(id);
    const Node& node = builder_.node(id);
    values_.insert(node.outputs[0]);
    for (size_t i = 0; i < operand_count(node); ++i)
      if (!inside(node.inputs[i])) operands_.insert(node.inputs[i]);
  }

  size_t operand_count(const Node& node) const {
    const auto part = part_of(builder_, node);
    return part && part->two && !part->square ? 2 : 1;
  }

  // The node, behind those that compute its operands and could join as well; false where one of them cannot.
  bool collect(NodeId id, std::vector<NodeId>& more) const {
    if (std::find(more.begin(), more.end(), id) != more.end()) return true;
    const Node& node = builder_.node(id);
    if (builder_.claimed(id) || builder_.folded(id) || std::find(nodes_.begin(), nodes_.end(), id) != nodes_.end())
      return false;
    if (!part_of(builder_, node) || builder_.dims(node.outputs[0]) != dims_ || begins_norm(builder_, id)) return false;
    if (nodes_.size() + more.size() >= kMostNodes) return false;
    for (size_t i = 0; i < operand_count(node); ++i) {
      const ValueId in = node.inputs[i];
      if (inside(in)) continue;
      if (builder_.dtype(in) != DType::float32) return false;
      if (builder_.available(in) ? quantized_operand(builder_, in).has_value()
                                 : !collect(builder_.graph.value(in).producer, more))
        return false;
    }
    more.push_back(id);
    return true;
  }

  // Slots and outputs suffice.
  bool fits(const std::vector<NodeId>& more) const {
    std::set<NodeId> members(nodes_.begin(), nodes_.end());
    members.insert(more.begin(), more.end());
    std::set<ValueId> results = values_, operands = operands_;
    for (const NodeId id : more) results.insert(builder_.node(id).outputs[0]);
    for (const NodeId id : more) {
      const Node& node = builder_.node(id);
      for (size_t i = 0; i < operand_count(node); ++i)
        if (results.count(node.inputs[i]) == 0) operands.insert(node.inputs[i]);
    }
    const auto outputs = std::count_if(results.begin(), results.end(),
                                       [&](ValueId value) { return builder_.used_beyond(value, members); });
    return operands.size() + members.size() <= Expression::kSlots && static_cast<size_t>(outputs) <= kMostOutputs;
  }

  Order order_of_operands() const {
    std::vector<ValueId> full;
    for (const ValueId id : operands_)
      if (builder_.dims(id) == dims_) full.push_back(id);
    return dims_.size() < 3 ? Order::onnx : preferred_order(builder_, full);
  }

  // In the order in which the nodes compute them; the last one is written last.
  std::vector<ValueId> outputs_of() const {
    std::vector<ValueId> outputs;
    const std::set<NodeId> members(nodes_.begin(), nodes_.end());
    for (const NodeId id : nodes_) {
      const ValueId out = builder_.node(id).outputs[0];
      if (builder_.used_beyond(out, members)) outputs.push_back(out);
    }
    return outputs;
  }

  // Strides over the result's axes, in the order in which the result lies.
  View view_of(ValueId id, Order order) {
    const Dims& own = builder_.dims(id);
    View view;
    if (own == dims_ && order == Order::channels_last) {
      view = {builder_.require(id, order), 0, strides_in(own, order)};
    } else {
      view = builder_.view(id);
      const int64_t last = own.empty() ? 0 : view.strides.back();
      const bool near = own.empty() || own.back() == 1 || (last >= 0 && last <= 4) || count_of(dims_) <= kFewElements;
      if (!near) view = {builder_.require(id, Order::onnx), 0, strides_in(own, Order::onnx)};
    }
    std::vector<int64_t> full(dims_.size(), 0);
    const size_t shift = dims_.size() - own.size();
    for (size_t i = 0; i < own.size(); ++i)
      if (own[i] != 1) full[shift + i] = view.strides[i];
    view.strides = std::move(full);
    if (order == Order::channels_last)
      std::rotate(view.strides.begin() + 1, view.strides.begin() + 2, view.strides.end());
    return view;
  }

  void bind_operands(Order order) {
    expression_.dims = order == Order::channels_last ? channels_last(dims_) : dims_;
    for (const ValueId id : operands_) {
      View view = view_of(id, order);
      operand_slots_[id] = static_cast<int>(operand_values_.size());
      operand_values_.push_back(view.value);
      expression_.operands.push_back({std::move(view.strides), view.offset});
    }
  }

  void add_steps(std::map<ValueId, int>& slots, const std::vector<ValueId>& outputs) {
    int next = static_cast<int>(operand_values_.size());
    for (const NodeId id : nodes_) {
      const Node& node = builder_.node(id);
      const Part part = *part_of(builder_, node);
      ExpressionStep step{.op = part.op, .activation = part.activation, .a = slots.at(node.inputs[0])};
      step.b = part.two ? slots.at(node.inputs[part.square ? 0 : 1]) : 0;
      step.to = next++;
      const auto output = std::find(outputs.begin(), outputs.end(), node.outputs[0]);
      if (output != outputs.end()) step.output = static_cast<int>(output - outputs.begin());
      slots[node.outputs[0]] = step.to;
      expression_.steps.push_back(step);
    }
  }

  // An operand that is read element by element as the only output is written, and by itself. Only where that output is
  // computed last: what comes after could not read the operand any more.
  int writable_operand(Order order) const {
    if (expression_.steps.back().output < 0) return -1;
    const Dims dims = order == Order::channels_last ? channels_last(dims_) : dims_;
    const auto contiguous = strides_in(dims, Order::onnx);
    for (size_t i = 0; i < operand_values_.size(); ++i) {
      const ExpressionOperand& operand = expression_.operands[i];
      bool fits = operand.offset == 0 && operand.strides == contiguous;
      for (size_t k = 0; k < operand_values_.size(); ++k)
        fits = fits && (k == i || builder_.plan_value(operand_values_[k]).storage !=
                                      builder_.plan_value(operand_values_[i]).storage);
      if (fits) return static_cast<int>(i);
    }
    return -1;
  }

  Builder& builder_;
  const Dims& dims_;
  std::vector<NodeId> nodes_;
  std::set<ValueId> values_, operands_;
  std::map<ValueId, int> operand_slots_;
  std::vector<int> operand_values_;
  Expression expression_;
};

}  // namespace

bool match_chain(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto part = part_of(builder, node);
  if (!part || count_of(builder.dims(node.outputs[0])) == 0) return false;
  for (size_t i = 0; i < (part->two && !part->square ? 2u : 1u); ++i)
    if (builder.dtype(node.inputs[i]) != DType::float32) return false;
  Chain chain(builder, id);
  chain.grow();
  chain.emit();
  return true;
}

}  // namespace pare
