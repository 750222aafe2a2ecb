// From a graph and dims to a plan.
#pragma once

#include "runtime/plan/branches.h"
#include "runtime/plan/plan.h"

namespace pare {

// Part of a program that can be planned before it runs: the nodes whose operands and results have known dims.
struct Stage {
  Program program;               // what is left to run, this stage's nodes included
  std::vector<ValueId> inputs;   // what the plan takes
  std::vector<ValueId> outputs;  // what it hands on; where nothing is left to run, what is wanted
  std::optional<Plan> plan;      // none where no node could be planned
  std::vector<NodeId> apart;     // nodes whose results' dims depend on data: run by themselves behind the plan
  std::vector<NodeId> rest;      // what follows these

  bool complete() const { return plan && apart.empty() && rest.empty(); }
};

// What plans of one executor share.
struct PlanContext {
  std::vector<ValueId> wanted;  // what is returned
  WeightCache weights;
  std::map<std::string, FoldedConstants> folded;  // by variant
  Isa isa = Isa::plain;
  int threads = 1;
};

Result<Stage> make_stage(Program program, const std::vector<GivenValue>& given, PlanContext& context);

}  // namespace pare
