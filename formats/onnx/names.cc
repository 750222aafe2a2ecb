#include "formats/onnx/names.h"

namespace pare::onnx_format {
namespace {

void collect_captures(const onnx::GraphProto& graph, std::unordered_set<std::string> defined,
                      std::unordered_set<std::string>& seen, std::vector<std::string>& captures) {
  const auto use = [&](const std::string& name) {
    if (!name.empty() && !defined.contains(name) && seen.insert(name).second) captures.push_back(name);
  };
  for (const auto& input : graph.input()) defined.insert(input.name());
  for (const auto& initializer : graph.initializer()) defined.insert(initializer.name());
  for (const auto& initializer : graph.sparse_initializer()) defined.insert(initializer.values().name());
  for (const auto& node : graph.node()) {
    for (const auto& output : node.output()) defined.insert(output);
  }
  for (const auto& node : graph.node()) {
    for (const auto& input : node.input()) use(input);
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) collect_captures(attribute.g(), defined, seen, captures);
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
  for (int64_t suffix = 1;; ++suffix) {
    std::string name = base + "_" + std::to_string(suffix);
    if (taken_.insert(name).second) return name;
  }
}

std::vector<std::string> captured_names(const onnx::NodeProto& node) {
  std::vector<std::string> captures;
  std::unordered_set<std::string> seen;
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) collect_captures(attribute.g(), {}, seen, captures);
  }
  return captures;
}

}  // namespace pare::onnx_format
