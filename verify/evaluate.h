// One number for a model on labelled data, with its confidence interval.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "formats/data/dataset.h"
#include "graph/graph.h"
#include "runtime/batches.h"
#include "runtime/executor.h"

namespace pare {

struct EvaluateOptions {
  std::string metric = "top1";
  int threads = 1;
  bool reference = false;   // plain kernels
  int64_t batch = 32;       // samples at a time where the model takes any number
  std::string output;       // which output holds the class scores; empty: the first
  std::function<void(int64_t done, int64_t total)> progress;
};

struct Evaluation {
  std::string metric;
  double value = 0;  // top1: fraction of samples whose largest score is at the label
  int64_t samples = 0;
  double low = 0, high = 0;           // 95 % interval (Wilson 1927 for proportions)
  int64_t not_finite = 0;             // samples with a NaN or infinity among their scores; they count as wrong
  std::vector<int64_t> predictions;   // class of each sample; -1 where not finite
  std::vector<uint8_t> correct;       // 1 or 0 per sample
};

struct Interval {
  double low = 0, high = 0;
};
// Wilson score interval of a proportion, 95 %: Wilson, "Probable inference, the law of succession, and statistical
// inference", JASA 22 (1927).
Interval wilson(int64_t successes, int64_t trials);

// Index of the largest of `scores`, the first of equals; -1 when one of them is not finite.
int64_t argmax(std::span<const float> scores);

// How many samples a model takes at a time: `batch`, or less where its inputs fix their first dim.
int64_t model_batch(const Graph& graph, int64_t batch);

// Batches of at most `batch` samples of `dataset` in order. A model with a fixed first dim gets that many; a last, smaller
// batch is filled up by repeating its last sample (the caller cuts the results). `graph` and `dataset` must outlive it.
Batches batches_of(const Dataset& dataset, const Graph& graph, int64_t batch);

// The class scores of every sample go to `visit(first sample, scores [n, classes])`, batch by batch.
void for_each_output(const Graph& graph, const Dataset& dataset, const EvaluateOptions& options,
                     const std::function<void(int64_t first, const Tensor& scores)>& visit);

// Throws Error: usage for an unknown metric, input for data without labels, no samples or labels outside the classes.
Evaluation evaluate(const Graph& graph, const Dataset& dataset, const EvaluateOptions& options = {});

}  // namespace pare
