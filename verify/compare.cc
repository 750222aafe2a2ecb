#include "verify/compare.h"

#include <cmath>

#include <fmt/format.h>

#include "graph/error.h"

namespace pare {
namespace {

void require_bounds(const Bounds& bounds, const Dataset* dataset) {
  if (!bounds.any()) {
    throw Error(ErrorCode::usage, "no bound was given, and a gate that cannot fail proves nothing; give at least one of "
                                  "--max-drop, --min-metric, --min-agreement, --max-bytes, --max-ratio, --min-speedup");
  }
  if (bounds.needs_data() && !dataset) {
    throw Error(ErrorCode::usage, "a bound on accuracy needs labelled data and none was given; give --data");
  }
}

double agreement_percent(const Evaluation& a, const Evaluation& b) {
  if (a.predictions.size() != b.predictions.size()) {
    throw Error(ErrorCode::input, fmt::format("the reference gives {} predictions and the candidate {}; expected one each "
                                              "per sample", a.predictions.size(), b.predictions.size()));
  }
  int64_t same = 0;
  for (size_t i = 0; i < a.predictions.size(); ++i) same += a.predictions[i] == b.predictions[i] && a.predictions[i] >= 0;
  return 100.0 * static_cast<double>(same) / static_cast<double>(a.predictions.size());
}

// Percentages of the same few samples differ by rounding only in the last bits.
constexpr double kRounding = 1e-9;

void check_bounds(const Bounds& bounds, Comparison& result) {
  const auto at_most = [&](const char* name, double limit, double value) {
    result.bounds.push_back({name, limit, value, value <= limit + kRounding});
  };
  const auto at_least = [&](const char* name, double limit, double value) {
    result.bounds.push_back({name, limit, value, value >= limit - kRounding});
  };
  if (bounds.max_drop) at_most("max-drop", *bounds.max_drop, *result.drop);
  if (bounds.min_metric) at_least("min-metric", *bounds.min_metric, 100 * result.candidate.evaluation->value);
  if (bounds.min_agreement) at_least("min-agreement", *bounds.min_agreement, *result.agreement);
  if (bounds.max_bytes) {
    at_most("max-bytes", static_cast<double>(*bounds.max_bytes), static_cast<double>(result.candidate.file_bytes));
  }
  if (bounds.max_ratio) {
    at_most("max-ratio", *bounds.max_ratio,
            static_cast<double>(result.candidate.file_bytes) / static_cast<double>(result.reference.file_bytes));
  }
  if (bounds.min_speedup) {
    at_least("min-speedup", *bounds.min_speedup, result.reference.latency->median_ms / result.candidate.latency->median_ms);
  }
}

}  // namespace

Comparison compare(const ComparedModel& reference, const ComparedModel& candidate, const Dataset* dataset,
                   const Bounds& bounds, const CompareOptions& options) {
  require_bounds(bounds, dataset);
  Comparison result;
  result.reference = {reference.path, reference.file_bytes, model_facts(*reference.graph), {}, {}};
  result.candidate = {candidate.path, candidate.file_bytes, model_facts(*candidate.graph), {}, {}};
  result.ratio = static_cast<double>(reference.file_bytes) / static_cast<double>(candidate.file_bytes);
  if (dataset) {
    result.reference.evaluation = evaluate(*reference.graph, *dataset, options.evaluate);
    result.candidate.evaluation = evaluate(*candidate.graph, *dataset, options.evaluate);
    result.drop = 100 * (result.reference.evaluation->value - result.candidate.evaluation->value);
    result.agreement = agreement_percent(*result.reference.evaluation, *result.candidate.evaluation);
  }
  if (options.latency || bounds.min_speedup) {
    const auto latencies = measure_latency({reference.graph, candidate.graph}, {}, options.timing);
    result.reference.latency = latencies[0];
    result.candidate.latency = latencies[1];
  }
  check_bounds(bounds, result);
  result.pass = !result.candidate.evaluation || result.candidate.evaluation->not_finite == 0;
  for (const BoundCheck& bound : result.bounds) result.pass = result.pass && bound.held;
  return result;
}

std::vector<std::string> broken_bounds(const Comparison& comparison) {
  std::vector<std::string> sentences;
  for (const BoundCheck& bound : comparison.bounds) {
    if (bound.held) continue;
    const bool upper = bound.name.starts_with("max");
    const bool bytes = bound.name == "max-bytes";
    sentences.push_back(fmt::format("{} does not hold: {} where at {} {} is allowed", bound.name,
                                    bytes ? fmt::format("{:.0f} bytes", bound.value) : fmt::format("{:.2f}", bound.value),
                                    upper ? "most" : "least",
                                    bytes ? fmt::format("{:.0f}", bound.limit) : fmt::format("{:.2f}", bound.limit)));
  }
  if (comparison.candidate.evaluation && comparison.candidate.evaluation->not_finite > 0) {
    sentences.push_back(fmt::format("{} of {} samples have NaN or infinite scores",
                                    comparison.candidate.evaluation->not_finite, comparison.candidate.evaluation->samples));
  }
  return sentences;
}

}  // namespace pare
