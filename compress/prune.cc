#include "compress/prune.h"

#include <algorithm>
#include <set>

#include "compress/batch_norm.h"
#include "compress/compensate.h"
#include "compress/merge_constants.h"
#include "compress/simplify.h"
#include "compress/weight_axes.h"
#include "graph/error.h"
#include "graph/verify.h"
#include "runtime/cost.h"

namespace pare {
namespace {

int64_t parameters(const Graph& graph) {
  int64_t total = 0;
  for (ValueId id : graph.values()) {
    if (graph.value(id).constant && is_float(graph.value(id).constant->dtype())) total += graph.value(id).constant->size();
  }
  return total;
}

// Slots whose constants add to or multiply what runs through the node.
std::vector<size_t> linear_slots(const Op& op) {
  if (op_role(op) == Role::computes) return {1, 2};
  if (as<BatchNormalization>(op)) return {1, 2};
  for (Binary::Kind kind : {Binary::Kind::Add, Binary::Kind::Sub, Binary::Kind::Mul}) {
    if (as<Binary>(op, kind)) return {0, 1};
  }
  return {};
}

void zero_slice(Tensor& tensor, int axis, int64_t index) {
  int64_t inner = 1, extent = tensor.dims()[static_cast<size_t>(axis)];
  for (int i = axis + 1; i < tensor.rank(); ++i) inner *= tensor.dims()[static_cast<size_t>(i)];
  for (int64_t outer = 0; outer * inner * extent < tensor.size(); ++outer) {
    for (int64_t i = 0; i < inner; ++i) tensor.set_double((outer * extent + index) * inner + i, 0);
  }
}

std::vector<PrunedLayer> changed_layers(const Graph& before, const ChannelSelection& selection) {
  KeptIndices kept = kept_indices(before, selection.coupling, selection.removed);
  std::vector<PrunedLayer> layers;
  std::set<ValueId> seen;
  for (const WeightUse& use : weight_uses(before)) {
    auto found = kept.find({use.weight, use.output_axis});
    if (found == kept.end() || !seen.insert(use.weight).second) continue;
    const Value& weight = before.value(use.weight);
    layers.push_back({weight.name, weight.constant->dims()[static_cast<size_t>(use.output_axis)],
                      static_cast<int64_t>(found->second.size())});
  }
  return layers;
}

}  // namespace

void prepare_for_pruning(Graph& graph) {
  simplify(graph, {.passes = {"fold_constants", "fold_shapes", "remove_identities", "remove_dead_code"}});
  split_constants(graph);
}

void remove_channels(Graph& graph, const ChannelSelection& selection) {
  remove_elements(graph, kept_indices(graph, selection.coupling, selection.removed));
}

void mask_channels(Graph& graph, const ChannelSelection& selection) {
  std::set<ValueId> linear;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    for (size_t slot : linear_slots(node.op)) {
      if (slot < node.inputs.size() && node.inputs[slot] != ValueId::none) linear.insert(node.inputs[slot]);
    }
  }
  for (int channel : selection.removed) {
    for (const AxisElement& element : selection.coupling.channels[static_cast<size_t>(channel)].elements) {
      Value& value = graph.value(element.at.value);
      if (value.constant && linear.contains(element.at.value)) zero_slice(*value.constant, element.at.axis, element.index);
    }
  }
  unwrap(verify(graph));
}

PruneReport prune_channels(Graph& graph, const PruneOptions& options, const Batches* data) {
  prepare_for_pruning(graph);
  PruneReport report;
  report.macs_before = graph_macs(graph);
  report.parameters_before = parameters(graph);
  ChannelSelection selection = select_channels(graph, options, data);
  if (selection.removed.empty() && !selection.bound_met) {
    throw Error(ErrorCode::unsupported, "no channel of this graph can be removed: " +
                                            std::to_string(selection.coupling.channels.size()) +
                                            " are free of inputs, outputs and fixed axes; prune another model or relax "
                                            "the protected names");
  }
  report.layers = changed_layers(graph, selection);
  report.bound_met = selection.bound_met;
  Graph original = graph;
  remove_channels(graph, selection);
  if (data != nullptr && data->count > 0) {
    int refitted = 0;
    if (options.compensate) {
      refitted = compensate(original, graph, kept_indices(original, selection.coupling, selection.removed), *data,
                 {.samples = options.samples, .threads = options.threads, .progress = options.progress});
    }
    // Refitted layers feed the old statistics what they were made for.
    if (options.reestimate && refitted == 0) reestimate_batch_norm(graph, *data, {.threads = options.threads});
  }
  report.macs_after = graph_macs(graph);
  report.parameters_after = parameters(graph);
  return report;
}

}  // namespace pare
