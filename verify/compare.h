// The gate: a reference and a candidate on the same data, and bounds that the candidate must hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "verify/evaluate.h"
#include "verify/facts.h"
#include "verify/latency.h"

namespace pare {

struct Bounds {
  std::optional<double> max_drop;        // metric of the reference minus that of the candidate, in points (percent)
  std::optional<double> min_metric;      // of the candidate, in percent
  std::optional<double> min_agreement;   // share of samples with the same top-1, in percent
  std::optional<int64_t> max_bytes;      // file of the candidate
  std::optional<double> max_ratio;       // candidate bytes / reference bytes
  std::optional<double> min_speedup;     // median latency of the reference / of the candidate, batch 1
  bool any() const {
    return max_drop || min_metric || min_agreement || max_bytes || max_ratio || min_speedup;
  }
  // Whether a bound can be judged only by running both models on data.
  bool needs_data() const { return max_drop || min_metric || min_agreement; }
};

struct ComparedModel {
  std::string path;
  std::shared_ptr<const Graph> graph;
  int64_t file_bytes = 0;
};

struct BoundCheck {
  std::string name;  // "max-drop"
  double limit = 0;
  double value = 0;
  bool held = false;
};

struct ComparedSide {
  std::string path;
  int64_t file_bytes = 0;
  ModelFacts facts;
  std::optional<Evaluation> evaluation;
  std::optional<Latency> latency;
};

struct Comparison {
  ComparedSide reference, candidate;
  std::optional<double> drop;       // points
  std::optional<double> agreement;  // percent
  double ratio = 0;                 // reference bytes / candidate bytes: "times smaller"
  std::vector<BoundCheck> bounds;
  bool pass = false;
  std::string verdict() const { return pass ? "pass" : "fail"; }
};

struct CompareOptions {
  EvaluateOptions evaluate;
  bool latency = true;
  LatencyOptions timing;
};

// `dataset` may be null when no bound needs data. Throws Error: usage without bounds, or when a bound needs data and there
// is none; input when the two models do not give one prediction for each sample. A candidate with NaN scores fails.
Comparison compare(const ComparedModel& reference, const ComparedModel& candidate, const Dataset* dataset,
                   const Bounds& bounds, const CompareOptions& options = {});

// "max-drop: 1.3 points where at most 1.0 is allowed"; one sentence per bound that does not hold.
std::vector<std::string> broken_bounds(const Comparison& comparison);

}  // namespace pare
