#include "compress/subgraph_passes.h"

#include <algorithm>
#include <map>

#include "compress/subgraphs.h"
#include "graph/infer.h"

namespace pare {
namespace {

// While a pass runs, what a subgraph captures and the outer graph holds as a constant is a constant of its own (the
// bytes are shared), and captured values have the types they have outside.
std::map<std::string, Tensor> bring_in(Graph& body, const Graph& around) {
  std::map<std::string, Tensor> constants;
  for (ValueId id : std::vector<ValueId>(body.captured)) {
    const auto outer = around.find(body.value(id).name);
    if (!outer) continue;
    const Value& value = around.value(*outer);
    if (value.constant) {
      std::erase(body.captured, id);
      body.set_constant(id, *value.constant);
      constants.emplace(value.name, *value.constant);
    } else {
      body.value(id).type = value.type;
    }
  }
  return constants;
}

// Constants that are still what they were are captured again; others have become the subgraph's own.
void take_out(Graph& body, const std::map<std::string, Tensor>& constants) {
  for (const auto& [name, tensor] : constants) {
    const auto id = body.find(name);
    if (!id || !body.value(*id).constant) continue;
    const Tensor& now = *body.value(*id).constant;
    if (now.dtype() != tensor.dtype() || now.dims() != tensor.dims() || now.bytes().data() != tensor.bytes().data())
      continue;
    body.value(*id).constant.reset();
    body.captured.push_back(*id);
  }
  drop_unused_captures(body);
}

int run_on_subgraph(Graph& body, const Graph& around, const SimplifyPass& pass, int64_t opset) {
  const auto constants = bring_in(body, around);
  if (!infer_types(body).ok()) return 0;
  const int changed = run_pass(body, pass, opset);
  if (changed > 0) take_out(body, constants);
  return changed;
}

}  // namespace

int run_pass(Graph& graph, const SimplifyPass& pass, int64_t opset) {
  int changed = pass.run(graph, opset);
  bool stale = changed > 0;  // types are inferred before subgraphs see them
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    if (!has_subgraphs(graph.node(id).op)) continue;
    if (stale && !infer_types(graph).ok()) return changed;
    stale = false;
    int inside = 0;
    for_each_subgraph(graph.node(id).op, [&](std::string_view, GraphPtr& body) {
      auto copy = std::make_shared<Graph>(*body);
      const int here = run_on_subgraph(*copy, graph, pass, opset);
      if (here > 0) body = std::move(copy);
      inside += here;
    });
    if (inside > 0) refresh_captures(graph, id);
    changed += inside;
  }
  if (changed > 0) graph.remove_unused();
  return changed;
}

}  // namespace pare
