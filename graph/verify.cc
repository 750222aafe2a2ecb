#include "graph/verify.h"

#include <algorithm>

#include "graph/inference.h"
#include "graph/subgraphs.h"

namespace pare {
namespace {

constexpr int kMaxDepth = 64;  // of nested subgraphs
constexpr size_t kMaxRank = 64;

class Verifier {
 public:
  Verifier(const Graph& graph, int depth)
      : graph_(graph), depth_(depth), available_(graph.value_limit(), false), produced_(graph.value_limit(), false) {}

  Result<void> run() {
    if (depth_ > kMaxDepth) return unsupported("subgraphs are nested more than " + std::to_string(kMaxDepth) + " deep");
    PARE_TRY(check_values());
    PARE_TRY(check_sources(graph_.inputs, "input"));
    PARE_TRY(check_sources(graph_.captured, "captured value"));
    for (const NodeId id : graph_.order()) {
      if (!valid(id)) return Failure{ErrorCode::internal, "the order of nodes holds a node that was removed"};
      if (const auto checked = check_node(id); !checked) return in_context(describe(graph_, id), checked.failure());
    }
    PARE_TRY(check_outputs());
    if (depth_ > 0) return {};  // a subgraph is typed by the operator that holds it
    return Inference(graph_).run();
  }

 private:
  bool valid(NodeId id) const {
    return static_cast<int64_t>(id) >= 0 && static_cast<size_t>(id) < graph_.node_limit() && graph_.alive(id);
  }
  bool valid(ValueId id) const {
    return static_cast<int64_t>(id) >= 0 && static_cast<size_t>(id) < graph_.value_limit() && graph_.alive(id);
  }
  static size_t index_of(ValueId id) { return static_cast<size_t>(id); }

  Result<void> check_values() {
    for (const ValueId id : graph_.values()) {
      const Value& value = graph_.value(id);
      const std::string where = "value '" + value.name + '\'';
      if (value.name.empty() || graph_.find(value.name) != id) {
        return input_error(where + " cannot be found by its name, expected a name of its own");
      }
      if (value.type.shape && value.type.shape->size() > kMaxRank) {
        return unsupported(where + " has rank " + std::to_string(value.type.shape->size()) + ", expected at most " +
                           std::to_string(kMaxRank));
      }
      if (value.type.shape &&
          std::any_of(value.type.shape->begin(), value.type.shape->end(), [](const Dim& d) { return d.size < -1; })) {
        return input_error(where + " has a negative extent, expected 0 or more");
      }
      if (!value.constant) continue;
      if (value.producer != NodeId::none) return input_error(where + " is a constant, expected no node to produce it");
      if (value.type != value.constant->type()) {
        return input_error(where + " is declared as " + to_string(value.type) + ", but its constant is " +
                           to_string(value.constant->type()));
      }
      available_[index_of(id)] = true;
    }
    return {};
  }

  Result<void> check_sources(const std::vector<ValueId>& ids, const std::string& what) {
    for (const ValueId id : ids) {
      if (!valid(id)) return input_error("an " + what + " of the graph was removed");
      const Value& value = graph_.value(id);
      const std::string where = what + " '" + value.name + '\'';
      if (value.constant) return input_error(where + " is a constant, expected it to come from outside");
      if (value.producer != NodeId::none) return input_error(where + " is produced by a node of the graph");
      if (available_[index_of(id)]) return input_error(where + " is listed twice, expected once");
      available_[index_of(id)] = true;
    }
    return {};
  }

  Result<void> check_use(ValueId id, const std::string& how) {
    if (!valid(id)) return input_error(how + " a value that was removed");
    if (available_[index_of(id)]) return {};
    const Value& value = graph_.value(id);
    const bool later = value.producer != NodeId::none;
    return input_error(how + " '" + value.name + "', which " +
                       (later ? "is produced only later (a cycle, or nodes out of order)" : "nothing produces"));
  }

  Result<void> check_node(NodeId id) {
    const Node& node = graph_.node(id);
    std::vector<bool> present;
    for (const ValueId input : node.inputs) {
      present.push_back(input != ValueId::none);
      if (input != ValueId::none) PARE_TRY(check_use(input, "uses"));
    }
    for (const ValueId capture : node.captures) PARE_TRY(check_use(capture, "captures"));
    PARE_TRY(op_check_arity(node.op, present, node.outputs.size()));
    for (const ValueId output : node.outputs) {
      if (output == ValueId::none) continue;
      if (!valid(output)) return input_error("produces a value that was removed");
      const Value& value = graph_.value(output);
      if (produced_[index_of(output)] || available_[index_of(output)] || value.producer != id) {
        return input_error("produces '" + value.name + "', which has another source; expected one");
      }
      produced_[index_of(output)] = true;
    }
    for (const ValueId output : node.outputs) {
      if (output != ValueId::none) available_[index_of(output)] = true;
    }
    return check_subgraphs(node);
  }

  Result<void> check_subgraphs(const Node& node) {
    for (const auto& [attribute, subgraph] : subgraphs(node.op)) {
      const std::string where = "subgraph '" + std::string(attribute) + '\'';
      if (subgraph == nullptr) return input_error(where + " is missing");
      if (const auto checked = Verifier(*subgraph, depth_ + 1).run(); !checked) {
        return in_context(where, checked.failure());
      }
      for (const ValueId captured : subgraph->captured) {
        const std::string& name = subgraph->value(captured).name;
        const auto outer = graph_.find(name);
        if (!outer || std::find(node.captures.begin(), node.captures.end(), *outer) == node.captures.end()) {
          return input_error(where + " uses '" + name + "', which the node does not capture from the graph around it");
        }
      }
    }
    return {};
  }

  Result<void> check_outputs() {
    if (graph_.outputs.empty()) return input_error("the graph has no outputs, expected one or more");
    for (const ValueId output : graph_.outputs) PARE_TRY(check_use(output, "the graph outputs"));
    return {};
  }

  const Graph& graph_;
  int depth_;
  std::vector<bool> available_;  // may be used at this point of the order
  std::vector<bool> produced_;
};

}  // namespace

Result<void> verify(const Graph& graph) { return Verifier(graph, 0).run(); }

}  // namespace pare
