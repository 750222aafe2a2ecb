#include "compress/subgraphs.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "compress/rewrite.h"

namespace pare {
namespace {

// Calls `f` with every field that is a graph; `op` may be const.
void visit_graphs(auto& op, const auto& f) {
  const auto visit = [&]<class T>(std::string_view name, T& field) {
    if constexpr (std::is_same_v<std::remove_const_t<T>, GraphPtr>) {
      if (field) f(name, field);
    }
  };
  std::visit(
      [&]<class O>(O& o) {
        if constexpr (std::is_same_v<std::remove_const_t<O>, Opaque>) {
          for (auto& attribute : o.attributes) {
            if (auto* graph = std::get_if<GraphPtr>(&attribute.value)) visit(std::string_view(attribute.name), *graph);
          }
        } else {
          O::fields(o, visit);
        }
      },
      op.variant());
}

// In a subgraph, and in those it holds, the captured value `from` by its new name.
GraphPtr renamed_capture(const GraphPtr& graph, const std::string& from, const std::string& to) {
  const auto id = graph->find(from);
  if (!id || std::ranges::count(graph->captured, *id) == 0) return graph;
  auto copy = std::make_shared<Graph>(*graph);
  const auto present = copy->find(to);
  if (present && std::ranges::count(copy->captured, *present) > 0) {  // both: one is enough
    for (NodeId node : copy->order()) recapture(*copy, node, *id, *present);
    copy->replace_uses(*id, *present);
    std::erase(copy->captured, *id);
    copy->remove_value(*id);
    return copy;
  }
  if (present) rename_value(*copy, *present, to + "_inner");
  rename_value(*copy, *id, to);
  return copy;
}

// Every name of the graph and of the graphs around it.
using Names = std::unordered_set<std::string>;

void settle(Graph& graph, const Names& around) {
  bool any = false;
  for (NodeId id : graph.order()) any = any || has_subgraphs(graph.node(id).op);
  if (around.empty() && !any) return;
  for (ValueId id : graph.values()) {
    if (!around.contains(graph.value(id).name) || std::ranges::count(graph.captured, id) > 0) continue;
    std::string name = graph.value(id).name;
    for (int suffix = 1; around.contains(name) || graph.find(name); ++suffix) {
      name = graph.value(id).name + '_' + std::to_string(suffix);
    }
    rename_value(graph, id, name);
  }
  if (!any) return;
  Names names = around;
  for (ValueId id : graph.values()) names.insert(graph.value(id).name);
  for (NodeId id : graph.order()) {
    for_each_subgraph(graph.node(id).op, [&](std::string_view, GraphPtr& body) {
      auto copy = std::make_shared<Graph>(*body);
      settle(*copy, names);
      body = std::move(copy);
    });
  }
}

}  // namespace

void for_each_subgraph(Op& op, const std::function<void(std::string_view, GraphPtr&)>& f) { visit_graphs(op, f); }

void for_each_subgraph(const Op& op, const std::function<void(std::string_view, const Graph&)>& f) {
  visit_graphs(op, [&](std::string_view name, const GraphPtr& graph) { f(name, *graph); });
}

bool has_subgraphs(const Op& op) {
  bool any = false;
  for_each_subgraph(op, [&](std::string_view, const Graph&) { any = true; });
  return any;
}

int count_nodes(const Graph& graph) {
  int count = 0;
  for (NodeId id : graph.order()) {
    ++count;
    for_each_subgraph(graph.node(id).op, [&](std::string_view, const Graph& body) { count += count_nodes(body); });
  }
  return count;
}

void recapture(Graph& graph, NodeId id, ValueId from, ValueId to) {
  Node& node = graph.node(id);
  if (std::ranges::count(node.captures, from) == 0) return;
  for_each_subgraph(node.op, [&](std::string_view, GraphPtr& body) {
    body = renamed_capture(body, graph.value(from).name, graph.value(to).name);
  });
  refresh_captures(graph, id);
}

void refresh_captures(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  std::vector<ValueId> captures;
  for_each_subgraph(node.op, [&](std::string_view, GraphPtr& body) {
    for (ValueId captured : body->captured) {
      const auto outer = graph.find(body->value(captured).name);
      if (outer && std::ranges::count(captures, *outer) == 0) captures.push_back(*outer);
    }
  });
  node.captures = std::move(captures);
}

void drop_unused_captures(Graph& body) {
  Uses uses(body);
  for (ValueId id : std::vector<ValueId>(body.captured)) {
    if (!uses.of(id).empty() || uses.is_output(id)) continue;
    std::erase(body.captured, id);
    body.remove_value(id);
  }
}

std::vector<ValueId> splice(Graph& graph, NodeId before, const Graph& body, const std::vector<ValueId>& inputs) {
  std::unordered_map<int32_t, ValueId> outer;
  const auto at = [&](ValueId id) { return id == ValueId::none ? id : outer.at(static_cast<int32_t>(id)); };
  for (size_t i = 0; i < body.inputs.size(); ++i) outer[static_cast<int32_t>(body.inputs[i])] = inputs[i];
  for (ValueId id : body.captured) {
    outer[static_cast<int32_t>(id)] = graph.find(body.value(id).name).value_or(ValueId::none);
  }
  for (ValueId id : body.values()) {
    if (outer.contains(static_cast<int32_t>(id))) continue;
    const Value& value = body.value(id);
    if (value.constant) {
      outer[static_cast<int32_t>(id)] = graph.add_constant(value.name, *value.constant);
      continue;
    }
    // What a subgraph declares is often wrong; inference says it better.
    Type type = value.type;
    if (value.producer != NodeId::none && !as<Opaque>(body.node(value.producer).op)) type.shape.reset();
    outer[static_cast<int32_t>(id)] = graph.add_value(value.name, std::move(type));
  }
  for (NodeId id : body.order()) {
    Node copy = body.node(id);
    for (ValueId capture : copy.captures) {
      const std::string& from = body.value(capture).name;
      const std::string& to = graph.value(at(capture)).name;
      if (from == to) continue;
      for_each_subgraph(copy.op, [&](std::string_view, GraphPtr& inner) { inner = renamed_capture(inner, from, to); });
    }
    for (auto* list : {&copy.inputs, &copy.outputs}) std::ranges::transform(*list, list->begin(), at);
    const NodeId placed = graph.add_node(std::move(copy.op), std::move(copy.inputs), std::move(copy.outputs),
                                         std::move(copy.name), before);
    refresh_captures(graph, placed);
  }
  std::vector<ValueId> outputs;
  for (ValueId id : body.outputs) outputs.push_back(at(id));
  return outputs;
}

void place_body(Graph& graph, NodeId id, const std::vector<ValueId>& results) {
  const std::vector<ValueId> outputs = graph.node(id).outputs;
  const auto& order = graph.order();
  const auto at = std::ranges::find(order, id) + 1;
  const NodeId before = at == order.end() ? NodeId::none : *at;
  graph.remove_node(id);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i] == ValueId::none) continue;
    const bool declared = std::ranges::count(graph.outputs, outputs[i]) > 0;
    if (!declared) graph.value(outputs[i]).type.shape.reset();
    graph.add_node(Unary{}, {results[i]}, {outputs[i]}, "", before);
  }
}

void settle_names(Graph& graph) { settle(graph, {}); }

}  // namespace pare
