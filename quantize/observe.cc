#include "quantize/observe.h"

#include <algorithm>
#include <memory>

#include "graph/error.h"
#include "runtime/executor.h"

namespace pare {

void observe(const Graph& graph, const std::vector<ValueId>& values, const Batches& batches, const ObserveOptions& options,
             const std::function<void(ValueId, const Tensor&, int64_t)>& visit) {
  if (batches.count == 0) {
    throw Error(ErrorCode::usage, "calibration: the data is empty; expected at least one sample: give --data some");
  }
  struct Source {
    bool given;
    size_t index;
  };
  std::vector<Source> sources;
  ExecutorOptions executor_options;
  executor_options.threads = options.threads;
  for (const ValueId id : values) {
    const auto input = std::find(graph.inputs.begin(), graph.inputs.end(), id);
    if (input != graph.inputs.end()) {
      sources.push_back({true, static_cast<size_t>(input - graph.inputs.begin())});
    } else {
      sources.push_back({false, graph.outputs.size() + executor_options.keep.size()});
      executor_options.keep.push_back(graph.value(id).name);
    }
  }
  auto executor = unwrap(Executor::create(std::make_shared<Graph>(graph), executor_options));
  for (int64_t batch = 0; batch < batches.count; ++batch) {
    const std::vector<Tensor> inputs = batches.get(batch);
    const std::vector<Tensor> results = unwrap(executor->run(inputs));
    for (size_t i = 0; i < values.size(); ++i) {
      visit(values[i], sources[i].given ? inputs.at(sources[i].index) : results.at(sources[i].index), batch);
    }
    if (options.progress) options.progress(batch + 1, batches.count);
  }
}

}  // namespace pare
