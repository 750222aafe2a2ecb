#include "quantize/range.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "graph/error.h"
#include "quantize/range_points.h"

namespace pare {
namespace {

constexpr std::array<std::string_view, 6> kNames{"minmax", "moving-average", "percentile", "entropy",
                                                 "mse",    "output-mse"};

// The point below which `beyond` of the weight lies, going up (from the greatest, going down), within its bin evenly.
double quantile(const RangeHistogram& histogram, double beyond, bool from_top) {
  const double width = histogram.width();
  const auto& counts = histogram.counts();
  const int64_t bins = static_cast<int64_t>(counts.size());
  double left = beyond;
  for (int64_t step = 0; step < bins; ++step) {
    const int64_t i = from_top ? bins - 1 - step : step;
    const double edge = static_cast<double>(histogram.first() + i + (from_top ? 1 : 0)) * width;
    const double sign = from_top ? -1 : 1;
    // Zeros lie between the bins on either side of zero.
    if (edge == 0) {
      left -= static_cast<double>(histogram.zeros());
      if (left <= 0) return 0;
    }
    const auto count = static_cast<double>(counts[static_cast<size_t>(i)]);
    if (count >= left && count > 0) return edge + sign * width * left / count;
    left -= count;
  }
  return 0;
}

double divergence(const RangePoints& points, const ValueRange& range, const RangeTarget& target) {
  const RangeGrid grid(range.low, range.high, target);
  const auto begin =
      static_cast<size_t>(std::lower_bound(points.at.begin(), points.at.end(), double{range.low}) - points.at.begin());
  const auto end =
      static_cast<size_t>(std::upper_bound(points.at.begin(), points.at.end(), double{range.high}) - points.at.begin());
  if (begin >= end || !(grid.scale > 0)) return std::numeric_limits<double>::infinity();
  double below = 0, inside = 0, above = 0;
  for (size_t i = 0; i < begin; ++i) below += points.weight[i];
  for (size_t i = begin; i < end; ++i) inside += points.weight[i];
  for (size_t i = end; i < points.at.size(); ++i) above += points.weight[i];
  const double total = below + inside + above;
  if (begin + 1 == end) above += std::exchange(below, 0);  // one bin takes both
  // P = p / total and Q = mass / (bins * inside), so that the logarithm is taken once for each integer.
  double sum = 0;
  for (size_t first = begin; first < end;) {
    const double level = grid.round(points.at[first]);
    size_t last = first;
    double mass = 0, outside = 0, logs = 0;
    for (; last < end && grid.round(points.at[last]) == level; ++last) {
      mass += points.weight[last];
      logs += points.weight_log[last];
    }
    for (const auto& [edge, more] : {std::pair(begin, below), std::pair(end - 1, above)}) {
      if (more == 0 || edge < first || edge >= last) continue;
      logs += (points.weight[edge] + more) * std::log(points.weight[edge] + more) - points.weight_log[edge];
      outside += more;
    }
    sum += logs - (mass + outside) * std::log(total * mass / (static_cast<double>(last - first) * inside));
    first = last;
  }
  return sum / total;
}

}  // namespace

std::string_view name_of(RangeMethod method) { return kNames[static_cast<size_t>(method)]; }

RangeMethod parse_range_method(std::string_view name) {
  std::string known;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<RangeMethod>(i);
    known += (i == 0 ? "" : i + 1 == kNames.size() ? " or " : ", ") + std::string(kNames[i]);
  }
  throw Error(ErrorCode::usage,
              "calibration: '" + std::string(name) + "' is no way to choose a range; expected " + known);
}

ValueRange percentile_range(const RangeHistogram& histogram, const ValueRange& seen, double percentile) {
  if (!(percentile > 50 && percentile <= 100)) {
    throw Error(ErrorCode::usage, "calibration: a percentile of " + std::to_string(percentile) +
                                      "; expected more than 50 and at most 100");
  }
  if (histogram.empty()) return seen;
  const double beyond = static_cast<double>(histogram.total()) * (100 - percentile) / 200;
  ValueRange range = seen;
  range.low = std::clamp(static_cast<float>(quantile(histogram, beyond, false)), seen.low, seen.high);
  range.high = std::clamp(static_cast<float>(quantile(histogram, beyond, true)), range.low, seen.high);
  return range;
}

ValueRange entropy_range(const RangeHistogram& histogram, const ValueRange& seen, const RangeTarget& target) {
  const RangePoints points(histogram, seen);
  if (points.at.empty()) return seen;
  const double whole = squared_error(points, RangeGrid(seen.low, seen.high, target));
  return search_range(seen, target, [&](const ValueRange& range) {
    if (squared_error(points, RangeGrid(range.low, range.high, target)) > whole)
      return std::numeric_limits<double>::infinity();
    return divergence(points, range, target);
  });
}

ValueRange least_error_range(const RangeHistogram& histogram, const ValueRange& seen, const RangeTarget& target) {
  const RangePoints points(histogram, seen);
  if (points.at.empty()) return seen;
  return search_range(seen, target, [&](const ValueRange& range) {
    return squared_error(points, RangeGrid(range.low, range.high, target));
  });
}

double divergence(const RangeHistogram& histogram, const ValueRange& seen, const ValueRange& range,
                  const RangeTarget& target) {
  return divergence(RangePoints(histogram, seen), range, target);
}

double squared_error(const RangeHistogram& histogram, const ValueRange& range, const RangeTarget& target) {
  const ValueRange all{std::numeric_limits<float>::lowest(), std::numeric_limits<float>::max(), true};
  return squared_error(RangePoints(histogram, all), RangeGrid(range.low, range.high, target));
}

}  // namespace pare
