// The gate: a reference and a candidate on the same data, and bounds that the candidate must hold.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "verify/bounds.h"
#include "verify/evaluate.h"
#include "verify/facts.h"
#include "verify/latency.h"
#include "verify/output_error.h"

namespace pare {

struct ComparedModel {
  std::string path;
  std::shared_ptr<const Graph> graph;
  int64_t file_bytes = 0;  // the decoder's included
  std::shared_ptr<const Graph> decoder = nullptr;
  std::string decoder_path = {};
};

struct ComparedSide {
  std::string path;
  std::string decoder;  // the path of the decoder; empty: none
  int64_t file_bytes = 0;
  ModelFacts facts;
  int64_t memory_bytes = 0;  // by the plan: weights as they run, and the arena of one sample
  std::optional<Evaluation> evaluation;
  std::optional<Latency> latency;
  std::optional<int64_t> peak_bytes;  // measured: the largest resident set of a process that runs one sample
};

// What a run over data, or over random inputs, says of the two side by side.
struct PairedResult {
  std::optional<double> drop;  // how much worse the candidate's metric is: points (percent), or the metric's unit
  Interval drop_interval;      // 95 %, paired bootstrap
  std::optional<Discordance> discordance;  // of proportions
  std::optional<double> mcnemar;           // p-value, of proportions
  std::optional<double> agreement;         // percent of samples with the same top-1, or the same decoded sequence
  int64_t agreeing = 0, samples = 0;
  std::optional<OutputError> error;  // of the candidate's outputs against the reference's; not of decoded tokens
};

struct Comparison {
  ComparedSide reference, candidate;
  PairedResult paired;
  double ratio = 0;            // reference bytes / candidate bytes: "times smaller"
  bool random_inputs = false;  // no evidence of accuracy
  bool report_only = false;
  std::string data_hash;   // see data_hash.h
  bool identical = false;  // the two graphs are the same: what holds on the samples holds everywhere
  std::vector<BoundCheck> bounds;
  Verdict verdict = Verdict::pass;
};

struct CompareOptions {
  EvaluateOptions evaluate;
  bool latency = true;
  bool report_only = false;
  std::optional<double> confidence;  // the bounds must hold at that confidence
  bool random_inputs = false;        // `dataset` is random
  LatencyOptions timing;
  // Measures ComparedSide::peak_bytes; `inputs` are one sample in the graph's layout, empty of a pair or without data.
  std::function<std::optional<int64_t>(const ComparedModel& model, const std::vector<Tensor>& inputs)> measure_peak;
};

// Throws Error (usage) where there is no bound and more than a report is wanted, or one that needs data and there is
// none.
void require_bounds(const Bounds& bounds, bool data, bool report_only);

// `dataset` may be null when no bound needs data. Throws Error: usage without bounds (unless report_only) or when a
// bound needs data and there is none. A candidate with NaN or infinite outputs fails, whatever the bounds.
Comparison compare(const ComparedModel& reference, const ComparedModel& candidate, const Dataset* dataset,
                   const Bounds& bounds, const CompareOptions& options = {});

// Fills drop, its interval and the tests from two evaluations of the same samples.
void pair_evaluations(const Evaluation& reference, const Evaluation& candidate, const BootstrapOptions& options,
                      PairedResult& paired);

// One sentence for every bound that does not hold or is not proven, and for outputs that are not numbers.
std::vector<std::string> broken_bounds(const Comparison& comparison);

}  // namespace pare
