#include "quantize/range_histogram.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace pare {
namespace {

// Values are binned in blocks, so that their bins are computed by vector instructions.
constexpr size_t kBlock = 512;

int64_t bin_of(double x, int exponent) { return static_cast<int64_t>(std::floor(std::ldexp(x, -exponent))); }

// Bins fit the histogram, and their numbers, below 2^23, are exact in float.
bool covers(float low, float high, int exponent) {
  const double largest = std::max(std::abs(low), std::abs(high));
  return std::ldexp(largest, -exponent) < 0x1p23 &&
         bin_of(high, exponent) - bin_of(low, exponent) < RangeHistogram::kBins;
}

int least_exponent(float low, float high) {
  constexpr int kLeast = -120;  // 2^120 times it is no denormal and no infinity
  const float reach = std::max({high - low, std::abs(low), std::abs(high)});
  int exponent = kLeast;
  if (std::isinf(reach)) {
    exponent = 110;
  } else if (reach > 0) {
    exponent = std::max(kLeast, std::ilogb(reach) - 24);
  }
  while (!covers(low, high, exponent)) ++exponent;
  return exponent;
}

}  // namespace

double RangeHistogram::width() const { return std::ldexp(1.0, exponent_); }

uint64_t RangeHistogram::total() const {
  uint64_t sum = zeros_;
  for (const uint64_t count : counts_) sum += count;
  return sum;
}

void RangeHistogram::merge_to(int exponent) {
  const int shift = exponent - exponent_;
  if (shift <= 0) return;
  const int64_t first = first_ >> shift, last = (first_ + static_cast<int64_t>(counts_.size()) - 1) >> shift;
  std::vector<uint64_t> merged(static_cast<size_t>(last - first + 1));
  for (size_t i = 0; i < counts_.size(); ++i) {
    merged[static_cast<size_t>(((first_ + static_cast<int64_t>(i)) >> shift) - first)] += counts_[i];
  }
  first_ = first;
  counts_ = std::move(merged);
  exponent_ = exponent;
}

void RangeHistogram::cover(float low, float high) {
  if (counts_.empty()) {
    low_ = low;
    high_ = high;
    exponent_ = least_exponent(low, high);
    first_ = bin_of(low, exponent_);
    counts_.assign(static_cast<size_t>(bin_of(high, exponent_) - first_ + 1), 0);
    return;
  }
  low_ = std::min(low_, low);
  high_ = std::max(high_, high);
  merge_to(std::max(exponent_, least_exponent(low_, high_)));
  const int64_t first = bin_of(low_, exponent_), last = bin_of(high_, exponent_);
  counts_.insert(counts_.begin(), static_cast<size_t>(first_ - first), 0);
  first_ = first;
  counts_.resize(static_cast<size_t>(last - first + 1));
}

void RangeHistogram::add(std::span<const float> values, float low, float high, std::span<const uint32_t> weights,
                         int64_t inner) {
  if (values.empty()) return;
  cover(low, high);
  const float scale = std::ldexp(1.0f, -exponent_);
  const auto first = static_cast<int32_t>(first_);
  std::array<int32_t, kBlock> bins;
  const auto find_bins = [&](const float* x, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      const float at = x[i] * scale;
      const auto bin = static_cast<int32_t>(at);  // towards zero, where floor is wanted
      const bool down = (static_cast<float>(bin) > at) | ((bin == 0) & (x[i] < 0));
      bins[i] = bin - static_cast<int32_t>(down) - first;
    }
  };
  // The next value often has the same bin: alternating tables keep one increment from waiting for the other.
  const size_t size = counts_.size();
  std::vector<uint64_t> table(2 * size);
  uint64_t* even = table.data();
  uint64_t* odd = even + size;
  const auto tally = [&](size_t at, size_t count, auto weight_of) {
    for (const size_t end = at + count; at < end; at += std::min(kBlock, end - at)) {
      const size_t n = std::min(kBlock, end - at);
      find_bins(values.data() + at, n);
      uint64_t zeros = 0;
      for (size_t i = 0; i < n; ++i) zeros += values[at + i] == 0 ? weight_of(at + i) : 0;
      zeros_ += zeros;
      if (zeros > 0) even[-first_] -= zeros;  // wraps, and back below
      size_t i = 0;
      for (; i + 1 < n; i += 2) {
        even[bins[i]] += weight_of(at + i);
        odd[bins[i + 1]] += weight_of(at + i + 1);
      }
      if (i < n) even[bins[i]] += weight_of(at + i);
    }
  };
  if (weights.size() <= 1) {
    const uint64_t weight = weights.empty() ? 1 : weights[0];
    tally(0, values.size(), [weight](size_t) { return weight; });
  } else if (inner == 1) {
    const size_t groups = weights.size();
    tally(0, values.size(), [&](size_t i) { return uint64_t{weights[i % groups]}; });
  } else {
    const auto run = static_cast<size_t>(inner);
    for (size_t at = 0; at < values.size(); at += run) {
      const uint64_t weight = weights[at / run % weights.size()];
      tally(at, std::min(run, values.size() - at), [weight](size_t) { return weight; });
    }
  }
  for (size_t i = 0; i < size; ++i) counts_[i] += even[i] + odd[i];
}

void RangeHistogram::add(const RangeHistogram& other) {
  zeros_ += other.zeros_;
  if (other.counts_.empty()) return;
  RangeHistogram wide = other;
  cover(other.low_, other.high_);
  wide.merge_to(exponent_);
  for (size_t i = 0; i < wide.counts_.size(); ++i) {
    counts_[static_cast<size_t>(wide.first_ - first_) + i] += wide.counts_[i];
  }
}

}  // namespace pare
