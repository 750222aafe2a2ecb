// The executor that plans: see plan/plan.h.
#pragma once

#include "runtime/executor.h"

namespace pare {

Result<std::unique_ptr<Executor>> create_planned_executor(std::shared_ptr<const Graph> graph,
                                                          const ExecutorOptions& options);

}  // namespace pare
