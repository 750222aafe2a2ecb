#include <algorithm>

#include "formats/onnx/upgrade_rules.h"

namespace pare::onnx_format::rules {
namespace {

// Takes an attribute out of the node; nothing where it is left out.
std::optional<Attribute> take(LegacyNode& node, std::string_view name) {
  const auto found = std::find_if(node.attributes.begin(), node.attributes.end(),
                                  [&](const NamedAttribute& attribute) { return attribute.name == name; });
  if (found == node.attributes.end()) return std::nullopt;
  Attribute value = std::move(found->value);
  node.attributes.erase(found);
  return value;
}

// The type of one element of the batch.
Type without_batch(Type type) {
  if (type.shape && !type.shape->empty()) type.shape->erase(type.shape->begin());
  return type;
}

}  // namespace

// Scan-8(lengths left out, states, scans) {body = b, directions = d}, whose operands have a batch axis and then the
// scanned one -> Scan(states, scans) over the batch, of the body Scan(states, scans) {body = b, directions = d}
Result<void> scan_batch(LegacyNode& node, GraphBuilder& builder) {
  if (node.inputs.empty() || node.inputs[0] != ValueId::none) {
    node.reason = "gives each sequence of a batch a length of its own, which Scan has not done since opset 9";
    return {};
  }
  auto body = take(node, "body");
  auto count = take(node, "num_scan_inputs");
  auto directions = take(node, "directions");
  const GraphPtr* graph = body ? std::get_if<GraphPtr>(&*body) : nullptr;
  if (!graph || !count || !std::holds_alternative<int64_t>(*count)) {
    return input_error("Scan lacks its attributes 'body' and 'num_scan_inputs'");
  }
  Attributes inner{{"body", *graph}, {"num_scan_inputs", *count}};
  if (directions) inner.push_back({"scan_input_directions", *std::move(directions)});
  PARE_ASSIGN(Op scan, make_op("", "Scan", 9, std::move(inner)));
  node.inputs.erase(node.inputs.begin());
  Graph batch;
  batch.name = (*graph)->name;
  const std::string base = builder.base_of(node);
  for (const ValueId id : node.inputs) {
    if (id == ValueId::none) return input_error("Scan leaves out an operand that it needs");
    batch.add_input(builder.fresh_name(base + "_element"), without_batch(builder.type(id)));
  }
  std::vector<ValueId> results, captures;
  for (size_t i = 0; i < node.outputs.size(); ++i)
    results.push_back(batch.add_value(builder.fresh_name(base + "_result")));
  for (const ValueId id : (*graph)->captured) {
    const Value& value = (*graph)->value(id);
    captures.push_back(batch.add_value(value.name, value.type));
  }
  const NodeId id = batch.add_node(std::move(scan), batch.inputs, results);
  batch.node(id).captures = captures;
  batch.captured = std::move(captures);
  batch.outputs = std::move(results);
  (void)infer_types(batch);  // what does not fit is found, and named, where the whole graph is inferred
  node.attributes.push_back({"body", GraphPtr(std::make_shared<const Graph>(std::move(batch)))});
  node.attributes.push_back({"num_scan_inputs", static_cast<int64_t>(node.inputs.size())});
  node.version = 9;
  return {};
}

}  // namespace pare::onnx_format::rules
