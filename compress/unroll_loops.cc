#include "compress/unroll_loops.h"

#include <algorithm>

#include "compress/rewrite.h"
#include "compress/subgraphs.h"

namespace pare {
namespace {

constexpr int64_t kMaxNodes = 16;  // of all iterations together, where there are several

// Whether the body's condition output is true whenever its condition input is.
bool keeps_going(const Graph& body) {
  ValueId condition = body.outputs[0];
  while (const Node* source = producer_as<Unary>(body, condition)) {
    if (!as<Unary>(source->op, Unary::Kind::Identity)) return false;
    condition = source->inputs[0];
  }
  return condition == body.inputs[1] || uniform_constant(body, condition).value_or(0) != 0;
}

// How often the body runs, if that is certain.
std::optional<int64_t> trip_count(const Graph& graph, const Node& node, const Graph& body) {
  const ValueId limit = input_of(node, 0), condition = input_of(node, 1);
  if (condition != ValueId::none) {
    const std::optional<double> first = uniform_constant(graph, condition);
    if (!first) return std::nullopt;
    if (*first == 0) return 0;
  }
  if (limit == ValueId::none) return std::nullopt;
  const std::optional<double> count = uniform_constant(graph, limit);
  if (!count) return std::nullopt;
  if (*count <= 1) return std::max<int64_t>(0, static_cast<int64_t>(*count));
  return *count <= kMaxNodes && keeps_going(body) ? std::optional(static_cast<int64_t>(*count)) : std::nullopt;
}

// What one output gave out over the iterations, along a new first axis.
ValueId joined(Graph& graph, NodeId before, const std::vector<ValueId>& parts) {
  ValueId axes = graph.add_constant("", Tensor::of<int64_t>({1}, {0}));
  std::vector<ValueId> rows;
  for (ValueId part : parts) rows.push_back(graph.add(Unsqueeze{}, {part, axes}, "", before));
  return rows.size() == 1 ? rows[0] : graph.add(Concat{.axis = 0}, rows, "", before);
}

bool unroll(Graph& graph, NodeId id) {
  const Node node = graph.node(id);
  const GraphPtr body = as<Loop>(node.op)->body;
  const size_t carried = node.inputs.size() - 2;
  if (!body || body->inputs.size() != carried + 2 || body->outputs.size() != node.outputs.size() + 1 ||
      node.outputs.size() < carried) {
    return false;
  }
  const std::optional<int64_t> trips = trip_count(graph, node, *body);
  const bool gives_out = node.outputs.size() > carried;
  if (!trips || (*trips == 0 && gives_out) || (*trips > 1 && *trips * count_nodes(*body) > kMaxNodes)) return false;

  std::vector<ValueId> state(node.inputs.begin() + 2, node.inputs.end());
  if (std::ranges::count(state, ValueId::none) > 0) return false;
  std::vector<std::vector<ValueId>> given(node.outputs.size() - carried);
  ValueId condition = graph.add_constant("", Tensor::scalar(true));
  for (int64_t trip = 0; trip < *trips; ++trip) {
    std::vector<ValueId> inputs{graph.add_constant("", Tensor::scalar(trip)), condition};
    inputs.insert(inputs.end(), state.begin(), state.end());
    const std::vector<ValueId> outputs = splice(graph, id, *body, inputs);
    state.assign(outputs.begin() + 1, outputs.begin() + 1 + static_cast<std::ptrdiff_t>(carried));
    for (size_t i = 0; i < given.size(); ++i) given[i].push_back(outputs[1 + carried + i]);
  }
  for (const auto& parts : given) state.push_back(joined(graph, id, parts));
  place_body(graph, id, state);
  return true;
}

}  // namespace

int unroll_loops(Graph& graph) {
  int changed = 0;
  for (NodeId id : std::vector<NodeId>(graph.order())) changed += as<Loop>(graph.node(id).op) && unroll(graph, id);
  if (changed > 0) graph.remove_unused();
  return changed;
}

}  // namespace pare
