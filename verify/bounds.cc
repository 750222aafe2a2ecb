#include "verify/bounds.h"

#include <cmath>

namespace pare {
namespace {

// Percentages of the same few samples differ by rounding only in the last bits.
constexpr double kRounding = 1e-9;

Verdict judge(double excess, std::optional<Interval> excess_interval) {
  if (std::isnan(excess)) return Verdict::fail;
  if (!excess_interval) return excess <= kRounding ? Verdict::pass : Verdict::fail;
  if (excess_interval->high <= kRounding) return Verdict::pass;
  return excess_interval->low > kRounding ? Verdict::fail : Verdict::unproven;
}

}  // namespace

std::string_view name(Verdict verdict) {
  return verdict == Verdict::pass ? "pass" : verdict == Verdict::fail ? "fail" : "unproven";
}

Verdict worse(Verdict a, Verdict b) {
  if (a == Verdict::fail || b == Verdict::fail) return Verdict::fail;
  return a == Verdict::unproven || b == Verdict::unproven ? Verdict::unproven : Verdict::pass;
}

BoundCheck at_most(std::string name, double limit, double value, std::optional<Interval> interval) {
  std::optional<Interval> excess;
  if (interval) excess = Interval{interval->low - limit, interval->high - limit};
  return {std::move(name), limit, value, judge(value - limit, excess), interval, {}, {}};
}

BoundCheck at_least(std::string name, double limit, double value, std::optional<Interval> interval) {
  std::optional<Interval> excess;
  if (interval) excess = Interval{limit - interval->high, limit - interval->low};
  return {std::move(name), limit, value, judge(limit - value, excess), interval, {}, {}};
}

}  // namespace pare
