// Takes the branch of an If into the graph where the condition is known when the plan is made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/plan/analysis.h"

namespace pare {

// A graph to plan: that of the model, or a copy in which branches have been chosen.
struct Program {
  std::shared_ptr<const Graph> graph;
  std::vector<NodeId> nodes;  // to run, in order
  std::string variant;        // which branches were chosen: ids of values and nodes mean the same in equal variants
};

// Before: an If among the nodes whose condition is constant under `analysis`. After: the nodes of the chosen branch in
// its place, their results copied to its outputs. False where there is none left.
bool take_branch(Program& program, const Analysis& analysis);

}  // namespace pare
