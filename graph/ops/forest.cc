#include "graph/ops/forest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <span>

#include "graph/ops/ml_util.h"

namespace pare::ml {
namespace {

using Mode = Forest::Mode;

constexpr int64_t kMostFeatures = int64_t{1} << 32;

constexpr std::array<std::string_view, 6> kModes{"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE",
                                                 "BRANCH_GT",  "BRANCH_EQ", "BRANCH_NEQ"};

// Numbers given as a list of floats, or as a tensor of doubles.
Result<std::vector<double>> numbers(std::string_view name, const std::vector<float>& list,
                                    const std::optional<Tensor>& tensor) {
  if (!tensor) return std::vector<double>(list.begin(), list.end());
  if (!list.empty()) return input_error(std::string(name) + " is given twice, expected the list or the tensor");
  if (!is_float(tensor->dtype())) {
    return input_error(std::string(name) + " is " + to_string(tensor->type()) + ", expected floating-point numbers");
  }
  std::vector<double> values(static_cast<size_t>(tensor->size()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = tensor->as_double(static_cast<int64_t>(i));
  return values;
}

Result<void> need_count(std::string_view name, size_t found, size_t expected) {
  if (found == expected) return {};
  return wrong_count(name, found, std::to_string(expected));
}

Result<void> need_range(std::string_view name, int64_t value, int64_t end) {
  if (value >= 0 && value < end) return {};
  return input_error(std::string(name) + " has " + std::to_string(value) + ", expected 0.." + std::to_string(end - 1));
}

// Follows every branch of every node once; a node met again before it is finished lies on a cycle.
Result<void> need_no_cycle(const Forest& forest) {
  enum class State : uint8_t { fresh, open, done };
  std::vector<State> state(forest.nodes.size(), State::fresh);
  std::vector<size_t> stack;
  for (size_t start = 0; start < forest.nodes.size(); ++start) {
    if (state[start] == State::fresh) stack.push_back(start);
    while (!stack.empty()) {
      const size_t at = stack.back();
      if (state[at] != State::fresh) {
        state[at] = State::done;
        stack.pop_back();
        continue;
      }
      state[at] = State::open;
      for (const int64_t next : {forest.nodes[at].yes, forest.nodes[at].no}) {
        if (next < 0) continue;
        const State seen = state[static_cast<size_t>(next)];
        if (seen == State::open) {
          return input_error("node " + std::to_string(next) + " of the trees is below itself, expected no cycle");
        }
        if (seen == State::fresh) stack.push_back(static_cast<size_t>(next));
      }
    }
  }
  return {};
}

// ---- TreeEnsembleClassifier and TreeEnsembleRegressor: nodes and leaves in one list, named by tree and node id ----

using NodeName = std::pair<int64_t, int64_t>;

struct Listed {
  const std::vector<int64_t>&treeids, &nodeids, &featureids, &yes, &no, &missing;
  const std::vector<std::string>& modes;
  std::vector<double> values;
};

struct Votes {
  std::string_view prefix;  // "class" or "target"
  const std::vector<int64_t>&treeids, &nodeids, &ids;
  std::vector<double> weights;
  int64_t targets;
};

Result<void> check_counts(const Listed& list, const Votes& votes) {
  const size_t count = list.treeids.size();
  if (count == 0) return wrong_count("nodes_treeids", 0, "at least one node");
  PARE_TRY(need_count("nodes_nodeids", list.nodeids.size(), count));
  PARE_TRY(need_count("nodes_featureids", list.featureids.size(), count));
  PARE_TRY(need_count("nodes_truenodeids", list.yes.size(), count));
  PARE_TRY(need_count("nodes_falsenodeids", list.no.size(), count));
  PARE_TRY(need_count("nodes_modes", list.modes.size(), count));
  PARE_TRY(need_count("nodes_values", list.values.size(), count));
  if (!list.missing.empty()) PARE_TRY(need_count("nodes_missing_value_tracks_true", list.missing.size(), count));
  const std::string prefix(votes.prefix);
  PARE_TRY(need_count(prefix + "_nodeids", votes.nodeids.size(), votes.treeids.size()));
  PARE_TRY(need_count(prefix + "_ids", votes.ids.size(), votes.treeids.size()));
  return need_count(prefix + "_weights", votes.weights.size(), votes.treeids.size());
}

// Places of nodes by name.
class Index {
 public:
  Result<void> fill(const Listed& list) {
    names_.reserve(list.treeids.size());
    for (size_t i = 0; i < list.treeids.size(); ++i) {
      names_.push_back({{list.treeids[i], list.nodeids[i]}, static_cast<int64_t>(i)});
    }
    std::sort(names_.begin(), names_.end());
    for (size_t i = 1; i < names_.size(); ++i) {
      if (names_[i - 1].first == names_[i].first) return missing("is there twice, expected once", names_[i].first);
    }
    return {};
  }
  Result<int64_t> at(NodeName name) const {
    const auto found = std::lower_bound(names_.begin(), names_.end(), std::pair{name, int64_t{0}});
    if (found == names_.end() || found->first != name) return missing("is not among nodes_nodeids", name);
    return found->second;
  }

 private:
  static Failure missing(const std::string& what, NodeName name) {
    return input_error("node " + std::to_string(name.second) + " of tree " + std::to_string(name.first) + ' ' + what);
  }
  std::vector<std::pair<NodeName, int64_t>> names_;
};

// Sorts the votes by leaf. Votes at inner nodes count for nothing, as nothing ends there.
Result<void> add_votes(const Votes& given, const Index& index, const std::vector<int64_t>& places, Forest& forest) {
  std::vector<std::pair<int64_t, size_t>> by_leaf;
  for (size_t i = 0; i < given.treeids.size(); ++i) {
    PARE_TRY(need_range(std::string(given.prefix) + "_ids", given.ids[i], given.targets));
    PARE_ASSIGN(const int64_t node, index.at({given.treeids[i], given.nodeids[i]}));
    if (const int64_t place = places[static_cast<size_t>(node)]; place < 0) by_leaf.emplace_back(~place, i);
  }
  std::sort(by_leaf.begin(), by_leaf.end());
  for (const auto& [leaf, i] : by_leaf) {
    Forest::Leaf& to = forest.leaves[static_cast<size_t>(leaf)];
    if (to.votes++ == 0) to.first_vote = static_cast<int64_t>(forest.votes.size());
    forest.votes.push_back({given.ids[i], given.weights[i]});
  }
  return {};
}

Result<Forest> from_list(const Listed& list, const Votes& votes) {
  PARE_TRY(check_counts(list, votes));
  Index index;
  PARE_TRY(index.fill(list));
  Forest forest;
  forest.targets = votes.targets;
  std::vector<int64_t> places(list.treeids.size());  // a node of the forest, or ~leaf
  for (size_t i = 0; i < places.size(); ++i) {
    auto& kind = list.modes[i];
    places[i] =
        kind == "LEAF" ? ~static_cast<int64_t>(forest.leaves.size()) : static_cast<int64_t>(forest.nodes.size());
    if (kind == "LEAF") {
      forest.leaves.emplace_back();
      continue;
    }
    const auto mode = std::find(kModes.begin(), kModes.end(), kind);
    if (mode == kModes.end()) {
      return input_error("nodes_modes has '" + kind.substr(0, 40) +
                         "', expected LEAF or BRANCH_ and LEQ, LT, GTE, GT, EQ or NEQ");
    }
    PARE_TRY(need_range("nodes_featureids", list.featureids[i], kMostFeatures));
    forest.features = std::max(forest.features, list.featureids[i] + 1);
    forest.nodes.push_back({.mode = static_cast<Mode>(mode - kModes.begin()),
                            .missing_is_true = !list.missing.empty() && list.missing[i] != 0,
                            .feature = list.featureids[i],
                            .split = list.values[i]});
  }
  std::map<int64_t, bool> seen;
  for (size_t i = 0; i < places.size(); ++i) {
    if (seen.emplace(list.treeids[i], true).second) forest.roots.push_back(places[i]);
    if (places[i] < 0) continue;
    Forest::Node& node = forest.nodes[static_cast<size_t>(places[i])];
    PARE_ASSIGN(const int64_t yes, index.at({list.treeids[i], list.yes[i]}));
    PARE_ASSIGN(const int64_t no, index.at({list.treeids[i], list.no[i]}));
    node.yes = places[static_cast<size_t>(yes)];
    node.no = places[static_cast<size_t>(no)];
  }
  PARE_TRY(need_no_cycle(forest));
  PARE_TRY(add_votes(votes, index, places, forest));
  return forest;
}

// ---- TreeEnsemble: nodes and leaves in two lists, named by their places ----

Result<void> check_counts(const TreeEnsemble& op) {
  const size_t count = op.nodes_featureids.size();
  PARE_TRY(need_count("nodes_truenodeids", op.nodes_truenodeids.size(), count));
  PARE_TRY(need_count("nodes_falsenodeids", op.nodes_falsenodeids.size(), count));
  PARE_TRY(need_count("nodes_trueleafs", op.nodes_trueleafs.size(), count));
  PARE_TRY(need_count("nodes_falseleafs", op.nodes_falseleafs.size(), count));
  PARE_TRY(need_count("nodes_modes", static_cast<size_t>(op.nodes_modes.size()), count));
  PARE_TRY(need_count("nodes_splits", static_cast<size_t>(op.nodes_splits.size()), count));
  if (!op.nodes_missing_value_tracks_true.empty()) {
    PARE_TRY(need_count("nodes_missing_value_tracks_true", op.nodes_missing_value_tracks_true.size(), count));
  }
  if (op.nodes_modes.dtype() != DType::uint8 || !is_float(op.nodes_splits.dtype()) ||
      !is_float(op.leaf_weights.dtype()) || (op.membership_values && !is_float(op.membership_values->dtype()))) {
    return input_error("has " + to_string(op.nodes_modes.type()) + " nodes_modes, " +
                       to_string(op.nodes_splits.type()) + " nodes_splits and " + to_string(op.leaf_weights.type()) +
                       " leaf_weights, expected uint8, and floating point for the others");
  }
  return need_count("leaf_weights", static_cast<size_t>(op.leaf_weights.size()), op.leaf_targetids.size());
}

// One branch: the node or ~leaf that it leads to.
Result<int64_t> branch(const TreeEnsemble& op, const char* name, int64_t is_leaf, int64_t id) {
  const size_t count = is_leaf != 0 ? op.leaf_targetids.size() : op.nodes_featureids.size();
  PARE_TRY(need_range(name, id, static_cast<int64_t>(count)));
  return is_leaf != 0 ? ~id : id;
}

// The members of each BRANCH_MEMBER node stand one after the other, each set ended by a NaN.
Result<void> take_members(const TreeEnsemble& op, int64_t& at, Forest& forest, Forest::Node& node) {
  node.first_member = static_cast<int64_t>(forest.members.size());
  const int64_t end = op.membership_values ? op.membership_values->size() : 0;
  while (at < end && !std::isnan(op.membership_values->as_double(at))) {
    forest.members.push_back(op.membership_values->as_double(at++));
    ++node.members;
  }
  if (at++ < end) return {};
  return input_error("membership_values has fewer sets ended by NaN than there are nodes of mode BRANCH_MEMBER");
}

}  // namespace

Result<Forest> forest_of(const TreeEnsemble& op) {
  PARE_TRY(check_counts(op));
  Forest forest;
  for (const int64_t target : op.leaf_targetids) {
    PARE_TRY(need_range("leaf_targetids", target, op.n_targets.value_or(kMostTargets)));
    forest.targets = std::max(forest.targets, target + 1);
  }
  forest.targets = op.n_targets.value_or(forest.targets);
  for (size_t i = 0; i < op.leaf_targetids.size(); ++i) {
    forest.leaves.push_back({static_cast<int64_t>(i), 1});
    forest.votes.push_back({op.leaf_targetids[i], op.leaf_weights.as_double(static_cast<int64_t>(i))});
  }
  int64_t member = 0;
  for (size_t i = 0; i < op.nodes_featureids.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const int64_t mode = op.nodes_modes.as_int(at);
    PARE_TRY(need_range("nodes_modes", mode, 7));
    PARE_TRY(need_range("nodes_featureids", op.nodes_featureids[i], kMostFeatures));
    forest.features = std::max(forest.features, op.nodes_featureids[i] + 1);
    Forest::Node node{
        .mode = static_cast<Mode>(mode),
        .missing_is_true = !op.nodes_missing_value_tracks_true.empty() && op.nodes_missing_value_tracks_true[i] != 0,
        .feature = op.nodes_featureids[i],
        .split = op.nodes_splits.as_double(at)};
    if (node.mode == Mode::member) PARE_TRY(take_members(op, member, forest, node));
    PARE_ASSIGN(node.yes, branch(op, "nodes_truenodeids", op.nodes_trueleafs[i], op.nodes_truenodeids[i]));
    PARE_ASSIGN(node.no, branch(op, "nodes_falsenodeids", op.nodes_falseleafs[i], op.nodes_falsenodeids[i]));
    forest.nodes.push_back(node);
  }
  for (const int64_t root : op.tree_roots) {
    PARE_TRY(need_range("tree_roots", root, static_cast<int64_t>(forest.nodes.size())));
    forest.roots.push_back(root);
  }
  PARE_TRY(need_no_cycle(forest));
  return forest;
}

Result<Forest> forest_of(const TreeEnsembleClassifier& op) {
  PARE_ASSIGN(const int64_t classes, class_count(op.classlabels_int64s, op.classlabels_strings));
  PARE_ASSIGN(auto values, numbers("nodes_values", op.nodes_values, op.nodes_values_as_tensor));
  PARE_ASSIGN(auto weights, numbers("class_weights", op.class_weights, op.class_weights_as_tensor));
  return from_list({op.nodes_treeids, op.nodes_nodeids, op.nodes_featureids, op.nodes_truenodeids,
                    op.nodes_falsenodeids, op.nodes_missing_value_tracks_true, op.nodes_modes, std::move(values)},
                   {"class", op.class_treeids, op.class_nodeids, op.class_ids, std::move(weights), classes});
}

Result<Forest> forest_of(const TreeEnsembleRegressor& op) {
  PARE_ASSIGN(auto values, numbers("nodes_values", op.nodes_values, op.nodes_values_as_tensor));
  PARE_ASSIGN(auto weights, numbers("target_weights", op.target_weights, op.target_weights_as_tensor));
  return from_list(
      {op.nodes_treeids, op.nodes_nodeids, op.nodes_featureids, op.nodes_truenodeids, op.nodes_falsenodeids,
       op.nodes_missing_value_tracks_true, op.nodes_modes, std::move(values)},
      {"target", op.target_treeids, op.target_nodeids, op.target_ids, std::move(weights), op.n_targets.value_or(1)});
}

}  // namespace pare::ml
