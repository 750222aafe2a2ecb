// What a candidate must hold, and the judgement of each bound.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "verify/statistics.h"

namespace pare {

struct Bounds {
  std::optional<double> max_drop;  // how much worse the metric may get: points (percent), or the metric's unit
  std::optional<double>
      min_metric;  // of the candidate, in percent or the metric's unit (a largest, where less is better)
  std::optional<double> min_agreement;  // share of samples with the same top-1, in percent
  std::optional<double> min_sqnr;       // of the candidate's outputs against the reference's, in dB
  std::optional<int64_t> max_bytes;     // file of the candidate
  std::optional<double> max_ratio;      // candidate bytes / reference bytes
  std::optional<double> min_speedup;    // median latency of the reference / of the candidate, batch 1
  std::optional<int64_t> max_memory;    // by the plan: weights as they run, and the arena of one sample, in bytes
  std::optional<int64_t> max_peak;      // measured: the largest resident set of a process that runs one sample

  bool any() const { return needs_data() || max_bytes || max_ratio || min_speedup || max_memory || max_peak; }
  // Whether a bound can be judged only by running both models on data.
  bool needs_data() const { return max_drop || min_metric || min_agreement || min_sqnr; }
};

// unproven: the samples at hand neither show that a bound holds nor that it is broken at the confidence asked for.
enum class Verdict : uint8_t { pass, fail, unproven };
std::string_view name(Verdict verdict);
// The worse of two: fail, then unproven, then pass.
Verdict worse(Verdict a, Verdict b);

struct BoundCheck {
  std::string name;  // "max-drop"
  double limit = 0;
  double value = 0;
  Verdict verdict = Verdict::pass;
  std::optional<Interval> interval;       // what the samples leave possible, where a confidence was asked for
  std::optional<int64_t> samples_needed;  // of an unproven bound: about how many would settle it at these rates
  std::string why;                        // of an unproven one, when it is not for want of samples
};

// Whether `value` is at most (at least) `limit`; with an interval, whether all of it is, or none of it.
BoundCheck at_most(std::string name, double limit, double value, std::optional<Interval> interval = {});
BoundCheck at_least(std::string name, double limit, double value, std::optional<Interval> interval = {});

}  // namespace pare
