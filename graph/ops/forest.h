// Every tree operator in one form, checked: what inference validates and the kernel walks.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/ops/ml_trees.h"

namespace pare::ml {

struct Forest {
  // As TreeEnsemble numbers them.
  enum class Mode : uint8_t { leq, lt, gte, gt, eq, neq, member };
  struct Node {
    Mode mode = Mode::leq;
    bool missing_is_true = false;  // NaN takes the true branch
    int64_t feature = 0;
    double split = 0;
    int64_t first_member = 0, members = 0;  // of Mode::member
    int64_t yes = 0, no = 0;                // a node, or ~leaf
  };
  // Votes [first_vote, first_vote + votes).
  struct Leaf {
    int64_t first_vote = 0, votes = 0;
  };
  struct Vote {
    int64_t target = 0;
    double weight = 0;
  };
  std::vector<Node> nodes;
  std::vector<Leaf> leaves;
  std::vector<Vote> votes;
  std::vector<double> members;
  std::vector<int64_t> roots;  // one per tree: a node, or ~leaf
  int64_t targets = 0;         // of every vote: below this
  int64_t features = 0;        // an input needs at least as many

  // The leaf that a sample reaches; feature(i) gives its i-th number.
  template <class Feature>
  const Leaf& walk(int64_t at, Feature feature) const;
};

// What one ensemble may have.
inline constexpr int64_t kMostTargets = int64_t{1} << 24;

// Ends every walk: no cycles, no reference outside. A Failure says what is wrong.
Result<Forest> forest_of(const TreeEnsemble& op);
Result<Forest> forest_of(const TreeEnsembleClassifier& op);
Result<Forest> forest_of(const TreeEnsembleRegressor& op);

inline bool forest_test(const Forest& forest, const Forest::Node& node, double value) {
  using Mode = Forest::Mode;
  if (value != value && node.missing_is_true) return true;
  switch (node.mode) {
    case Mode::leq:
      return value <= node.split;
    case Mode::lt:
      return value < node.split;
    case Mode::gte:
      return value >= node.split;
    case Mode::gt:
      return value > node.split;
    case Mode::eq:
      return value == node.split;
    case Mode::neq:
      return value != node.split;
    case Mode::member:
      for (int64_t i = 0; i < node.members; ++i)
        if (forest.members[static_cast<size_t>(node.first_member + i)] == value) return true;
      return false;
  }
  return false;
}

template <class Feature>
const Forest::Leaf& Forest::walk(int64_t at, Feature feature) const {
  while (at >= 0) {
    const Node& node = nodes[static_cast<size_t>(at)];
    at = forest_test(*this, node, feature(node.feature)) ? node.yes : node.no;
  }
  return leaves[static_cast<size_t>(~at)];
}

}  // namespace pare::ml
