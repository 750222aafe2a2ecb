// A histogram as the points that searches for a range go over: bins that are not empty, at their middle.
#pragma once

#include <functional>
#include <vector>

#include "quantize/range.h"

namespace pare {

struct RangePoints {
  std::vector<double> at;          // ascending, never zero
  std::vector<double> weight;      // above zero
  std::vector<double> weight_log;  // weight * log(weight)
  explicit RangePoints(const RangeHistogram& histogram, const ValueRange& seen);
};

// (q - zero) * scale, q in [0, levels].
struct RangeGrid {
  double scale = 1;
  double zero = 0;
  double levels = 255;
  RangeGrid(double low, double high, const RangeTarget& target);
  double round(double x) const;  // to the nearest q
};

double squared_error(const RangePoints& points, const RangeGrid& grid);

// The part of `seen` that costs least. One end moves, then the other, until neither does: to the best of the end times
// 0.96^k down to 0.03, then in steps of 1 % and of a quarter of that around it. Of (nearly) equal costs the wider range
// stays. A symmetric target moves both ends at once.
ValueRange search_range(const ValueRange& seen, const RangeTarget& target,
                        const std::function<double(const ValueRange&)>& cost);

}  // namespace pare
