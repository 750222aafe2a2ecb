#include <queue>

#include "formats/onnx/graph_reader.h"

namespace pare::onnx_format {
namespace {

// For each node, the nodes that produce what it and its subgraphs use.
std::vector<std::vector<int>> dependencies(const onnx::GraphProto& proto) {
  std::unordered_map<std::string_view, int> producers;
  for (int i = 0; i < proto.node_size(); ++i) {
    for (const auto& output : proto.node(i).output()) {
      if (!output.empty()) producers.emplace(output, i);
    }
  }
  std::vector<std::vector<int>> needed(static_cast<size_t>(proto.node_size()));
  for (int i = 0; i < proto.node_size(); ++i) {
    const auto need = [&](const std::string& name) {
      if (const auto producer = producers.find(name); producer != producers.end()) {
        needed[static_cast<size_t>(i)].push_back(producer->second);
      }
    };
    for (const auto& input : proto.node(i).input()) need(input);
    for (const auto& name : captured_names(proto.node(i))) need(name);
  }
  return needed;
}

bool sorted(const std::vector<std::vector<int>>& needed) {
  for (size_t i = 0; i < needed.size(); ++i) {
    for (const int before : needed[i]) {
      if (before >= static_cast<int>(i)) return false;
    }
  }
  return true;
}

// Walks producers from a node that never became ready until one comes up twice: that one is on a cycle.
int node_on_cycle(const std::vector<std::vector<int>>& needed, const std::vector<int>& missing) {
  int at = 0;
  while (missing[static_cast<size_t>(at)] == 0) ++at;
  std::vector<bool> seen(needed.size());
  while (!seen[static_cast<size_t>(at)]) {
    seen[static_cast<size_t>(at)] = true;
    for (const int before : needed[static_cast<size_t>(at)]) {
      if (missing[static_cast<size_t>(before)] == 0) continue;
      at = before;
      break;
    }
  }
  return at;
}

}  // namespace

std::string describe_node(const onnx::NodeProto& proto) {
  if (!proto.name().empty()) return "node '" + proto.name() + "' (" + proto.op_type() + ")";
  const std::string output = proto.output_size() ? proto.output(0) : "";
  return "node producing '" + output + "' (" + proto.op_type() + ")";
}

Result<std::vector<int>> topological_order(const onnx::GraphProto& proto) {
  const auto needed = dependencies(proto);
  std::vector<int> order;
  if (sorted(needed)) {
    for (int i = 0; i < proto.node_size(); ++i) order.push_back(i);
    return order;
  }
  std::vector<int> missing(needed.size());
  std::vector<std::vector<int>> users(needed.size());
  for (size_t i = 0; i < needed.size(); ++i) {
    missing[i] = static_cast<int>(needed[i].size());
    for (const int before : needed[i]) users[static_cast<size_t>(before)].push_back(static_cast<int>(i));
  }
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (missing[i] == 0) ready.push(static_cast<int>(i));
  }
  while (!ready.empty()) {
    const int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (const int user : users[static_cast<size_t>(node)]) {
      if (--missing[static_cast<size_t>(user)] == 0) ready.push(user);
    }
  }
  if (order.size() < needed.size()) {
    return input_error(describe_node(proto.node(node_on_cycle(needed, missing))) +
                       ": lies on a cycle; a graph must not use a value before it is produced");
  }
  return order;
}

}  // namespace pare::onnx_format
