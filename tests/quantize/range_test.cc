// Expected values: numpy on the same 20,000 quantiles of a Laplace distribution, each formula written out once
// more (percentile: numpy.percentile; least squared error and divergence: exhaustive search over ends).
#include "quantize/range.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "graph/error.h"
#include "tests/catch.h"

namespace pare {
namespace {

std::vector<float> laplace() {
  constexpr int n = 20000;
  std::vector<float> x;
  for (int i = 0; i < n; ++i) {
    const double p = (i + 0.5) / n;
    x.push_back(static_cast<float>(p < 0.5 ? std::log(2 * p) : -std::log(2 * (1 - p))));
  }
  return x;
}

std::vector<float> magnitudes(std::vector<float> x) {
  for (float& v : x) v = std::abs(v);
  return x;
}

ValueRange seen_in(const std::vector<float>& x) {
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  return {*low, *high, true};
}

void add(RangeHistogram& histogram, const std::vector<float>& x) {
  const ValueRange seen = seen_in(x);
  histogram.add(x, seen.low, seen.high);
}

RangeHistogram histogram_of(const std::vector<float>& x) {
  RangeHistogram histogram;
  add(histogram, x);
  return histogram;
}

std::vector<float> some(const std::vector<float>& x, size_t from, size_t to) {
  return {x.begin() + static_cast<long>(from), x.begin() + static_cast<long>(to)};
}

TEST_CASE("a histogram counts every value in the bin that it lies in") {
  const std::vector<float> x = laplace();
  RangeHistogram histogram = histogram_of(x);
  add(histogram, {0, 0, -0.0f});
  CHECK(histogram.zeros() == 3);
  CHECK(histogram.total() == x.size() + 3);
  std::map<int64_t, uint64_t> expected;
  for (const float v : x) ++expected[static_cast<int64_t>(std::floor(v / histogram.width()))];
  CHECK(histogram.counts().size() <= RangeHistogram::kBins);
  CHECK(histogram.counts().size() > RangeHistogram::kBins / 2);  // the width is the smallest power of two
  for (size_t i = 0; i < histogram.counts().size(); ++i) {
    const auto found = expected.find(histogram.first() + static_cast<int64_t>(i));
    CHECK(histogram.counts()[i] == (found == expected.end() ? 0 : found->second));
  }
}

TEST_CASE("a histogram that grew is the one made in one go, whatever the order of its batches") {
  const std::vector<float> x = laplace();
  const RangeHistogram whole = histogram_of(x);
  const std::vector<std::pair<size_t, size_t>> parts{{9000, 11000}, {8000, 9000}, {15000, 20000},
                                                     {0, 10},       {10, 8000},   {11000, 15000}};
  RangeHistogram grown, backwards, merged;
  for (const auto& [from, to] : parts) {
    add(grown, some(x, from, to));
    merged.add(histogram_of(some(x, from, to)));
  }
  for (auto it = parts.rbegin(); it != parts.rend(); ++it) add(backwards, some(x, it->first, it->second));
  CHECK(grown == whole);
  CHECK(backwards == whole);
  CHECK(merged == whole);
}

TEST_CASE("a histogram takes any finite float") {
  RangeHistogram histogram;
  add(histogram, {1e-42f, -1e-42f});
  add(histogram, {5});
  add(histogram, {5, 5.0000005f});
  add(histogram, {-3e-39f, 1e30f});
  add(histogram, {-3.4e38f, 3.4e38f});
  CHECK(histogram.total() == 9);
  CHECK(histogram.counts().size() <= RangeHistogram::kBins);
}

TEST_CASE("weights by channel count as repetitions do") {
  const std::vector<float> x{0.5f, 1, 2, 3, -1, 0, 4, 5};  // [2, 2, 2], channels on axis 1
  RangeHistogram weighted, repeated;
  const std::vector<uint32_t> weights{1, 3};
  weighted.add(x, -1, 5, weights, 2);
  add(repeated, {0.5f, 1, 2, 2, 2, 3, 3, 3, -1, 0, 4, 4, 4, 5, 5, 5});
  CHECK(weighted == repeated);
  RangeHistogram last, by_hand;  // [2, 2], channels last
  last.add(std::vector<float>{1, 2, 3, 4}, 1, 4, weights, 1);
  add(by_hand, {1, 2, 2, 2, 3, 4, 4, 4});
  CHECK(last == by_hand);
}

TEST_CASE("percentiles are numpy's, within a bin") {
  const std::vector<float> x = laplace();
  const RangeHistogram histogram = histogram_of(x);
  const ValueRange range = percentile_range(histogram, seen_in(x), 99);
  CHECK(range.low == Approx(-4.6002326).margin(2 * histogram.width()));
  CHECK(range.high == Approx(4.6002326).margin(2 * histogram.width()));
  CHECK(percentile_range(histogram, seen_in(x), 100).high == seen_in(x).high);
  CHECK_THROWS_AS(percentile_range(histogram, seen_in(x), 50), Error);
  // 99 zeros in 100 values
  std::vector<float> sparse(990, 0.0f);
  for (int i = 0; i < 10; ++i) sparse.push_back(static_cast<float>(i + 1));
  CHECK(percentile_range(histogram_of(sparse), seen_in(sparse), 99).low == 0);
  CHECK(percentile_range(histogram_of(sparse), seen_in(sparse), 96).high == 0);
}

TEST_CASE("the range of least squared error costs no more than the best of an exhaustive search") {
  const std::vector<float> x = laplace();
  const RangeHistogram histogram = histogram_of(x);
  const auto exact = [&](const ValueRange& range, double levels) {
    const double scale = (double{range.high} - range.low) / levels, zero = std::nearbyint(-range.low / scale);
    double sum = 0;
    for (const float v : x) {
      const double q = std::clamp(std::nearbyint(v / scale) + zero, 0.0, levels);
      sum += std::pow((q - zero) * scale - v, 2);
    }
    return sum;
  };
  CHECK(exact(least_error_range(histogram, seen_in(x), {.levels = 15}), 15) < 1001.5 * 1.005);    // whole range: 2765
  CHECK(exact(least_error_range(histogram, seen_in(x), {.levels = 255}), 255) < 9.5641 * 1.005);  // whole range: 10.056
  const ValueRange symmetric = least_error_range(histogram, seen_in(x), {.levels = 15, .symmetric = true});
  CHECK(symmetric.low == Approx(-symmetric.high).epsilon(1e-5));
}

TEST_CASE("the range of least divergence is nearly that of an exhaustive search") {
  const std::vector<float> x = magnitudes(laplace());
  const RangeHistogram histogram = histogram_of(x);
  const ValueRange seen = seen_in(x);
  CHECK(divergence(histogram, seen, {0, 6.987607f, true}, {.levels = 15}) == Approx(0.010627139).epsilon(1e-4));
  CHECK(divergence(histogram, seen, {0, 8.884531f, true}, {.levels = 63}) == Approx(0.002734416).epsilon(1e-4));
  CHECK(divergence(histogram, seen, seen, {.levels = 255}) == Approx(0.002018022).epsilon(1e-4));
  const auto found = [&](int64_t levels) {
    const RangeTarget target{.levels = levels};
    return divergence(histogram, seen, entropy_range(histogram, seen, target), target);
  };
  CHECK(found(15) < 0.010627139 * 1.03);  // of the whole range: 0.0157
  CHECK(found(63) < 0.002734416 * 1.03);  // 0.00294
  CHECK(entropy_range(histogram, seen, {.levels = 255}).high == seen.high);
}

TEST_CASE("few distinct values, one value and zeros keep their whole range") {
  std::vector<float> pixels;
  for (int i = 0; i < 256; ++i) pixels.insert(pixels.end(), static_cast<size_t>(1 + i % 7), static_cast<float>(i));
  for (const std::vector<float>& x :
       std::vector<std::vector<float>>{pixels, {5, 5, 5}, {-3}, {0, 0}, {0, 1, 0}, {-1, 1}}) {
    const RangeHistogram histogram = histogram_of(x);
    const ValueRange seen = seen_in(x);
    for (const ValueRange& range : {entropy_range(histogram, seen, {}), least_error_range(histogram, seen, {})}) {
      INFO(x.size() << " values up to " << seen.high);
      CHECK(range.low == Approx(seen.low).epsilon(0.005));
      CHECK(range.high == Approx(seen.high).epsilon(0.005));
    }
  }
}

TEST_CASE("a second mode far away is not clipped, and zeros do not drive the choice") {
  std::vector<float> x = magnitudes(laplace());
  const ValueRange relu = entropy_range(histogram_of(x), seen_in(x), {.levels = 15});
  std::vector<float> with_zeros = x;
  with_zeros.insert(with_zeros.end(), 500000, 0.0f);
  const ValueRange same = entropy_range(histogram_of(with_zeros), {0, seen_in(x).high, true}, {.levels = 15});
  CHECK(same.high == relu.high);
  x.insert(x.end(), 100, 200.0f);
  CHECK(entropy_range(histogram_of(x), seen_in(x), {}).high > 195);
  CHECK(least_error_range(histogram_of(x), seen_in(x), {}).high > 195);
}

TEST_CASE("methods are called by name") {
  for (const RangeMethod method : {RangeMethod::minmax, RangeMethod::moving_average, RangeMethod::percentile,
                                   RangeMethod::entropy, RangeMethod::mse, RangeMethod::output_mse}) {
    CHECK(parse_range_method(name_of(method)) == method);
  }
  CHECK_THROWS_AS(parse_range_method("max"), Error);
}

}  // namespace
}  // namespace pare
