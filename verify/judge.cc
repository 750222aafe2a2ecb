#include "verify/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/error.h"

namespace pare {
namespace {

// A one-sided bound at confidence c is an end of the two-sided interval at 2c - 1.
class Judge {
 public:
  Judge(const Bounds& bounds, const CompareOptions& options, Comparison& result)
      : bounds_(bounds), options_(options), result_(result) {
    if (options.confidence) level_ = 2 * *options.confidence - 1;
  }

  void run() {
    accuracy();
    const auto bytes = static_cast<double>(result_.candidate.file_bytes);
    if (bounds_.max_bytes) add(at_most("max-bytes", static_cast<double>(*bounds_.max_bytes), bytes));
    if (bounds_.max_ratio) {
      add(at_most("max-ratio", *bounds_.max_ratio, bytes / static_cast<double>(result_.reference.file_bytes)));
    }
    if (bounds_.min_speedup) {
      add(at_least("min-speedup", *bounds_.min_speedup,
                   result_.reference.latency->median_ms / result_.candidate.latency->median_ms));
    }
    if (bounds_.max_memory) {
      add(at_most("max-memory", static_cast<double>(*bounds_.max_memory),
                  static_cast<double>(result_.candidate.memory_bytes)));
    }
    if (bounds_.max_peak) {
      if (!result_.candidate.peak_bytes)
        throw Error(ErrorCode::unsupported, "--max-peak-memory: the largest resident set could not be measured here");
      add(at_most("max-peak-memory", static_cast<double>(*bounds_.max_peak),
                  static_cast<double>(*result_.candidate.peak_bytes)));
    }
    if (not_finite() > 0) result_.verdict = Verdict::fail;
  }

  int64_t not_finite() const {
    int64_t count = result_.paired.error ? result_.paired.error->not_finite : 0;
    if (result_.candidate.evaluation) count = std::max(count, result_.candidate.evaluation->not_finite);
    return count;
  }

 private:
  void add(BoundCheck check) {
    result_.verdict = worse(result_.verdict, check.verdict);
    result_.bounds.push_back(std::move(check));
  }

  void accuracy() {
    if (result_.random_inputs) return refuse();
    const PairedResult& paired = result_.paired;
    if (bounds_.max_drop) drop(paired);
    if (bounds_.min_metric) metric();
    if (bounds_.min_agreement) {
      if (!paired.agreement)
        throw Error(ErrorCode::usage,
                    "--min-agreement compares the class of each sample, and the output has no classes");
      add(at_least("min-agreement", *bounds_.min_agreement, *paired.agreement,
                   differ() ? percent(share(paired.agreeing, paired.samples)) : std::nullopt));
    }
    if (bounds_.min_sqnr) {
      if (!paired.error)
        throw Error(ErrorCode::usage, "--min-sqnr compares numbers, and a decoder gives tokens; give --min-agreement");
      std::optional<Interval> interval;
      const auto sqnr = [&](std::span<const uint32_t> counts) { return paired.error->sqnr(counts); };
      if (differ() && std::isfinite(sqnr({}))) interval = resampled(sqnr);
      add(at_least("min-sqnr", *bounds_.min_sqnr, paired.error->sqnr(), interval));
    }
  }

  // Whether a comparison is subject to chance: one and the same graph differs from itself on no data.
  bool differ() const { return level_ && !result_.identical; }

  void drop(const PairedResult& paired) {
    std::optional<Interval> interval;
    if (differ() && paired.discordance) interval = percent(tango(*paired.discordance, *level_));
    if (differ() && !paired.discordance) {
      const Evaluation &a = *result_.reference.evaluation, &b = *result_.candidate.evaluation;
      interval = resampled([&](std::span<const uint32_t> counts) {
        return worsening(a.traits, a.detail ? a.detail->value(counts) : a.value, b.detail->value(counts));
      });
    }
    BoundCheck check = at_most("max-drop", *bounds_.max_drop, *paired.drop, interval);
    if (check.verdict == Verdict::unproven && paired.discordance)
      check.samples_needed = samples_to_settle(*paired.discordance, *bounds_.max_drop / 100, *level_);
    add(std::move(check));
  }

  void metric() {
    const Evaluation& candidate = *result_.candidate.evaluation;
    const double scale = candidate.traits.percent ? 100 : 1;
    std::optional<Interval> interval;
    if (level_ && candidate.traits.proportion) {
      const auto right = candidate.detail->correct();
      interval = percent(share(std::count(right.begin(), right.end(), 1), candidate.samples));
    } else if (level_) {
      interval = resampled([&](std::span<const uint32_t> counts) { return scale * candidate.detail->value(counts); });
    }
    const auto judge = candidate.traits.higher_is_better ? at_least : at_most;
    add(judge("min-metric", *bounds_.min_metric, scale * candidate.value, interval));
  }

  // Random inputs are no evidence of accuracy.
  void refuse() {
    const auto unproven = [&](const char* name, const std::optional<double>& limit) {
      if (!limit) return;
      BoundCheck check{name,
                       *limit,
                       std::nan(""),
                       Verdict::unproven,
                       {},
                       {},
                       "random inputs are no evidence of accuracy; give --data"};
      add(std::move(check));
    };
    unproven("max-drop", bounds_.max_drop);
    unproven("min-metric", bounds_.min_metric);
    unproven("min-agreement", bounds_.min_agreement);
    unproven("min-sqnr", bounds_.min_sqnr);
  }

  std::optional<Interval> share(int64_t successes, int64_t trials) const {
    if (!level_) return std::nullopt;
    return wilson(successes, trials, *level_);
  }
  static std::optional<Interval> percent(std::optional<Interval> share) {
    if (share) share = Interval{100 * share->low, 100 * share->high};
    return share;
  }
  Interval resampled(const std::function<double(std::span<const uint32_t>)>& statistic) const {
    BootstrapOptions options = options_.evaluate.bootstrap;
    options.confidence = *level_;
    return bootstrap(result_.paired.samples, statistic, options);
  }

  const Bounds& bounds_;
  const CompareOptions& options_;
  Comparison& result_;
  std::optional<double> level_;
};

}  // namespace

double worsening(const MetricTraits& traits, double reference, double candidate) {
  const double difference = traits.higher_is_better ? reference - candidate : candidate - reference;
  return traits.percent ? 100 * difference : difference;
}

void judge(const Bounds& bounds, const CompareOptions& options, Comparison& result) {
  Judge(bounds, options, result).run();
}

std::vector<std::string> broken_bounds(const Comparison& comparison) {
  std::vector<std::string> sentences;
  for (const BoundCheck& bound : comparison.bounds) {
    if (bound.verdict == Verdict::pass) continue;
    const bool upper = bound.name.starts_with("max");
    const bool bytes = bound.name == "max-bytes" || bound.name.ends_with("memory");
    const auto number = [&](double x) { return bytes ? fmt::format("{:.0f} bytes", x) : fmt::format("{:.2f}", x); };
    const std::string limit = fmt::format("at {} {} is allowed", upper ? "most" : "least", number(bound.limit));
    if (bound.verdict == Verdict::fail) {
      sentences.push_back(fmt::format("{} does not hold: {} where {}", bound.name, number(bound.value), limit));
    } else if (!bound.why.empty()) {
      sentences.push_back(fmt::format("{} is unproven: {}", bound.name, bound.why));
    } else {
      sentences.push_back(fmt::format(
          "{} is unproven: {} was found, anything from {} to {} is possible, and {}; {}", bound.name,
          number(bound.value), number(bound.interval->low), number(bound.interval->high), limit,
          bound.samples_needed ? fmt::format("about {} samples would settle it at these rates", *bound.samples_needed)
                               : "more samples are needed"));
    }
  }
  int64_t bad = comparison.paired.error ? comparison.paired.error->not_finite : 0;
  if (comparison.candidate.evaluation) bad = std::max(bad, comparison.candidate.evaluation->not_finite);
  if (bad > 0) {
    sentences.push_back(fmt::format("{} of {} samples have NaN or infinite outputs", bad, comparison.paired.samples));
  }
  return sentences;
}

}  // namespace pare
