// One number for a model on data, with its confidence interval; and the pass over the data that gives it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "formats/data/dataset.h"
#include "graph/graph.h"
#include "runtime/batches.h"
#include "verify/metrics.h"
#include "verify/runner.h"

namespace pare {

struct EvaluateOptions {
  MetricOptions metric;
  int threads = 1;
  bool reference = false;          // plain kernels
  int64_t batch = 32;              // samples at a time where the model takes any number
  std::string output;              // which output the metric reads; empty: the first
  std::vector<std::string> feeds;  // of a decoder, "OUTPUT=INPUT"
  BootstrapOptions bootstrap;
  std::string save_outputs;  // a .npz to write: array "output" [samples, ...], "y" where there are labels
  std::function<void(int64_t done, int64_t total)> progress;
};

struct Evaluation {
  std::string metric;
  MetricTraits traits;
  double value = 0;  // a share in 0..1 where traits.percent, else in traits.unit
  int64_t samples = 0;
  double low = 0, high = 0;  // the 95 % interval: Wilson for proportions, else the bootstrap
  int64_t not_finite = 0;    // samples with a NaN or infinity in what the metric reads; a proportion counts them wrong
  std::string data_hash;     // see data_hash.h
  std::shared_ptr<const Metric> detail;
};

// Batches of at most `batch` samples of `dataset` in order, in the graph's layout. A model that fixes its batch gets
// that many; a smaller batch is filled up by repeating its last sample (the caller cuts the results). `graph` and
// `dataset` must outlive it.
Batches batches_of(const Dataset& dataset, const Graph& graph, int64_t batch);

// Runs models over the same data, each batch read once. `visit` gets the first sample's index, the samples as read
// (count is that of the samples that exist) and, by model, the chosen output cut to them: [count, ...].
void for_each_batch(
    const std::vector<RunningModel>& models, const Dataset& dataset, const EvaluateOptions& options,
    const std::function<void(int64_t first, const Batch& batch, const std::vector<Tensor>& outputs)>& visit);

// Throws Error: usage for an unknown metric, input for data without labels or samples, or with labels outside the
// classes.
Evaluation evaluate(const RunningModel& model, const Dataset& dataset, const EvaluateOptions& options = {});
Evaluation evaluate(const Graph& graph, const Dataset& dataset, const EvaluateOptions& options = {});
// The metric for that data: where an answer ends is what the data say of it.
std::unique_ptr<Metric> make_metric(MetricOptions options, const Dataset& dataset);
// What a metric that has seen all samples says.
Evaluation evaluation_of(std::shared_ptr<const Metric> metric, const EvaluateOptions& options);

}  // namespace pare
