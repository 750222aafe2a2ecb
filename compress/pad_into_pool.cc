#include "compress/pad_into_pool.h"

#include <algorithm>
#include <limits>

#include "compress/padding.h"
#include "compress/rewrite.h"

namespace pare {
namespace {

bool never_negative(const Graph& graph, ValueId id) {
  const Node* unary = producer_as<Unary>(graph, id);
  if (unary != nullptr) return as<Unary>(unary->op, Unary::Kind::Relu) || as<Unary>(unary->op, Unary::Kind::Sigmoid);
  const Node* clip = producer_as<Clip>(graph, id);
  return clip != nullptr && uniform_constant(graph, input_of(*clip, 1)).value_or(-1) >= 0;
}

// Every window keeps an element that is not padding.
bool within_kernel(const std::vector<int64_t>& pads, const std::vector<int64_t>& kernel) {
  if (pads.size() != 2 * kernel.size()) return false;
  for (size_t i = 0; i < pads.size(); ++i) {
    if (pads[i] >= kernel[i % kernel.size()]) return false;
  }
  return true;
}

bool take_border(const Graph& graph, ValueId data, const Border& border, MaxPool& pool) {
  const bool lowest = border.value <= std::numeric_limits<float>::lowest();
  if (!lowest && !(border.value == 0 && never_negative(graph, data))) return false;
  return widen(pool.auto_pad, pool.pads, border) && within_kernel(pool.pads, pool.kernel_shape);
}

bool take_border(const Graph&, ValueId, const Border& border, AveragePool& pool) {
  const bool own = std::ranges::any_of(pool.pads, [](int64_t pad) { return pad != 0; });
  if (border.value != 0 || (own && !pool.count_include_pad)) return false;
  pool.count_include_pad = 1;
  return widen(pool.auto_pad, pool.pads, border) && within_kernel(pool.pads, pool.kernel_shape);
}

template <class Pool>
bool take_pad(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  const Pool* present = as<Pool>(node.op);
  const Node* pad = present && !present->ceil_mode ? producer_as<Pad>(graph, node.inputs[0]) : nullptr;
  const std::optional<Border> border = pad ? spatial_border(graph, *pad) : std::nullopt;
  if (!border || node.outputs.size() != 1) return false;  // indices count in the padded input
  Pool pool = *present;
  if (!take_border(graph, pad->inputs[0], *border, pool)) return false;
  node.op = std::move(pool);
  node.inputs[0] = pad->inputs[0];
  return true;
}

}  // namespace

int pad_into_pool(Graph& graph) {
  int changed = 0;
  for (NodeId id : graph.order()) changed += take_pad<MaxPool>(graph, id) || take_pad<AveragePool>(graph, id);
  if (changed > 0) graph.remove_unused();
  return changed;
}

}  // namespace pare
