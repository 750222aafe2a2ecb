#include <algorithm>

#include "formats/onnx/downgrade.h"
#include "formats/onnx/types.h"
#include "formats/onnx/upgrade.h"

namespace pare::onnx_format {

std::optional<int64_t> GraphBuilder::rank(ValueId id) const {
  if (id == ValueId::none || !type(id).shape) return std::nullopt;
  return static_cast<int64_t>(type(id).shape->size());
}

const Tensor* GraphBuilder::constant_of(ValueId id) const {
  if (id == ValueId::none) return nullptr;
  if (graph_.value(id).constant) return &*graph_.value(id).constant;
  const ValueId captured = outside(id);
  return captured == ValueId::none ? nullptr : outer_->constant_of(captured);
}

ValueId GraphBuilder::outside(ValueId id) const {
  const auto& captured = graph_.captured;
  if (!outer_ || std::find(captured.begin(), captured.end(), id) == captured.end()) return ValueId::none;
  return outer_->graph_.find(graph_.value(id).name).value_or(ValueId::none);
}

std::string GraphBuilder::base_of(const LegacyNode& node) const {
  for (const ValueId output : node.outputs) {
    if (output != ValueId::none) return graph_.value(output).name;
  }
  return node.name.empty() ? node.type : node.name;
}

ValueId GraphBuilder::constant(const std::string& base, Tensor tensor) {
  return graph_.add_constant(names_.fresh(base), std::move(tensor));
}

Result<ValueId> GraphBuilder::emit(std::string type, Attributes attributes, std::vector<ValueId> inputs,
                                   const std::string& base) {
  const ValueId output = graph_.add_value(names_.fresh(base));
  LegacyNode node{"", std::move(type), "", kOldestWritten, std::move(attributes), std::move(inputs), {output}, {}, {},
                  ""};
  PARE_TRY(append(std::move(node)));
  return output;
}

Result<void> GraphBuilder::place(LegacyNode node) {
  PARE_TRY(upgrade(node, *this));
  return append(std::move(node));
}

Result<void> GraphBuilder::append(LegacyNode node) {
  while (!node.inputs.empty() && node.inputs.back() == ValueId::none) node.inputs.pop_back();
  Op op = Opaque{node.domain, node.type, node.version, node.attributes, node.reason};
  if (node.reason.empty()) {
    PARE_ASSIGN(op, make_op(node.domain, node.type, node.version, std::move(node.attributes)));
  }
  if (auto* opaque = as<Opaque>(op); opaque && node.domain.empty() && node.reason.empty() && !op_known("", node.type) &&
                                     node.version < kOldestWritten) {
    opaque->version = kOldestWritten;
  }
  const NodeId id = graph_.add_node(std::move(op), std::move(node.inputs), std::move(node.outputs), node.name);
  graph_.node(id).captures = std::move(node.captures);
  graph_.node(id).metadata = std::move(node.metadata);
  infer(id);
  return {};
}

Known GraphBuilder::known(ValueId id) const {
  Known known;
  if (id == ValueId::none) return known;
  known.present = true;
  known.type = type(id);
  known.constant = constant_of(id);
  if (const auto found = contents_.find(static_cast<int32_t>(id)); found != contents_.end()) {
    known.contents = found->second;
  } else if (const ValueId captured = outside(id); captured != ValueId::none) {
    known.contents = outer_->known(captured).contents;
  }
  return known;
}

// A failure here is left to the inference over the finished graph, which names it.
void GraphBuilder::infer(NodeId id) {
  const Node& node = graph_.node(id);
  const Arity arity = op_arity(node.op);
  const auto count = [](size_t n) { return static_cast<int>(n); };
  if (count(node.inputs.size()) < arity.min_inputs || count(node.inputs.size()) > arity.max_inputs ||
      count(node.outputs.size()) < arity.min_outputs || count(node.outputs.size()) > arity.max_outputs) {
    return;
  }
  InferContext context;
  for (const ValueId input : node.inputs) context.inputs.push_back(known(input));
  for (const ValueId id : node.captures) context.captures.emplace_back(graph_.value(id).name, known(id));
  for (const ValueId output : node.outputs) context.outputs.push_back({.present = output != ValueId::none});
  if (!op_infer(node.op, context)) return;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueId output = node.outputs[i];
    if (output == ValueId::none) continue;
    graph_.value(output).type = merge_types(context.outputs[i].type, type(output));
    if (context.outputs[i].contents) contents_[static_cast<int32_t>(output)] = *context.outputs[i].contents;
  }
}

}  // namespace pare::onnx_format
