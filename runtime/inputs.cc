#include "runtime/inputs.h"

#include <map>

#include "graph/subgraphs.h"
#include "runtime/kernels.h"

namespace pare {
namespace {

// An optional value that holds something is the thing itself.
bool takes(Container declared, Container given) {
  return given == declared || (declared == Container::optional && given == Container::tensor) ||
         (declared == Container::optional_sequence && given == Container::sequence);
}

}  // namespace

Result<void> check_inputs(const Graph& graph, std::span<const Tensor> inputs) {
  if (inputs.size() != graph.inputs.size())
    return input_error("found " + std::to_string(inputs.size()) + " inputs, the model takes " +
                       std::to_string(graph.inputs.size()));
  std::map<std::string, std::pair<int64_t, std::string>> bound;  // symbol: extent, the input that set it
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs[i]);
    const auto mismatch = [&] {
      return input_error("input '" + value.name + "' is " + to_string(inputs[i].type()) + ", expected " +
                         to_string(value.type));
    };
    if (inputs[i].dtype() != value.type.dtype || !takes(value.type.container, inputs[i].container())) return mismatch();
    if (!value.type.shape || inputs[i].container() != Container::tensor) continue;
    if (value.type.shape->size() != inputs[i].dims().size()) return mismatch();
    for (size_t axis = 0; axis < inputs[i].dims().size(); ++axis) {
      const Dim& declared = (*value.type.shape)[axis];
      const int64_t extent = inputs[i].dims()[axis];
      if (declared.known() && declared.size != extent) return mismatch();
      if (declared.known() || declared.unknown()) continue;
      const auto [entry, fresh] = bound.try_emplace(declared.symbol, extent, value.name);
      if (!fresh && entry->second.first != extent)
        return input_error("input '" + value.name + "' is " + to_string(inputs[i].type()) + ", but " + declared.symbol +
                           " is " + std::to_string(entry->second.first) + " in input '" + entry->second.second + "'");
    }
  }
  return {};
}

namespace {

// ZipMap of ai.onnx.ml makes one map per row of a table of scores. No tensor holds that: the table stands for it.
ValueId table_of_map(const Graph& graph, ValueId id) {
  const NodeId producer = graph.value(id).producer;
  const Opaque* opaque = producer == NodeId::none ? nullptr : as<Opaque>(graph.node(producer).op);
  if (!opaque || opaque->type != "ZipMap" || opaque->domain != "ai.onnx.ml") return id;
  const auto& inputs = graph.node(producer).inputs;
  return inputs.size() == 1 && inputs[0] != ValueId::none ? inputs[0] : id;
}

}  // namespace

Result<std::vector<ValueId>> wanted_values(const Graph& graph, const std::vector<std::string>& keep) {
  std::vector<ValueId> wanted;
  for (const ValueId id : graph.outputs) wanted.push_back(table_of_map(graph, id));
  for (const std::string& name : keep) {
    const auto id = graph.find(name);
    if (!id) return input_error("the model has no value named '" + name + "'");
    wanted.push_back(*id);
  }
  return wanted;
}

std::vector<NodeId> needed_nodes(const Graph& graph, const std::vector<ValueId>& wanted) {
  std::vector<bool> needed(graph.value_limit(), false);
  for (const ValueId id : wanted) needed[static_cast<size_t>(id)] = true;
  std::vector<NodeId> nodes;
  for (auto it = graph.order().rbegin(); it != graph.order().rend(); ++it) {
    const Node& node = graph.node(*it);
    bool used = false;
    for (const ValueId id : node.outputs) used = used || (id != ValueId::none && needed[static_cast<size_t>(id)]);
    if (!used) continue;
    nodes.push_back(*it);
    for (const ValueId id : node.inputs)
      if (id != ValueId::none) needed[static_cast<size_t>(id)] = true;
    for (const ValueId id : node.captures) needed[static_cast<size_t>(id)] = true;
  }
  return {nodes.rbegin(), nodes.rend()};
}

Result<void> check_supported(const Graph& graph, const std::vector<NodeId>& nodes) {
  for (const NodeId id : nodes) {
    if (const Opaque* opaque = as<Opaque>(graph.node(id).op)) {
      KernelContext none;
      return in_context(describe(graph, id), run(*opaque, none).failure());
    }
    for (const auto& [attribute, body] : subgraphs(graph.node(id).op)) {
      if (!body) return input_error(describe(graph, id) + ": " + std::string(attribute) + " is missing");
      auto supported = check_supported(*body, needed_nodes(*body, body->outputs));
      if (!supported) return in_context(describe(graph, id) + ", " + std::string(attribute), supported.failure());
    }
  }
  return {};
}

}  // namespace pare
