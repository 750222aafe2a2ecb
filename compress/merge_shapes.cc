#include "compress/merge_shapes.h"

#include <algorithm>
#include <unordered_map>

#include "compress/rewrite.h"
#include "graph/inference.h"

namespace pare {
namespace {

// Type and formulas as text; empty where an element is not known or all are numbers, which fold_shapes makes constants.
std::string formula(const Known& known) {
  if (!known.contents || known.contents->empty() || !known.type.shape) return {};
  std::string text = to_string(known.type);
  bool numbers = true;
  for (const Dim& element : *known.contents) {
    if (element.unknown() && element.size == -1) return {};
    numbers = numbers && element.symbol.empty();
    text += '|' + (element.symbol.empty() ? std::to_string(element.size) : '$' + element.symbol);
  }
  return numbers ? std::string() : text;
}

}  // namespace

int merge_shapes(Graph& graph) {
  Inference inference(graph);
  if (!inference.run().ok()) return 0;
  int merged = 0;
  std::unordered_map<std::string, ValueId> first;
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    const std::vector<ValueId>& outputs = graph.node(id).outputs;
    if (outputs.size() != 1 || outputs[0] == ValueId::none) continue;
    const std::string text = formula(inference.known(outputs[0]));
    if (text.empty()) continue;
    const auto [found, fresh] = first.try_emplace(text, outputs[0]);
    merged += !fresh && forward(graph, outputs[0], found->second);
  }
  if (merged > 0) graph.remove_unused();
  return merged;
}

}  // namespace pare
