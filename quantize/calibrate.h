// Calibration: the range that each activation takes on real data, in one pass, streamed batch by batch. Memory does not
// depend on the number of batches: a histogram of at most 4096 bins for each value, and one batch.
//
//   const Calibration calibration = calibrate(graph, values, batches, {.method = RangeMethod::mse});
//   const ValueRange range = calibration.range(value, {.levels = 255});
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantize/observe.h"
#include "quantize/range.h"

namespace pare {

struct CalibrateOptions {
  RangeMethod method = RangeMethod::minmax;
  double percentile = 99.999;  // of the method of that name
  ObserveOptions observe;
};

// Some elements may be flags rather than numbers: the -3.4e38 of an attention mask. Elements of a magnitude of 2^24 and
// more are counted apart, and are *extremes* when no element lies between them and the rest on 16 binary orders of
// magnitude: beside them no grid of 16 bits could tell the rest from zero. Ranges leave extremes out; they saturate.
struct ValueStatistics {
  struct Extent {
    float low = 0, high = 0;                // of all batches
    float moving_low = 0, moving_high = 0;  // see RangeMethod::moving_average
    int64_t batches = 0;                    // that had such an element
    void add(float batch_low, float batch_high);
  };
  int64_t count = 0;              // elements
  Extent all, near;               // near: elements below 2^24
  float nearest_far = 0;          // least magnitude of the others
  RangeHistogram histogram, far;  // of near elements and the others; only where the method needs them

  bool has_extremes() const;
  void add(const ValueStatistics& other);
};

class Calibration {
 public:
  RangeMethod method = RangeMethod::minmax;
  double percentile = 99.999;

  // The range of a value on that grid; `seen` is false where the value was not asked for or had no elements. Bounds
  // that the operator that gives the value declares (op_range) hold.
  ValueRange range(ValueId value, const RangeTarget& target) const { return range(std::span(&value, 1), target); }
  // One range for values that share a scale: their statistics together.
  ValueRange range(std::span<const ValueId> values, const RangeTarget& target) const;

  // Sets a value's range whatever the method (calibration_table.h).
  void set(ValueId value, const ValueRange& range, int64_t count);

  struct Entry {
    ValueStatistics statistics;
    std::optional<ValueRange> given;  // overrides
    std::optional<OutputRange> bounds;
  };
  std::vector<std::optional<Entry>> entries;  // by value id
};

// Bounds that the operator which gives the value declares of every element.
std::optional<OutputRange> declared_bounds(const Graph& graph, ValueId value);

// Statistics of `values` (float32) over all batches. Throws Error: input for a NaN or infinity, naming the value and
// the batch.
Calibration calibrate(const Graph& graph, const std::vector<ValueId>& values, const Batches& batches,
                      const CalibrateOptions& options = {});

}  // namespace pare
