// The executor of plain kernels, node by node: the definition of what a graph computes.
#pragma once

#include "runtime/executor.h"

namespace pare {

Result<std::unique_ptr<Executor>> create_reference_executor(std::shared_ptr<const Graph> graph,
                                                            const ExecutorOptions& options);

}  // namespace pare
