// --profile: where the time of a run goes, step by step.
#pragma once

#include <span>
#include <vector>

#include "cli/session.h"
#include "runtime/executor.h"

namespace pare::cli {

// Runs the inputs `runs` times (after one that makes the plan) and keeps the least time of each step.
std::vector<StepReport> profile(Executor& executor, std::span<const Tensor> inputs, int runs);
// A table for people: time, share, bytes, kernel, nodes.
void show_profile(const Session& session, const std::vector<StepReport>& steps);
// [{kernel, nodes, ms, share, bytes}]
Json profile_json(const std::vector<StepReport>& steps);

}  // namespace pare::cli
