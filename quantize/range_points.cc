#include "quantize/range_points.h"

#include <algorithm>
#include <cmath>

namespace pare {
namespace {

// To the nearest integer, ties to even; |x| < 2^51.
double to_integer(double x) {
  constexpr double kShift = 0x1.8p52;
  return (x + kShift) - kShift;
}

// What moves: one end, or both.
struct End {
  bool low, high;
  ValueRange scaled(const ValueRange& range, double factor) const {
    const auto f = static_cast<float>(factor);
    return {low ? range.low * f : range.low, high ? range.high * f : range.high, true};
  }
};

// The factor of `range`'s end that costs least, by its moves through `steps` around `center`; 1 where none is better.
struct Search {
  const std::function<double(const ValueRange&)>& cost;
  ValueRange best;
  double least;

  bool accept(const ValueRange& candidate) {
    const double c = cost(candidate);
    if (!(c < least * (1 - 1e-9))) return false;
    least = c;
    best = candidate;
    return true;
  }

  bool move(const ValueRange& seen, const End& end, bool coarse) {
    bool moved = false;
    if (coarse) {
      // The other end stays where it is; this one starts from all that was seen.
      const ValueRange whole{end.low ? seen.low : best.low, end.high ? seen.high : best.high, true};
      for (double factor = 0.96; factor > 0.03; factor *= 0.96) moved = accept(end.scaled(whole, factor)) || moved;
    }
    for (const double step : {0.01, 0.0025}) {
      const ValueRange center = best;
      for (int i = -3; i <= 3; ++i) {
        const ValueRange candidate = end.scaled(center, 1 + i * step);
        if (i != 0 && candidate.low >= seen.low && candidate.high <= seen.high) moved = accept(candidate) || moved;
      }
    }
    return moved;
  }
};

}  // namespace

RangePoints::RangePoints(const RangeHistogram& histogram, const ValueRange& seen) {
  const double width = histogram.width();
  for (size_t i = 0; i < histogram.counts().size(); ++i) {
    const uint64_t count = histogram.counts()[i];
    if (count == 0) continue;
    const double middle = (static_cast<double>(histogram.first() + static_cast<int64_t>(i)) + 0.5) * width;
    at.push_back(std::clamp<double>(middle, seen.low, seen.high));
    weight.push_back(static_cast<double>(count));
    weight_log.push_back(weight.back() * std::log(weight.back()));
  }
}

RangeGrid::RangeGrid(double low, double high, const RangeTarget& target) : levels(static_cast<double>(target.levels)) {
  if (target.symmetric) {
    const double half = std::floor(levels / 2);
    const double reach = std::max(-low, high);
    scale = reach / half;
    zero = std::ceil(levels / 2);
    return;
  }
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  scale = (high - low) / levels;
  if (scale > 0) zero = std::clamp(to_integer(-low / scale), 0.0, levels);
}

double RangeGrid::round(double x) const {
  return std::clamp(to_integer(std::clamp(x / scale, -levels, levels)) + zero, 0.0, levels);
}

double squared_error(const RangePoints& points, const RangeGrid& grid) {
  if (!(grid.scale > 0)) {
    double sum = 0;
    for (size_t i = 0; i < points.at.size(); ++i) sum += points.weight[i] * points.at[i] * points.at[i];
    return sum;
  }
  const double inverse = 1 / grid.scale, low = -grid.zero, high = grid.levels - grid.zero;
  double sum = 0;
  for (size_t i = 0; i < points.at.size(); ++i) {
    const double q = to_integer(std::min(std::max(points.at[i] * inverse, low), high));
    const double error = q * grid.scale - points.at[i];
    sum += points.weight[i] * error * error;
  }
  return sum;
}

ValueRange search_range(const ValueRange& seen, const RangeTarget& target,
                        const std::function<double(const ValueRange&)>& cost) {
  Search search{cost, seen, cost(seen)};
  if (target.symmetric) {
    search.move(seen, {true, true}, true);
    return search.best;
  }
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    bool moved = seen.high > 0 && search.move(seen, {false, true}, round < 2);
    moved = (seen.low < 0 && search.move(seen, {true, false}, round < 2)) || moved;
    if (!moved) break;
  }
  return search.best;
}

}  // namespace pare
