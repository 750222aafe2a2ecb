#include "cli/profile.h"

#include <algorithm>

#include "graph/error.h"

namespace pare::cli {
namespace {

double total_seconds(const std::vector<StepReport>& steps) {
  double total = 0;
  for (const StepReport& step : steps) total += step.seconds;
  return total > 0 ? total : 1;
}

std::string names_of(const StepReport& step) {
  std::string names;
  for (const std::string& node : step.nodes) names += (names.empty() ? "" : ", ") + node;
  return names;
}

}  // namespace

std::vector<StepReport> profile(Executor& executor, std::span<const Tensor> inputs, int runs) {
  unwrap(executor.run(inputs));
  std::vector<StepReport> best;
  for (int run = 0; run < runs; ++run) {
    unwrap(executor.run(inputs));
    const std::vector<StepReport> steps = executor.steps();
    if (best.size() != steps.size()) best = steps;
    for (size_t i = 0; i < steps.size(); ++i) best[i].seconds = std::min(best[i].seconds, steps[i].seconds);
  }
  return best;
}

void show_profile(const Session& session, const std::vector<StepReport>& steps) {
  const double total = total_seconds(steps);
  session.say("  {:>10} {:>6} {:>10}  {:<24} {}", "ms", "share", "bytes", "kernel", "nodes");
  for (const StepReport& step : steps)
    session.say("  {:>10.4f} {:>5.1f}% {:>10}  {:<24} {}", step.seconds * 1000, 100 * step.seconds / total,
                human_bytes(static_cast<int64_t>(step.bytes)), step.kernel, names_of(step));
  session.say("  {:>10.4f} in {} steps", total * 1000, steps.size());
}

Json profile_json(const std::vector<StepReport>& steps) {
  const double total = total_seconds(steps);
  Json list = Json::array();
  for (const StepReport& step : steps)
    list.push_back({{"kernel", step.kernel},
                    {"nodes", step.nodes},
                    {"ms", step.seconds * 1000},
                    {"share", step.seconds / total},
                    {"bytes", step.bytes}});
  return list;
}

}  // namespace pare::cli
