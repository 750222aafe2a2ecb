#include "quantize/calibrate.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "graph/error.h"
#include "runtime/executor.h"

namespace pare {
namespace {

void widen(ValueRange& range, const Tensor& tensor, const std::string& name, int64_t batch) {
  if (tensor.size() == 0) return;
  const auto data = tensor.data<float>();
  float low = range.seen ? range.low : data[0];
  float high = range.seen ? range.high : data[0];
  bool finite = true;
  for (const float x : data) {
    low = std::min(low, x);
    high = std::max(high, x);
    finite = finite && std::isfinite(x);
  }
  if (!finite) {
    throw Error(ErrorCode::input, "calibration: value '" + name + "' is NaN or infinite in batch " +
                                      std::to_string(batch) + "; expected finite activations: check the data and its "
                                      "preprocessing, or run the model on it with 'pare run'");
  }
  range = {low, high, true};
}

}  // namespace

std::vector<ValueRange> calibrate_min_max(const Graph& graph, const std::vector<ValueId>& values, const Batches& batches,
                                     const CalibrateOptions& options) {
  std::vector<ValueRange> ranges(graph.value_limit());
  if (batches.count == 0) {
    throw Error(ErrorCode::usage, "calibration: the data is empty; expected at least one sample: give --data some");
  }
  std::vector<ValueId> observed;
  ExecutorOptions executor_options;
  executor_options.threads = options.threads;
  for (const ValueId id : values) {
    const bool is_input = std::find(graph.inputs.begin(), graph.inputs.end(), id) != graph.inputs.end();
    if (is_input) continue;
    observed.push_back(id);
    executor_options.keep.push_back(graph.value(id).name);
  }
  auto executor = unwrap(Executor::create(std::make_shared<Graph>(graph), executor_options));
  for (int64_t batch = 0; batch < batches.count; ++batch) {
    const std::vector<Tensor> inputs = batches.get(batch);
    for (size_t i = 0; i < graph.inputs.size() && i < inputs.size(); ++i) {
      const ValueId id = graph.inputs[i];
      if (std::find(values.begin(), values.end(), id) == values.end()) continue;
      widen(ranges[static_cast<size_t>(id)], inputs[i], graph.value(id).name, batch);
    }
    const std::vector<Tensor> results = unwrap(executor->run(inputs));
    for (size_t i = 0; i < observed.size(); ++i) {
      widen(ranges[static_cast<size_t>(observed[i])], results[graph.outputs.size() + i],
            graph.value(observed[i]).name, batch);
    }
    if (options.progress) options.progress(batch + 1, batches.count);
  }
  return ranges;
}

}  // namespace pare
