#include "compress/cuts.h"

#include <algorithm>
#include <limits>

#include "compress/rewrite.h"

namespace pare {
namespace {

constexpr int64_t kEverything = std::numeric_limits<int32_t>::max();

}  // namespace

bool Cut::keeps_all(const Dim& extent) const {
  if (step != 1) return false;
  const bool from_start = start == 0 || (extent.known() && start < 0 && start <= -extent.size);
  return from_start && (end >= kEverything || (extent.known() && end >= extent.size));
}

std::optional<std::vector<Cut>> cuts_of(const Graph& graph, const Node& slice) {
  const Tensor* starts = constant_of(graph, slice, 1);
  const Tensor* ends = constant_of(graph, slice, 2);
  const Tensor* axes = constant_of(graph, slice, 3);
  const Tensor* steps = constant_of(graph, slice, 4);
  const bool constant =
      starts && ends && (axes || input_of(slice, 3) == ValueId::none) && (steps || input_of(slice, 4) == ValueId::none);
  if (!constant || ends->size() != starts->size() || (axes && axes->size() != starts->size()) ||
      (steps && steps->size() != starts->size())) {
    return std::nullopt;
  }
  const Shape* shape = shape_of(graph, slice.inputs[0]);
  std::vector<Cut> cuts;
  for (int64_t i = 0; i < starts->size(); ++i) {
    Cut cut{axes ? axes->as_int(i) : i, starts->as_int(i), ends->as_int(i), steps ? steps->as_int(i) : 1};
    if (cut.axis < 0 && shape != nullptr) cut.axis += static_cast<int64_t>(shape->size());
    if (shape != nullptr && cut.axis >= static_cast<int64_t>(shape->size())) return std::nullopt;
    if (cut.axis < 0 || std::ranges::count(cuts, cut.axis, &Cut::axis) > 0) return std::nullopt;
    cuts.push_back(cut);
  }
  return cuts;
}

std::optional<Cut> joined(const Cut& inner, const Cut& outer) {
  const bool forwards = inner.start >= 0 && inner.step >= 1 && outer.start >= 0 && outer.step >= 1;
  const int64_t largest = std::max({inner.start, inner.step, outer.start, outer.step});
  if (!forwards || largest >= kEverything || outer.end < 0) return std::nullopt;
  Cut cut{inner.axis, inner.start + outer.start * inner.step, inner.end, inner.step * outer.step};
  if (outer.end < kEverything) {
    if (inner.end < 0) return std::nullopt;
    cut.end = std::min(inner.end, inner.start + outer.end * inner.step);
  }
  return cut;
}

void set_cuts(Graph& graph, NodeId slice, ValueId data, std::vector<Cut> cuts) {
  std::ranges::sort(cuts, {}, &Cut::axis);
  const std::string base = graph.value(graph.node(slice).outputs[0]).name;
  const auto list = [&](const char* suffix, int64_t Cut::*member) {
    std::vector<int64_t> numbers;
    for (const Cut& cut : cuts) numbers.push_back(cut.*member);
    return graph.add_constant(base + suffix, Tensor::of({static_cast<int64_t>(numbers.size())}, numbers));
  };
  std::vector<ValueId> inputs{data, list(".starts", &Cut::start), list(".ends", &Cut::end), list(".axes", &Cut::axis)};
  if (std::ranges::any_of(cuts, [](const Cut& cut) { return cut.step != 1; })) {
    inputs.push_back(list(".steps", &Cut::step));
  }
  graph.node(slice).inputs = std::move(inputs);
}

}  // namespace pare
