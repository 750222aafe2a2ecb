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

struct Candidate {
  std::unique_ptr<Executor> executor;
  std::vector<Tensor> inputs;
  std::vector<double> times;

  void run() {
    const auto start = std::chrono::steady_clock::now();
    unwrap(executor->run(inputs));
    times.push_back(seconds_since(start) * 1000);
  }
};

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

std::vector<Latency> measure_latency(const std::vector<std::shared_ptr<const Graph>>& models,
                                     const std::vector<std::vector<Tensor>>& inputs, const LatencyOptions& options) {
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < models.size(); ++i) {
    ExecutorOptions executor_options;
    executor_options.threads = options.threads;
    executor_options.reference = options.reference;
    Candidate candidate;
    candidate.executor = unwrap(Executor::create(models[i], executor_options));
    candidate.inputs = i < inputs.size() && !inputs[i].empty() ? inputs[i] : zero_inputs(*models[i], options.batch);
    candidates.push_back(std::move(candidate));
  }
  for (Candidate& candidate : candidates) {
    candidate.run();  // makes the plan
    candidate.run();
    candidate.times.clear();
  }
  const auto start = std::chrono::steady_clock::now();
  const double budget = options.seconds * static_cast<double>(candidates.size());
  const int64_t least = options.runs > 0 ? options.runs : 5;
  for (int64_t run = 0; run < least || (options.runs == 0 && seconds_since(start) < budget); ++run) {
    for (Candidate& candidate : candidates) candidate.run();
  }
  std::vector<Latency> result;
  for (Candidate& candidate : candidates) {
    std::sort(candidate.times.begin(), candidate.times.end());
    result.push_back({candidate.times[candidate.times.size() / 2], candidate.times.front(),
                      static_cast<int64_t>(candidate.times.size())});
  }
  return result;
}

}  // namespace pare
