// How often values fall into bins of equal width, over any number of batches, in one pass and in a bounded number of
// bins.
//
// Bin i holds [i w, (i + 1) w), so that zero is an edge. The width w is a power of two, the smallest that covers what
// was seen with kBins bins; when more is seen it doubles and pairs of bins merge, exactly. So the histogram depends on
// the values alone, not on how they came in batches: it is the one that a single batch would have given. Zeros are
// counted apart: every quantizer represents them exactly, and after a ReLU they outnumber the rest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pare {

class RangeHistogram {
 public:
  static constexpr int64_t kBins = 4096;

  // Counts `values`, all finite, of least and greatest value `low` and `high`. The value at index i counts
  // weights[i / inner % weights.size()] times.
  void add(std::span<const float> values, float low, float high, std::span<const uint32_t> weights, int64_t inner);
  void add(std::span<const float> values, float low, float high) { add(values, low, high, kOnce, 1); }
  void add(const RangeHistogram& other);

  double width() const;                     // w
  int64_t first() const { return first_; }  // i of counts()[0]
  const std::vector<uint64_t>& counts() const { return counts_; }
  uint64_t zeros() const { return zeros_; }
  uint64_t total() const;  // zeros included
  bool empty() const { return counts_.empty(); }
  bool operator==(const RangeHistogram&) const = default;

 private:
  static constexpr uint32_t kOnce[1] = {1};
  void cover(float low, float high);  // makes room
  void merge_to(int exponent);

  int exponent_ = 0;  // w = 2^exponent
  int64_t first_ = 0;
  float low_ = 0, high_ = 0;
  std::vector<uint64_t> counts_;
  uint64_t zeros_ = 0;
};

}  // namespace pare
