// The opset a graph is written in, and how nodes look in it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "graph/graph.h"

namespace pare::onnx_format {

inline constexpr int64_t kOldestWritten = 13;
inline constexpr int64_t kNewestWritten = 28;

// The lowest opset that every node, subgraphs included, has a form in; or `asked`, when that is as high. Fails
// (unsupported) naming the node that forbids it.
Result<int64_t> choose_opset(const Graph& graph, std::optional<int64_t> asked);
// The opsets of the domains that the graph names or nodes are of, subgraphs included; as new as its operators need.
std::map<std::string, int64_t> written_domains(const Graph& graph);
// The IR version that came with an opset (the table in docs/Versioning.md of ONNX).
int64_t ir_version_of(int64_t opset);

// A node as an opset writes it.
struct WireNode {
  std::string domain, type;
  Attributes attributes;
  std::vector<ValueId> inputs;
};
WireNode downgrade(const Graph& graph, NodeId id, int64_t opset);

}  // namespace pare::onnx_format
