#include "compress/fold_constants.h"

#include <algorithm>

#include "compress/rewrite.h"
#include "compress/subgraphs.h"
#include "runtime/kernels.h"

namespace pare {
namespace {

constexpr size_t kGrowth = 64 << 10;    // by which a result may outgrow the operands that it replaces
constexpr size_t kLargest = 64u << 20;  // of a result: larger constants stay as their file maps them

// Constant indices or integers on their way to a Gather from a codebook.
bool feeds_codebook(const Graph& graph, const Uses& uses, ValueId id) {
  return std::ranges::any_of(uses.of(id), [&](const Use& use) {
    const Node& user = graph.node(use.node);
    const Tensor* data = use.slot == 1 && as<Gather>(user.op) ? constant_of(graph, user, 0) : nullptr;
    return data != nullptr && data->rank() == 1 && is_float(data->dtype());
  });
}

bool foldable(const Graph& graph, const Uses& uses, const Node& node) {
  if (as<Opaque>(node.op) || as<DequantizeLinear>(node.op) || has_subgraphs(node.op) || op_random(node.op))
    return false;
  size_t freed_bytes = 0;  // of operands that nothing else uses
  for (ValueId input : node.inputs) {
    if (input == ValueId::none) continue;
    if (!graph.value(input).constant) return false;
    if (uses.single(input)) freed_bytes += graph.value(input).constant->byte_size();
  }
  if (as<Gather>(node.op)) {
    const Tensor* data = constant_of(graph, node, 0);
    if (data->rank() == 1 && is_float(data->dtype()) && constant_of(graph, node, 1)->rank() > 0) return false;
  }
  for (ValueId output : node.outputs) {
    if (output == ValueId::none) continue;
    if (uses.is_output(output) || feeds_codebook(graph, uses, output)) return false;
    std::optional<Dims> dims = graph.value(output).type.dims();
    std::optional<size_t> bytes = dims ? tensor_bytes(graph.value(output).type.dtype, *dims) : std::nullopt;
    if (!bytes || *bytes > freed_bytes + kGrowth || *bytes > kLargest) return false;
  }
  return true;
}

bool fold(Graph& graph, NodeId id) {
  Node node = graph.node(id);
  std::vector<Tensor> operands;
  for (ValueId input : node.inputs)
    operands.push_back(input == ValueId::none ? Tensor() : *graph.value(input).constant);
  Result<std::vector<Tensor>> results = execute(node.op, operands, node.outputs.size());
  if (!results.ok()) return false;
  graph.remove_node(id);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] != ValueId::none) graph.set_constant(node.outputs[i], std::move((*results)[i]));
  }
  return true;
}

}  // namespace

int fold_constants(Graph& graph) {
  int folded = 0;
  Uses uses(graph);
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    if (foldable(graph, uses, graph.node(id)) && fold(graph, id)) ++folded;
  }
  graph.remove_unused();
  return folded;
}

}  // namespace pare
