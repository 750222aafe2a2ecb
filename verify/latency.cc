#include "verify/latency.h"

#include <algorithm>
#include <chrono>

#include "graph/error.h"
#include "runtime/executor.h"

namespace pare {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::vector<Tensor> zero_inputs(const Graph& graph, int64_t batch) {
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    if (!value.type.shape) {
      throw Error(ErrorCode::unsupported, "input '" + value.name + "' declares no rank; give its array with --in");
    }
    Dims dims;
    for (const Dim& dim : *value.type.shape) dims.push_back(dim.known() ? dim.size : dims.empty() ? batch : 1);
    if (!tensor_bytes(value.type.dtype, dims)) {
      throw Error(ErrorCode::unsupported, "input '" + value.name + "' is " + to_string(value.type) +
                                              ", for which no zeros can be made; give its array with --in");
    }
    inputs.emplace_back(value.type.dtype, dims);
  }
  return inputs;
}

std::vector<Latency> measure_latency(const std::vector<std::function<void()>>& runs, const LatencyOptions& options) {
  for (const auto& run : runs) {
    run();  // makes the plan
    run();
  }
  std::vector<std::vector<double>> times(runs.size());
  const auto start = std::chrono::steady_clock::now();
  const double budget = options.seconds * static_cast<double>(runs.size());
  const int64_t least = options.runs > 0 ? options.runs : 5;
  for (int64_t round = 0; round < least || (options.runs == 0 && seconds_since(start) < budget); ++round) {
    for (size_t i = 0; i < runs.size(); ++i) {
      const auto began = std::chrono::steady_clock::now();
      runs[i]();
      times[i].push_back(seconds_since(began) * 1000);
    }
  }
  std::vector<Latency> result;
  for (std::vector<double>& each : times) {
    std::sort(each.begin(), each.end());
    result.push_back({each[each.size() / 2], each.front(), static_cast<int64_t>(each.size())});
  }
  return result;
}

std::vector<Latency> measure_latency(const std::vector<std::shared_ptr<const Graph>>& models,
                                     const std::vector<std::vector<Tensor>>& inputs, const LatencyOptions& options) {
  ExecutorOptions executor_options;
  executor_options.threads = options.threads;
  executor_options.reference = options.reference;
  std::vector<std::function<void()>> runs;
  for (size_t i = 0; i < models.size(); ++i) {
    const std::shared_ptr<Executor> executor = unwrap(Executor::create(models[i], executor_options));
    const bool given = i < inputs.size() && !inputs[i].empty();
    runs.emplace_back([executor, tensors = given ? inputs[i] : zero_inputs(*models[i], options.batch)] {
      unwrap(executor->run(tensors));
    });
  }
  return measure_latency(runs, options);
}

}  // namespace pare
