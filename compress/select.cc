// Which channels go: the allocation of a budget of multiply-accumulates over groups.
#include <algorithm>
#include <cmath>
#include <map>

#include "compress/importance.h"
#include "compress/prune.h"
#include "graph/error.h"
#include "runtime/cost.h"

namespace pare {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  std::string_view rest = pattern.substr(star + 1);
  for (size_t from = star; from <= text.size(); ++from) {
    if (matches(rest, text.substr(from))) return true;
  }
  return false;
}

// Values that a pattern names, or that a named node makes or holds as weights.
std::vector<bool> protected_values(const Graph& graph, const std::vector<std::string>& patterns) {
  std::vector<bool> found(graph.value_limit(), false);
  auto named = [&](const std::string& name) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(pattern, name); });
  };
  for (ValueId id : graph.values()) found[static_cast<size_t>(id)] = named(graph.value(id).name);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (node.name.empty() || !named(node.name)) continue;
    for (ValueId output : node.outputs) {
      if (output != ValueId::none) found[static_cast<size_t>(output)] = true;
    }
  }
  return found;
}

// Costs of a graph whose axes shrink one channel at a time. Only the types of `shadow` change.
class Budget {
 public:
  explicit Budget(const Graph& graph) : shadow_(graph), node_costs_(graph.node_limit(), 0), touched_(graph.value_limit()) {
    for (NodeId id : graph.order()) {
      int64_t macs = node_macs(shadow_, id);
      total_ += macs;
      node_costs_[static_cast<size_t>(id)] = macs;
      if (macs == 0) continue;
      for (const std::vector<ValueId>* values : {&graph.node(id).inputs, &graph.node(id).outputs}) {
        for (ValueId value : *values) {
          if (value != ValueId::none) touched_[static_cast<size_t>(value)].push_back(id);
        }
      }
    }
  }
  int64_t total() const { return total_; }

  // Whether every axis keeps an element when the channel goes.
  bool removable(const CoupledChannel& channel) {
    shrink(channel, 1);
    bool empty = std::ranges::any_of(channel.elements, [&](const AxisElement& element) { return size(element.at) < 1; });
    shrink(channel, -1);
    return !empty;
  }
  // Multiply-accumulates that go with the channel.
  int64_t saving(const CoupledChannel& channel) {
    shrink(channel, 1);
    int64_t saved = 0;
    for (NodeId id : nodes(channel)) saved += node_costs_[static_cast<size_t>(id)] - node_macs(shadow_, id);
    shrink(channel, -1);
    return saved;
  }
  void remove(const CoupledChannel& channel) {
    shrink(channel, 1);
    for (NodeId id : nodes(channel)) {
      int64_t macs = node_macs(shadow_, id);
      total_ += macs - node_costs_[static_cast<size_t>(id)];
      node_costs_[static_cast<size_t>(id)] = macs;
    }
  }
  void restore(const CoupledChannel& channel) {
    shrink(channel, -1);
    for (NodeId id : nodes(channel)) {
      int64_t macs = node_macs(shadow_, id);
      total_ += macs - node_costs_[static_cast<size_t>(id)];
      node_costs_[static_cast<size_t>(id)] = macs;
    }
  }

 private:
  int64_t& size(ValueAxis at) { return (*shadow_.value(at.value).type.shape)[static_cast<size_t>(at.axis)].size; }
  void shrink(const CoupledChannel& channel, int64_t by) {
    for (const AxisElement& element : channel.elements) size(element.at) -= by;
  }
  std::vector<NodeId> nodes(const CoupledChannel& channel) const {
    std::vector<NodeId> result;
    for (const AxisElement& element : channel.elements) {
      const std::vector<NodeId>& users = touched_[static_cast<size_t>(element.at.value)];
      result.insert(result.end(), users.begin(), users.end());
    }
    std::ranges::sort(result);
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
  }

  Graph shadow_;
  std::vector<int64_t> node_costs_;
  std::vector<std::vector<NodeId>> touched_;
  int64_t total_ = 0;
};

// The next step of each group while channels are taken.
struct Progress {
  const std::vector<EliminationStep>* steps;
  size_t taken = 0;
  size_t limit = 0;      // most channels that may go
  double price = 0;      // of the next channel; never falls, so that a group's steps are taken in order
};

double next_price(const Progress& group, const Coupling& coupling, Budget& budget, const PruneOptions& options) {
  const EliminationStep& step = (*group.steps)[group.taken];
  double before = group.taken > 0 ? (*group.steps)[group.taken - 1].loss : 0;
  if (options.uniform) return static_cast<double>(group.taken + 1) / static_cast<double>(group.steps->size());
  int64_t saved = budget.saving(coupling.channels[static_cast<size_t>(step.channel)]);
  return (step.loss - before) / static_cast<double>(std::max<int64_t>(1, saved));
}

void check(const PruneOptions& options) {
  auto require = [](bool met, const std::string& sentence) {
    if (!met) throw Error(ErrorCode::usage, sentence);
  };
  require(options.max_macs || (options.keep_macs > 0 && options.keep_macs <= 1),
          "the fraction of multiply-accumulates to keep is " + std::to_string(options.keep_macs) +
              ", expected a number above 0 and at most 1");
  require(!options.max_macs || *options.max_macs > 0, "the bound on multiply-accumulates must be above 0");
  require(options.max_per_group > 0 && options.max_per_group < 1,
          "the largest fraction removed from a layer is " + std::to_string(options.max_per_group) +
              ", expected a number between 0 and 1");
  require(options.round_to >= 1, "channels must be rounded to a multiple of 1 or more");
}

// Takes the cheapest next channel anywhere until the bound is met or no group may lose more.
void take_cheapest(std::vector<Progress>& groups, const Coupling& coupling, Budget& budget, int64_t bound,
                   const PruneOptions& options) {
  while (budget.total() > bound) {
    Progress* cheapest = nullptr;
    for (Progress& group : groups) {
      if (group.taken < group.limit && (cheapest == nullptr || group.price < cheapest->price)) cheapest = &group;
    }
    if (cheapest == nullptr) return;
    const CoupledChannel& channel = coupling.channels[static_cast<size_t>((*cheapest->steps)[cheapest->taken].channel)];
    if (!budget.removable(channel)) {
      cheapest->limit = cheapest->taken;
      continue;
    }
    budget.remove(channel);
    ++cheapest->taken;
    if (cheapest->taken < cheapest->limit) {
      cheapest->price = std::max(cheapest->price, next_price(*cheapest, coupling, budget, options));
    }
  }
}

// Groups that stand between two multiples of round_to remove on to the lower one, which keeps the bound; where their
// limit forbids that, they put channels back up to the higher one.
void round_groups(std::vector<Progress>& groups, const Coupling& coupling, Budget& budget, size_t round_to) {
  for (Progress& group : groups) {
    auto channel = [&](size_t i) -> const CoupledChannel& {
      return coupling.channels[static_cast<size_t>((*group.steps)[i].channel)];
    };
    auto left = [&] { return group.steps->size() - group.taken; };
    if (group.taken == 0) continue;
    while (left() % round_to != 0 && left() > round_to && group.taken < group.limit && budget.removable(channel(group.taken))) {
      budget.remove(channel(group.taken++));
    }
    while (left() % round_to != 0 && group.taken > 0) budget.restore(channel(--group.taken));
  }
}

}  // namespace

ChannelSelection select_channels(const Graph& graph, const PruneOptions& options, const Batches* data) {
  check(options);
  ChannelSelection selection{couple(graph)};
  const Coupling& coupling = selection.coupling;
  std::vector<std::vector<EliminationStep>> orders = elimination_orders(graph, coupling, options, data);
  std::vector<bool> kept_whole = protected_values(graph, options.protect);
  Budget budget(graph);
  int64_t bound = options.max_macs.value_or(
      static_cast<int64_t>(std::floor(options.keep_macs * static_cast<double>(budget.total()))));

  std::vector<Progress> groups;
  for (size_t g = 0; g < orders.size(); ++g) {
    const ChannelGroup& group = coupling.groups[g];
    bool held = std::ranges::any_of(group.axes, [&](ValueAxis at) { return kept_whole[static_cast<size_t>(at.value)]; });
    double most = std::floor(options.max_per_group * static_cast<double>(orders[g].size()));
    Progress progress{&orders[g], 0, held ? 0 : static_cast<size_t>(most), 0};
    if (progress.limit > 0) progress.price = next_price(progress, coupling, budget, options);
    groups.push_back(progress);
  }
  take_cheapest(groups, coupling, budget, bound, options);
  if (options.round_to > 1) round_groups(groups, coupling, budget, static_cast<size_t>(options.round_to));
  for (const Progress& group : groups) {
    for (size_t i = 0; i < group.taken; ++i) selection.removed.push_back((*group.steps)[i].channel);
  }
  std::ranges::sort(selection.removed);
  selection.bound_met = budget.total() <= bound;
  return selection;
}

}  // namespace pare
