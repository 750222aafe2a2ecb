#include "compress/merge_constants.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "compress/rewrite.h"
#include "compress/subgraphs.h"

namespace pare {
namespace {

constexpr int64_t kSmall = 4096;       // elements
constexpr size_t kSample = 4 << 10;    // bytes at each end that tell constants apart
constexpr size_t kBudget = 64u << 20;  // bytes that one run may read of constants larger than a sample

std::string_view sample_of(const Tensor& tensor, bool front) {
  std::span<const std::byte> bytes = tensor.bytes();
  const size_t size = std::min(bytes.size(), kSample);
  const std::byte* begin = front ? bytes.data() : bytes.data() + (bytes.size() - size);
  return {reinterpret_cast<const char*>(begin), size};
}

size_t key_of(const Tensor& tensor) {
  const std::hash<std::string_view> hash;
  size_t seed = hash(sample_of(tensor, true)) * 31 + hash(sample_of(tensor, false));
  seed ^= static_cast<size_t>(tensor.dtype());
  for (int64_t extent : tensor.dims()) seed = seed * 31 + static_cast<size_t>(extent);
  return seed;
}

// Large constants may be mapped from a file: they are read only as far as the budget goes.
bool same(const Tensor& a, const Tensor& b, size_t& budget) {
  if (a.dtype() != b.dtype() || a.dims() != b.dims()) return false;
  if (a.bytes().data() == b.bytes().data()) return true;
  if (a.byte_size() > 2 * kSample) {
    if (a.byte_size() > budget || sample_of(a, true) != sample_of(b, true) ||
        sample_of(a, false) != sample_of(b, false)) {
      return false;
    }
    budget -= a.byte_size();
  }
  return a == b;
}

}  // namespace

int merge_constants(Graph& graph) {
  int merged = 0;
  size_t budget = kBudget;
  Uses uses(graph);
  std::unordered_multimap<size_t, ValueId> seen;
  for (ValueId id : graph.values()) {
    const Value& value = graph.value(id);
    if (!value.constant || uses.is_output(id)) continue;
    size_t key = key_of(*value.constant);
    auto [begin, end] = seen.equal_range(key);
    const auto twin = std::find_if(begin, end, [&](const auto& entry) {
      return same(*graph.value(entry.second).constant, *value.constant, budget);
    });
    if (twin == end) {
      seen.emplace(key, id);
      continue;
    }
    for (const Use& use : uses.of(id)) {
      if (use.slot < 0) {
        recapture(graph, use.node, id, twin->second);
      } else {
        graph.node(use.node).inputs[static_cast<size_t>(use.slot)] = twin->second;
      }
    }
    graph.remove_value(id);
    ++merged;
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
