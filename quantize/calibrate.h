// Calibration: the range that each activation takes on real data, streamed batch by batch. Memory does not depend on the
// number of batches.
#pragma once

#include <vector>

#include "quantize/observe.h"

namespace pare {

struct ValueRange {
  float low = 0;
  float high = 0;
  bool seen = false;
};

// The least and the greatest element of each of `values` over all batches, by value id (indexed as graph ids; only the
// asked ones are seen). Throws Error: input for a NaN or infinity, naming the value and the batch.
std::vector<ValueRange> calibrate_min_max(const Graph& graph, const std::vector<ValueId>& values, const Batches& batches,
                                     const ObserveOptions& options = {});

// How often an activation falls into each of `kBins` equal parts of its range.
struct Histogram {
  static constexpr size_t kBins = 2048;
  std::vector<int64_t> counts;  // empty for values that were not asked for
};

// A second pass over the same batches. `ranges` as calibrate_min_max gave them, indexed by value id.
std::vector<Histogram> calibrate_histograms(const Graph& graph, const std::vector<ValueId>& values,
                                            const std::vector<ValueRange>& ranges, const Batches& batches,
                                            const ObserveOptions& options = {});

}  // namespace pare
