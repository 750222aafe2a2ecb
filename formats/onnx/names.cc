#include "formats/onnx/names.h"

#include <string_view>

namespace pare::onnx_format {
namespace {

// Names defined in one subgraph, and the subgraphs around it as far as the node that holds them.
struct Scope {
  const Scope* outer;
  std::unordered_set<std::string_view> names;

  bool defines(std::string_view name) const {
    return names.contains(name) || (outer != nullptr && outer->defines(name));
  }
};

void collect_captures(const onnx::GraphProto& graph, const Scope* outer, std::unordered_set<std::string_view>& seen,
                      std::vector<std::string>& captures) {
  Scope scope{outer, {}};
  for (const auto& input : graph.input()) scope.names.insert(input.name());
  for (const auto& initializer : graph.initializer()) scope.names.insert(initializer.name());
  for (const auto& initializer : graph.sparse_initializer()) scope.names.insert(initializer.values().name());
  for (const auto& node : graph.node()) {
    for (const auto& output : node.output()) scope.names.insert(output);
  }
  const auto use = [&](const std::string& name) {
    if (!name.empty() && !scope.defines(name) && seen.insert(name).second) captures.push_back(name);
  };
  for (const auto& node : graph.node()) {
    for (const auto& input : node.input()) use(input);
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) collect_captures(attribute.g(), &scope, seen, captures);
    }
  }
  for (const auto& output : graph.output()) use(output.name());
}

}  // namespace

void Names::take_all(const onnx::GraphProto& graph) {
  for (const auto& input : graph.input()) take(input.name());
  for (const auto& initializer : graph.initializer()) take(initializer.name());
  for (const auto& initializer : graph.sparse_initializer()) take(initializer.values().name());
  for (const auto& node : graph.node()) {
    for (const auto& output : node.output()) take(output);
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) take_all(attribute.g());
      for (const auto& nested : attribute.graphs()) take_all(nested);
    }
  }
}

std::string Names::fresh(const std::string& base) {
  if (taken_.insert(base).second) return base;
  int64_t& suffix = suffixes_[base];
  for (;;) {
    std::string name = base + "_" + std::to_string(++suffix);
    if (taken_.insert(name).second) return name;
  }
}

std::vector<std::string> captured_names(const onnx::NodeProto& node) {
  std::vector<std::string> captures;
  std::unordered_set<std::string_view> seen;
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) collect_captures(attribute.g(), nullptr, seen, captures);
  }
  return captures;
}

}  // namespace pare::onnx_format
