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

// Runs every batch and shows each of `values`, graph inputs among them.
void observe(const Graph& graph, const std::vector<ValueId>& values, const Batches& batches, const CalibrateOptions& options,
             const std::function<void(ValueId, const Tensor&, int64_t batch)>& visit) {
  if (batches.count == 0) {
    throw Error(ErrorCode::usage, "calibration: the data is empty; expected at least one sample: give --data some");
  }
  std::vector<ValueId> computed;
  std::vector<std::pair<ValueId, size_t>> given;
  ExecutorOptions executor_options;
  executor_options.threads = options.threads;
  for (const ValueId id : values) {
    const auto input = std::find(graph.inputs.begin(), graph.inputs.end(), id);
    if (input != graph.inputs.end()) {
      given.emplace_back(id, static_cast<size_t>(input - graph.inputs.begin()));
      continue;
    }
    computed.push_back(id);
    executor_options.keep.push_back(graph.value(id).name);
  }
  auto executor = unwrap(Executor::create(std::make_shared<Graph>(graph), executor_options));
  for (int64_t batch = 0; batch < batches.count; ++batch) {
    const std::vector<Tensor> inputs = batches.get(batch);
    for (const auto& [id, slot] : given) visit(id, inputs.at(slot), batch);
    const std::vector<Tensor> results = unwrap(executor->run(inputs));
    for (size_t i = 0; i < computed.size(); ++i) visit(computed[i], results[graph.outputs.size() + i], batch);
    if (options.progress) options.progress(batch + 1, batches.count);
  }
}

}  // namespace

std::vector<ValueRange> calibrate_min_max(const Graph& graph, const std::vector<ValueId>& values, const Batches& batches,
                                          const CalibrateOptions& options) {
  std::vector<ValueRange> ranges(graph.value_limit());
  observe(graph, values, batches, options, [&](ValueId id, const Tensor& tensor, int64_t batch) {
    widen(ranges[static_cast<size_t>(id)], tensor, graph.value(id).name, batch);
  });
  return ranges;
}

std::vector<Histogram> calibrate_histograms(const Graph& graph, const std::vector<ValueId>& values,
                                            const std::vector<ValueRange>& ranges, const Batches& batches,
                                            const CalibrateOptions& options) {
  std::vector<Histogram> histograms(graph.value_limit());
  observe(graph, values, batches, options, [&](ValueId id, const Tensor& tensor, int64_t) {
    Histogram& histogram = histograms[static_cast<size_t>(id)];
    histogram.counts.resize(Histogram::kBins);
    const ValueRange& range = ranges[static_cast<size_t>(id)];
    const float width = range.high - range.low;
    if (!(width > 0)) return;
    const float bins_per_unit = static_cast<float>(Histogram::kBins) / width;
    for (const float x : tensor.data<float>()) {
      const float bin = std::clamp((x - range.low) * bins_per_unit, 0.0f, static_cast<float>(Histogram::kBins - 1));
      ++histogram.counts[static_cast<size_t>(bin)];
    }
  });
  return histograms;
}

}  // namespace pare
