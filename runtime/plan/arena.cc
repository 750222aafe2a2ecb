#include <algorithm>
#include <limits>
#include <numeric>

#include "runtime/plan/plan.h"

namespace pare {
namespace {

constexpr size_t kAlign = 64;

struct Block {
  size_t bytes;
  int first, last;
  size_t* offset;
};

size_t rounded(size_t bytes) { return (std::max<size_t>(bytes, 1) + kAlign - 1) / kAlign * kAlign; }

void find_lifetimes(Plan& plan) {
  const auto touch = [&](int value, int step) {
    Storage& storage = plan.storages[plan.values[value].storage];
    if (storage.first < 0) storage.first = step;
    storage.last = std::max(storage.last, step);
  };
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    for (const int value : plan.steps[i].writes) touch(value, static_cast<int>(i));
    for (const int value : plan.steps[i].reads) touch(value, static_cast<int>(i));
  }
  for (const int value : plan.outputs) touch(value, static_cast<int>(plan.steps.size()));
}

// Lets a step write where its dying operand lies.
void merge_in_place(Plan& plan) {
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    if (step.in_place < 0) continue;
    const int from = plan.values[step.reads[step.in_place]].storage;
    const int to = plan.values[step.writes[0]].storage;
    Storage& source = plan.storages[from];
    Storage& target = plan.storages[to];
    if (from == to || source.kind != Storage::Kind::arena || target.kind != Storage::Kind::arena) continue;
    if (source.last != static_cast<int>(i) || target.first != static_cast<int>(i) || source.bytes != target.bytes)
      continue;
    source.last = target.last;
    for (PlanValue& value : plan.values)
      if (value.storage == to) value.storage = from;
    target.first = -1;
  }
}

}  // namespace

void assign_arena(Plan& plan) {
  find_lifetimes(plan);
  merge_in_place(plan);
  plan.scratch_offsets.assign(plan.steps.size(), 0);
  std::vector<Block> blocks;
  for (Storage& storage : plan.storages)
    if (storage.kind == Storage::Kind::arena && storage.first >= 0)
      blocks.push_back({rounded(storage.bytes), storage.first, storage.last, &storage.offset});
  for (size_t i = 0; i < plan.steps.size(); ++i)
    if (plan.steps[i].scratch > 0)
      blocks.push_back(
          {rounded(plan.steps[i].scratch), static_cast<int>(i), static_cast<int>(i), &plan.scratch_offsets[i]});
  std::stable_sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.bytes > b.bytes; });
  std::vector<Block> placed;  // by offset
  plan.arena_bytes = 0;
  for (Block& block : blocks) {
    size_t at = 0, best = std::numeric_limits<size_t>::max(), best_gap = best;
    for (const Block& other : placed) {
      if (other.last < block.first || other.first > block.last) continue;
      if (*other.offset > at && *other.offset - at >= block.bytes && *other.offset - at < best_gap) {
        best = at;
        best_gap = *other.offset - at;
      }
      at = std::max(at, *other.offset + other.bytes);
    }
    *block.offset = best == std::numeric_limits<size_t>::max() ? at : best;
    plan.arena_bytes = std::max(plan.arena_bytes, *block.offset + block.bytes);
    const auto where =
        std::find_if(placed.begin(), placed.end(), [&](const Block& other) { return *other.offset > *block.offset; });
    placed.insert(where, block);
  }
}

}  // namespace pare
