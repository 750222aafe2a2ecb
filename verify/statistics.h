// Intervals and tests: what may be said of a model from the samples at hand.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace pare {

struct Interval {
  double low = 0, high = 0;
};

// The x with P(Z <= x) = p for a standard normal Z, p in (0, 1).
double normal_quantile(double p);

// Wilson score interval of a proportion, two-sided: Wilson, "Probable inference, the law of succession, and statistical
// inference", JASA 22 (1927). [0, 1] without trials.
Interval wilson(int64_t successes, int64_t trials, double confidence = 0.95);

// How two models fare on the same samples: right where the other is wrong.
struct Discordance {
  int64_t samples = 0;
  int64_t lost = 0;    // the reference is right, the candidate wrong
  int64_t gained = 0;  // the other way round
};

// From 1 (right) or 0 per sample of each.
Discordance discordance_of(std::span<const uint8_t> reference, std::span<const uint8_t> candidate);

// Two-sided exact McNemar test of "neither is better": twice the binomial(lost + gained, 1/2) tail, at most 1. McNemar,
// "Note on the sampling error of the difference between correlated proportions", Psychometrika 12 (1947).
double mcnemar_exact(const Discordance& d);

// Two-sided score interval of the drop, P(lost) - P(gained): Tango, "Equivalence test and confidence interval for the
// difference in proportions for the paired-sample design", Statistics in Medicine 17 (1998). It stays honest where no
// sample differs: no difference among 100 samples leaves drops of up to 3.7 points possible at 95 %.
Interval tango(const Discordance& d, double confidence = 0.95);

// How many samples, with the same rates of lost and gained, put the upper end of tango() at or below `limit`; nullopt
// where the observed drop is not below it. A figure for planning, not a promise.
std::optional<int64_t> samples_to_settle(const Discordance& d, double limit, double confidence);

// Percentile bootstrap (Efron 1979): draws `samples` of them with replacement, `resamples` times, and takes the middle
// `confidence` of what `statistic` gives. It is called with how often each sample is drawn. Deterministic for a seed.
// Values that are not numbers are left out; an interval of NaN where all are.
struct BootstrapOptions {
  int resamples = 2000;
  uint64_t seed = 0;
  double confidence = 0.95;
};
Interval bootstrap(int64_t samples, const std::function<double(std::span<const uint32_t> counts)>& statistic,
                   const BootstrapOptions& options = {});

}  // namespace pare
