#include "quantize/settings.h"

#include <fnmatch.h>

#include <algorithm>

#include "graph/error.h"

namespace pare {
namespace {

std::string first_output(const Graph& graph, const Node& node) {
  return node.outputs.empty() || node.outputs[0] == ValueId::none ? std::string() : graph.value(node.outputs[0]).name;
}

void check(const LayerSettings& s, const std::string& where) {
  const auto fail = [&](const std::string& found, const std::string& expected) {
    throw Error(ErrorCode::usage, "quantize" + where + ": " + found + "; expected " + expected);
  };
  if (s.weight_bits != 8 && (s.weight_bits < 2 || s.weight_bits > 4)) fail(std::to_string(s.weight_bits) + " bits for weights", "8, 4, 3 or 2");
  if (s.block != 0 && (s.block < 16 || s.block > 256 || (s.block & (s.block - 1)) != 0)) {
    fail("a block of " + std::to_string(s.block) + " elements", "16, 32, 64, 128 or 256, or 0 for none");
  }
  switch (s.activation) {
    case DType::uint8: case DType::int8: case DType::uint16: case DType::int16: case DType::uint4: case DType::int4: return;
    default: fail("activations of type " + std::string(name(s.activation)), "uint8, int8, uint16, int16, uint4 or int4");
  }
}

void require_a_match(const std::string& pattern, const Graph& graph) {
  const auto& order = graph.order();
  if (std::any_of(order.begin(), order.end(), [&](NodeId id) { return names_node(pattern, graph, id); })) return;
  throw Error(ErrorCode::usage, "quantize: the pattern '" + pattern + "' names no node of graph '" + graph.name +
                                    "'; expected a glob over node names, output names or operator types: 'pare info --nodes' lists them");
}

template <class T>
void replace(T& setting, const std::optional<T>& with) {
  if (with) setting = *with;
}

}  // namespace

bool names_node(const std::string& pattern, const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const auto matches = [&](const std::string& name) { return !name.empty() && fnmatch(pattern.c_str(), name.c_str(), 0) == 0; };
  return matches(node.name) || matches(first_output(graph, node)) || matches(std::string(op_type(node.op)));
}

std::vector<LayerSettings> resolve_settings(const Graph& graph, const LayerSettings& defaults,
                                            const std::vector<LayerOverride>& overrides, const std::vector<std::string>& only) {
  check(defaults, "");
  for (const std::string& pattern : only) require_a_match(pattern, graph);
  for (const LayerOverride& o : overrides) require_a_match(o.pattern, graph);
  std::vector<LayerSettings> settings(graph.node_limit(), defaults);
  for (const NodeId id : graph.order()) {
    LayerSettings& s = settings[static_cast<size_t>(id)];
    if (!only.empty()) {
      s.quantize = std::any_of(only.begin(), only.end(), [&](const std::string& p) { return names_node(p, graph, id); });
    }
    for (const LayerOverride& o : overrides) {
      if (!names_node(o.pattern, graph, id)) continue;
      replace(s.quantize, o.quantize);
      replace(s.weight_bits, o.weight_bits);
      replace(s.per_channel, o.per_channel);
      replace(s.block, o.block);
      replace(s.zero_points, o.zero_points);
      replace(s.activation, o.activation);
      replace(s.symmetric, o.symmetric);
      check(s, " (override '" + o.pattern + "')");
    }
  }
  return settings;
}

}  // namespace pare
