#include "compress/pad_into_conv.h"

#include <algorithm>

#include "compress/rewrite.h"

namespace pare {
namespace {

// Amounts before and after every axis, or nullopt where the Pad does something a Conv cannot.
std::optional<std::vector<int64_t>> zero_border(const Graph& graph, const Node& pad, size_t rank) {
  const Tensor* amounts = constant_of(graph, pad, 1);
  if (as<Pad>(pad.op)->mode != "constant" || amounts == nullptr) return std::nullopt;
  if (input_of(pad, 2) != ValueId::none && uniform_constant(graph, pad.inputs[2]) != 0.0) return std::nullopt;
  const Tensor* axes = constant_of(graph, pad, 3);
  if (input_of(pad, 3) != ValueId::none && axes == nullptr) return std::nullopt;
  auto count = static_cast<size_t>(amounts->size() / 2);
  std::vector<int64_t> border(2 * rank, 0);
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = axes != nullptr ? axes->as_int(static_cast<int64_t>(i)) : static_cast<int64_t>(i);
    if (axis < 0) axis += static_cast<int64_t>(rank);
    if (axis < 0 || axis >= static_cast<int64_t>(rank)) return std::nullopt;
    border[static_cast<size_t>(axis)] = amounts->as_int(static_cast<int64_t>(i));
    border[static_cast<size_t>(axis) + rank] = amounts->as_int(static_cast<int64_t>(i + count));
  }
  bool negative = std::ranges::any_of(border, [](int64_t amount) { return amount < 0; });
  bool outside = border[0] || border[1] || border[rank] || border[rank + 1];
  if (negative || outside) return std::nullopt;
  return border;
}

}  // namespace

int pad_into_conv(Graph& graph) {
  int changed = 0;
  for (NodeId id : graph.order()) {
    Node& node = graph.node(id);
    Conv* conv = as<Conv>(node.op);
    if (conv == nullptr || (conv->auto_pad != "NOTSET" && conv->auto_pad != "VALID")) continue;
    const Node* pad = producer_as<Pad>(graph, node.inputs[0]);
    const Shape* shape = shape_of(graph, node.inputs[0]);
    if (pad == nullptr || shape == nullptr || shape->size() < 3) continue;
    size_t rank = shape->size(), spatial = rank - 2;
    std::optional<std::vector<int64_t>> border = zero_border(graph, *pad, rank);
    if (!border) continue;
    if (conv->pads.empty() || conv->auto_pad == "VALID") conv->pads.assign(2 * spatial, 0);
    conv->auto_pad = "NOTSET";
    for (size_t i = 0; i < spatial; ++i) {
      conv->pads[i] += (*border)[i + 2];
      conv->pads[i + spatial] += (*border)[i + 2 + rank];
    }
    node.inputs[0] = pad->inputs[0];
    ++changed;
  }
  if (changed > 0) graph.remove_unused();
  return changed;
}

}  // namespace pare
