#include "compress/merge_constants.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "compress/rewrite.h"

namespace pare {
namespace {

constexpr int64_t kSmall = 4096;

// Of the type and of parts of the bytes: enough to tell weights apart without reading them whole.
size_t hash(const Tensor& tensor) {
  constexpr size_t kPart = 4096;
  const auto bytes = tensor.bytes();
  const auto part = [&](size_t at) {
    const auto piece = bytes.subspan(at, std::min(kPart, bytes.size() - at));
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(piece.data()), piece.size()});
  };
  size_t seed = static_cast<size_t>(tensor.dtype());
  for (int64_t extent : tensor.dims()) seed = seed * 31 + static_cast<size_t>(extent);
  for (size_t at : {size_t{0}, bytes.size() / 2, bytes.size() - std::min(kPart, bytes.size())})
    seed = seed * 31 + part(at);
  return seed;
}

}  // namespace

int merge_constants(Graph& graph) {
  int merged = 0;
  Uses uses(graph);
  std::unordered_multimap<size_t, ValueId> seen;
  for (ValueId id : graph.values()) {
    const Value& value = graph.value(id);
    if (!value.constant || uses.is_output(id) || uses.is_captured(id)) continue;
    size_t key = hash(*value.constant);
    auto [begin, end] = seen.equal_range(key);
    bool found = false;
    for (auto it = begin; it != end && !found; ++it) {
      if (!(*graph.value(it->second).constant == *value.constant)) continue;
      graph.replace_uses(id, it->second);
      graph.remove_value(id);
      ++merged;
      found = true;
    }
    if (!found) seen.emplace(key, id);
  }
  return merged;
}

int split_constants(Graph& graph) {
  int split = 0;
  Uses uses(graph);
  for (ValueId id : graph.values()) {
    if (!graph.value(id).constant || graph.value(id).constant->size() > kSmall) continue;
    bool first = true;
    for (const Use& use : uses.of(id)) {
      if (use.slot < 0 || first) {
        first = false;
        continue;
      }
      std::string name = graph.value(id).name;
      Tensor tensor = *graph.value(id).constant;
      ValueId fresh = graph.add_constant(name, std::move(tensor));
      graph.node(use.node).inputs[static_cast<size_t>(use.slot)] = fresh;
      ++split;
    }
  }
  return split;
}

}  // namespace pare
