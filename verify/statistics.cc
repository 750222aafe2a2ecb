#include "verify/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace pare {
namespace {

// Tango's statistic: the standardized distance of the observed drop from `delta`, its variance taken under `delta`.
double tango_score(const Discordance& d, double delta) {
  const double n = static_cast<double>(d.samples);
  const double b = static_cast<double>(d.lost), c = static_cast<double>(d.gained);
  // The restricted maximum-likelihood estimate of P(gained), a root of 2n q^2 + linear q + constant.
  const double linear = -b - c + (2 * n - b + c) * delta;
  const double constant = -c * delta * (1 - delta);
  const double q = (std::sqrt(std::max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n);
  const double variance = n * (2 * q + delta * (1 - delta));
  const double distance = b - c - n * delta;
  if (variance <= 0) return distance == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), distance);
  return distance / std::sqrt(variance);
}

// Where the score, which falls as delta grows, passes `level`.
double tango_root(const Discordance& d, double level) {
  double low = -1, high = 1;
  for (int i = 0; i < 200 && high - low > 1e-13; ++i) {
    const double middle = (low + high) / 2;
    (tango_score(d, middle) > level ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

double normal_quantile(double p) {
  // Newton's method on the distribution function from a rough start; monotone, so a few steps reach double precision.
  double x = 0;
  const double side = p < 0.5 ? -1 : 1;
  const double tail = std::min(p, 1 - p);
  if (tail < 0.1) x = side * std::sqrt(-2 * std::log(tail));
  for (int i = 0; i < 60; ++i) {
    const double value = 0.5 * std::erfc(-x / std::sqrt(2.0)) - p;
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    const double step = std::clamp(value / density, -1.0, 1.0);
    x -= step;
    if (std::abs(step) < 1e-14) break;
  }
  return x;
}

Interval wilson(int64_t successes, int64_t trials, double confidence) {
  if (trials == 0) return {0, 1};
  const double z = normal_quantile(0.5 + confidence / 2);
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double center = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

Discordance discordance_of(std::span<const uint8_t> reference, std::span<const uint8_t> candidate) {
  Discordance d{static_cast<int64_t>(reference.size()), 0, 0};
  for (size_t i = 0; i < reference.size(); ++i) {
    d.lost += reference[i] && !candidate[i];
    d.gained += !reference[i] && candidate[i];
  }
  return d;
}

double mcnemar_exact(const Discordance& d) {
  const int64_t n = d.lost + d.gained;
  const int64_t fewer = std::min(d.lost, d.gained);
  double tail = 0;
  for (int64_t i = 0; i <= fewer; ++i) {
    tail += std::exp(std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0) -
                     static_cast<double>(n) * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

Interval tango(const Discordance& d, double confidence) {
  if (d.samples == 0) return {-1, 1};
  const double z = normal_quantile(0.5 + confidence / 2);
  return {tango_root(d, z), tango_root(d, -z)};
}

std::optional<int64_t> samples_to_settle(const Discordance& d, double limit, double confidence) {
  if (d.samples == 0) return std::nullopt;
  const double n = static_cast<double>(d.samples);
  if (static_cast<double>(d.lost - d.gained) / n >= limit) return std::nullopt;
  const auto upper = [&](double samples) {
    const double factor = samples / n;
    const auto scaled = [&](int64_t count) {
      return static_cast<int64_t>(std::llround(static_cast<double>(count) * factor));
    };
    return tango({static_cast<int64_t>(samples), scaled(d.lost), scaled(d.gained)}, confidence).high;
  };
  constexpr double kMost = 1e12;
  double high = n;
  while (upper(high) > limit && high < kMost) high *= 2;
  if (high >= kMost) return std::nullopt;
  double low = high / 2;
  while (high - low > std::max(1.0, high / 200)) {
    const double middle = std::floor((low + high) / 2);
    (upper(middle) > limit ? low : high) = middle;
  }
  return static_cast<int64_t>(std::ceil(high));
}

Interval bootstrap(int64_t samples, const std::function<double(std::span<const uint32_t>)>& statistic,
                   const BootstrapOptions& options) {
  std::mt19937_64 random(options.seed);
  const auto n = static_cast<size_t>(samples);
  std::vector<uint32_t> counts(n);
  std::vector<double> values;
  for (int r = 0; r < options.resamples; ++r) {
    std::fill(counts.begin(), counts.end(), 0u);
    // The multiplication maps 64 random bits onto 0..n-1 without the library's own, unspecified distribution.
    for (size_t i = 0; i < n; ++i) ++counts[static_cast<size_t>(static_cast<unsigned __int128>(random()) * n >> 64)];
    const double value = statistic(counts);
    if (!std::isnan(value)) values.push_back(value);
  }
  if (values.empty()) return {std::nan(""), std::nan("")};
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double p) {
    const double at = p * static_cast<double>(values.size() - 1);
    const auto below = static_cast<size_t>(at);
    const size_t above = std::min(below + 1, values.size() - 1);
    if (values[below] == values[above]) return values[below];  // both may be infinite
    return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
  };
  const double tail = (1 - options.confidence) / 2;
  return {quantile(tail), quantile(1 - tail)};
}

}  // namespace pare
