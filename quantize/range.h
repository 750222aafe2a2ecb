// Which range of an activation a quantizer should cover, from statistics of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quantize/range_histogram.h"

namespace pare {

struct ValueRange {
  float low = 0;
  float high = 0;
  bool seen = false;
};

enum class RangeMethod : uint8_t {
  minmax,          // everything that was seen
  moving_average,  // ends of each batch, averaged: (1 - c) old + c new, c = max(0.01, 1 / batches so far)
  percentile,      // all but (100 - p) / 2 percent of the values at each end
  entropy,         // least Kullback-Leibler divergence between the values and their quantized form
  mse,             // least squared error of the values, rounding and clipping together
  output_mse,      // least squared error of what the operators that read the value compute (range_weights.h)
};
std::string_view name_of(RangeMethod method);           // "moving-average"
RangeMethod parse_range_method(std::string_view name);  // throws Error: usage, with what there is

// The grid that a range will be given: `levels` + 1 integers, over the range widened to hold zero, or symmetric around
// zero: levels of 255 is 8 bits.
struct RangeTarget {
  int64_t levels = 255;
  bool symmetric = false;
};

// The whole of it holds no quantization: {0, 0} for no value or zeros alone. Extents of histograms are those of their
// bins.
ValueRange percentile_range(const RangeHistogram& histogram, const ValueRange& seen, double percentile);

// S. Migacz, "8-bit Inference with TensorRT", GTC 2017: of candidate ranges [a, b], P is the histogram with what is
// outside added to the outermost bins, Q spreads the content of each integer's bins evenly over those of them that are
// not empty, and sum P log(P / Q) decides. Both ends move in turn. Zeros take no part, empty bins never end a
// candidate, and a candidate whose squared error is above that of the whole range is none: divergence is blind to how
// far away clipped values are. Equal divergences leave the wider range.
ValueRange entropy_range(const RangeHistogram& histogram, const ValueRange& seen, const RangeTarget& target);

// Banner, Nahshan and Soudry, "Post training 4-bit quantization of convolutional networks", NeurIPS 2019, with the
// error summed over the histogram instead of a distribution fitted to it. Both ends move in turn, on steps that get
// finer.
ValueRange least_error_range(const RangeHistogram& histogram, const ValueRange& seen, const RangeTarget& target);

// That divergence, infinite where nothing lies inside.
double divergence(const RangeHistogram& histogram, const ValueRange& seen, const ValueRange& range,
                  const RangeTarget& target);

// Sum over the histogram, values at the middle of their bins, of (x - x_q)^2, where x_q lies on the target's grid over
// [low, high], zero point rounded.
double squared_error(const RangeHistogram& histogram, const ValueRange& range, const RangeTarget& target);

}  // namespace pare
