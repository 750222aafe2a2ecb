#include "quantize/observe_pairs.h"

#include <algorithm>
#include <memory>

#include "graph/error.h"
#include "runtime/executor.h"

namespace pare {
namespace {

// The part of a graph that computes some of its values, ready to run.
class Part {
 public:
  Part(const Graph& graph, const std::vector<ValueId>& values, int threads) {
    auto part = std::make_shared<Graph>(graph);
    part->outputs.clear();
    for (const ValueId id : values) {
      const auto input = std::find(graph.inputs.begin(), graph.inputs.end(), id);
      if (input != graph.inputs.end()) {
        sources_.push_back({true, static_cast<size_t>(input - graph.inputs.begin())});
        continue;
      }
      auto known = std::find(part->outputs.begin(), part->outputs.end(), id);
      sources_.push_back({false, static_cast<size_t>(known - part->outputs.begin())});
      if (known == part->outputs.end()) part->outputs.push_back(id);
    }
    if (part->outputs.empty()) return;
    part->remove_unused();
    ExecutorOptions options;
    options.threads = threads;
    executor_ = unwrap(Executor::create(std::move(part), options));
  }
  void run(const std::vector<Tensor>& inputs) {
    inputs_ = inputs;
    if (executor_) results_ = unwrap(executor_->run(inputs_));
  }
  const Tensor& operator[](size_t i) const {
    return sources_[i].given ? inputs_.at(sources_[i].index) : results_.at(sources_[i].index);
  }

 private:
  struct Source {
    bool given;
    size_t index;
  };
  std::vector<Source> sources_;
  std::unique_ptr<Executor> executor_;
  std::vector<Tensor> inputs_, results_;
};

}  // namespace

void observe_pairs(const Graph& first, const Graph& second, const std::vector<std::pair<ValueId, ValueId>>& pairs,
                   const Batches& batches, const ObserveOptions& options,
                   const std::function<void(size_t, const Tensor&, const Tensor&)>& visit) {
  if (batches.count == 0) {
    throw Error(ErrorCode::usage, "calibration: the data is empty; expected at least one sample: give --data some");
  }
  std::vector<ValueId> firsts, seconds;
  for (const auto& [a, b] : pairs) {
    firsts.push_back(a);
    seconds.push_back(b);
  }
  Part a(first, firsts, options.threads), b(second, seconds, options.threads);
  for (int64_t batch = 0; batch < batches.count; ++batch) {
    const std::vector<Tensor> inputs = batches.get(batch);
    a.run(inputs);
    b.run(inputs);
    for (size_t i = 0; i < pairs.size(); ++i) visit(i, a[i], b[i]);
    if (options.progress) options.progress(batch + 1, batches.count);
  }
}

}  // namespace pare
