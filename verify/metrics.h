// Metrics: what is kept of each sample while a model runs, and one number from it, over any multiset of the samples, so
// that one pass over the data gives the value, its interval and paired comparisons.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/data/dataset.h"
#include "graph/tensor.h"
#include "verify/statistics.h"

namespace pare {

// How many classes' tables are printed, what AUC reads, what a token is.
struct MetricOptions {
  std::string name = "top1";
  int64_t positive = 1;           // auc: the class whose score is ranked; of one score per sample, that score
  std::optional<double> peak;     // psnr: the largest possible value; none: the largest magnitude of the targets
  std::optional<int64_t> ignore;  // sequence metrics: a target token that does not count (padding)
  std::optional<int64_t> end;     // exact_match, edit_distance: it and what follows are no part of a sequence
};

// What one number of a metric is.
struct MetricTraits {
  bool percent = false;  // a share in 0..1, shown and bounded in percent
  bool higher_is_better = true;
  bool proportion = false;  // the mean of 0 or 1 per sample: Wilson, McNemar and Tango hold
  std::string unit;         // "%", "dB", "bits", "" a bare number
};

class Metric {
 public:
  virtual ~Metric() = default;
  virtual MetricTraits traits() const = 0;
  // Samples first .. first + batch.count - 1: `output` [count, ...] is what the model gave. Throws Error (input) on
  // labels outside the classes, missing targets and shapes that do not fit, in a sentence that names the sample.
  virtual void add(int64_t first, const Tensor& output, const Batch& batch) = 0;
  int64_t samples() const { return samples_; }
  // Samples with a NaN or an infinity in their output.
  int64_t not_finite() const { return not_finite_; }
  // Over the samples, each taken counts[i] times; all once where `counts` is empty. NaN where it is not defined (AUC of
  // one class, an empty multiset).
  virtual double value(std::span<const uint32_t> counts = {}) const = 0;
  // Wilson for proportions, else the bootstrap.
  Interval interval(const BootstrapOptions& options) const;
  // 1 or 0 per sample, of proportions; else empty.
  virtual std::vector<uint8_t> correct() const { return {}; }
  // The class, or nothing where the metric has no classes. -1: not finite.
  virtual const std::vector<int64_t>* predictions() const { return nullptr; }
  virtual const std::vector<int64_t>* truths() const { return nullptr; }

 protected:
  int64_t samples_ = 0;
  int64_t not_finite_ = 0;
};

// Throws Error (usage) for an unknown name, with the nearest known one.
//   top1 top5             the label is the largest score, or among the five largest (of equals, the first indices)
//   balanced_accuracy     mean over the classes present of the share of their samples that are right (recall)
//   macro_f1              mean over the classes present or predicted of 2 TP / (2 TP + FP + FN)
//   auc                   area under the ROC curve, ties counted half (Mann-Whitney); two classes
//   reconstruction_auc    the same, ranked by the mean squared difference of output and input; y is 0 (normal) or 1
//   mse mae               mean over all elements of squared, absolute difference from the targets
//   psnr                  10 log10(peak^2 / mse), in dB;   snr: 10 log10(sum target^2 / sum difference^2), in dB
//   perplexity bits_per_token     from the log-softmax of [count, length, vocabulary] scores at the target tokens
//   exact_match edit_distance     of the sequence of largest scores (or of the tokens, where the model gives integers
//                                 [count, length]) and the target sequence, both as far as `end` or a negative token;
//                                 edit_distance is Levenshtein (1966) divided by the targets' length, summed before
//                                 dividing
std::unique_ptr<Metric> make_metric(const MetricOptions& options);
std::vector<std::string> metric_names();
// Of that name, without making one.
MetricTraits metric_traits(const std::string& name);

// Index of the largest of `scores`, the first of equals; -1 when one of them is not finite.
int64_t argmax(std::span<const float> scores);
// Levenshtein distance of two sequences.
int64_t edit_distance(std::span<const int64_t> a, std::span<const int64_t> b);

// Rows: true class; columns: predicted class, the last one "not finite".
struct ClassTable {
  std::vector<std::vector<int64_t>> confusion;
  struct Row {
    int64_t samples = 0;
    double precision = 0, recall = 0, f1 = 0;  // NaN where a denominator is 0
  };
  std::vector<Row> rows;
};
ClassTable class_table(std::span<const int64_t> truths, std::span<const int64_t> predictions);

}  // namespace pare
