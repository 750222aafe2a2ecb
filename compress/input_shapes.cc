#include <algorithm>
#include <map>

#include "compress/simplify.h"
#include "graph/error.h"
#include "graph/infer.h"

namespace pare {
namespace {

using Bound = std::map<std::string, Dim>;  // by symbol

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Error(ErrorCode::usage, "input '" + name + "' " + why);
}

void bind_extent(const std::string& name, size_t axis, Dim& extent, const Dim& wanted, Bound& bound) {
  if (wanted.unknown()) return;
  if (extent.known() && !(extent == wanted)) {
    refuse(name, "has extent " + to_string(extent) + " along axis " + std::to_string(axis) + ", found " +
                     to_string(wanted) + " asked for; expected the same");
  }
  if (!extent.symbol.empty()) {
    const auto [at, fresh] = bound.try_emplace(extent.symbol, wanted);
    if (!fresh && !(at->second == wanted)) {
      refuse(name, "has extent " + extent.symbol + " along axis " + std::to_string(axis) + ", which is " +
                       to_string(at->second) + " already, found " + to_string(wanted) + "; expected the same");
    }
  }
  extent = wanted;
}

}  // namespace

void set_input_shapes(Graph& graph, const std::vector<std::pair<std::string, Shape>>& shapes) {
  Bound bound;
  for (const auto& [name, wanted] : shapes) {
    const auto input = std::ranges::find_if(graph.inputs, [&](ValueId id) { return graph.value(id).name == name; });
    if (input == graph.inputs.end()) {
      std::string known;
      for (ValueId id : graph.inputs) known += (known.empty() ? "" : ", ") + graph.value(id).name;
      refuse(name, "does not exist; expected one of " + known);
    }
    std::optional<Shape>& shape = graph.value(*input).type.shape;
    if (!shape) shape = Shape(wanted.size());
    if (shape->size() != wanted.size()) {
      refuse(name, "has rank " + std::to_string(shape->size()) + ", found " + std::to_string(wanted.size()) +
                       " extents; expected as many");
    }
    for (size_t i = 0; i < wanted.size(); ++i) bind_extent(name, i, (*shape)[i], wanted[i], bound);
  }
  for (ValueId id : graph.values()) {
    if (!graph.value(id).type.shape) continue;
    for (Dim& dim : *graph.value(id).type.shape) {
      const auto at = bound.find(dim.symbol);
      if (!dim.symbol.empty() && at != bound.end()) dim = at->second;
    }
  }
  unwrap(infer_types(graph));
}

}  // namespace pare
