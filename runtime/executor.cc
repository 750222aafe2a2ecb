#include "runtime/executor.h"

#include "runtime/planned_executor.h"
#include "runtime/reference_executor.h"

namespace pare {

Result<std::unique_ptr<Executor>> Executor::create(std::shared_ptr<const Graph> graph, ExecutorOptions options) {
  if (options.isa && !machine_has(*options.isa))
    return unsupported("this machine does not have the instruction set " + std::string(name(*options.isa)));
  if (options.reference) return create_reference_executor(std::move(graph), options);
  return create_planned_executor(std::move(graph), options);
}

}  // namespace pare
