// Equality of graphs by content: names stand for identity, ids do not count.
#include <algorithm>

#include "graph/graph.h"

namespace pare {
namespace {

std::string_view name_of(const Graph& graph, ValueId id) {
  return id == ValueId::none ? std::string_view() : std::string_view(graph.value(id).name);
}

bool same_names(const Graph& a, const std::vector<ValueId>& left, const Graph& b, const std::vector<ValueId>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](ValueId x, ValueId y) { return name_of(a, x) == name_of(b, y); });
}

bool same_value(const Graph& a, ValueId left, const Graph& b) {
  if (left == ValueId::none) return true;
  const auto right = b.find(a.value(left).name);
  return right && a.value(left).type == b.value(*right).type && a.value(left).constant == b.value(*right).constant;
}

bool same_values(const Graph& a, const std::vector<ValueId>& ids, const Graph& b) {
  return std::all_of(ids.begin(), ids.end(), [&](ValueId id) { return same_value(a, id, b); });
}

bool same_node(const Graph& a, const Node& left, const Graph& b, const Node& right) {
  return left.name == right.name && equal(left.op, right.op) && same_names(a, left.inputs, b, right.inputs) &&
         same_names(a, left.outputs, b, right.outputs) && same_names(a, left.captures, b, right.captures) &&
         same_values(a, left.inputs, b) && same_values(a, left.outputs, b);
}

std::vector<ValueId> constants(const Graph& graph) {
  std::vector<ValueId> ids = graph.values();
  std::erase_if(ids, [&](ValueId id) { return !graph.value(id).constant; });
  return ids;
}

}  // namespace

bool equal(const Graph& a, const Graph& b) {
  if (a.name != b.name || a.domains != b.domains || a.metadata != b.metadata) return false;
  if (!same_names(a, a.inputs, b, b.inputs) || !same_names(a, a.outputs, b, b.outputs) ||
      !same_names(a, a.captured, b, b.captured)) {
    return false;
  }
  const std::vector<ValueId> a_constants = constants(a);  // used or not
  if (a_constants.size() != constants(b).size() || !same_values(a, a_constants, b)) return false;
  if (!same_values(a, a.inputs, b) || !same_values(a, a.outputs, b) || !same_values(a, a.captured, b)) return false;
  return std::equal(a.order().begin(), a.order().end(), b.order().begin(), b.order().end(),
                    [&](NodeId x, NodeId y) { return same_node(a, a.node(x), b, b.node(y)); });
}

}  // namespace pare
