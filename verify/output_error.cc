#include "verify/output_error.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/error.h"
#include "verify/metric_kinds.h"

namespace pare {

void OutputError::add(const Tensor& reference, const Tensor& candidate) {
  if (reference.dims() != candidate.dims()) {
    throw Error(ErrorCode::input, "the reference gives " + to_string(reference.type()) + " and the candidate " +
                                      to_string(candidate.type()) +
                                      "; models that are compared must give the same shape");
  }
  const int64_t count = reference.dims().empty() ? 1 : reference.dims()[0];
  const Tensor a = rows_of(reference, count, "sqnr"), b = rows_of(candidate, count, "sqnr");
  const auto width = static_cast<size_t>(a.dims()[1]);
  for (size_t row = 0; row < static_cast<size_t>(count); ++row) {
    ErrorSums sums;
    bool finite = true;
    for (size_t k = row * width; k < (row + 1) * width; ++k) {
      const double x = a.data<float>()[k], y = b.data<float>()[k];
      finite = finite && (std::isfinite(y) || !std::isfinite(x));
      if (x == y || (std::isnan(x) && std::isnan(y))) {
        if (std::isfinite(x)) sums.signal += x * x, sums.product += x * x, sums.other += x * x;
        continue;
      }
      sums.signal += x * x;
      sums.noise += (y - x) * (y - x);
      sums.product += x * y;
      sums.other += y * y;
      sums.largest = std::max(sums.largest, std::abs(y - x));
    }
    samples.push_back(sums);
    not_finite += !finite;
  }
}

double OutputError::sqnr(std::span<const uint32_t> counts) const {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    signal += times(counts, i) * samples[i].signal;
    noise += times(counts, i) * samples[i].noise;
  }
  if (noise == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(signal / noise);
}

double OutputError::cosine() const {
  ErrorSums all;
  for (const ErrorSums& sums : samples) {
    all.signal += sums.signal;
    all.product += sums.product;
    all.other += sums.other;
  }
  if (all.signal == 0 && all.other == 0) return 1;
  return all.product / std::sqrt(all.signal * all.other);
}

double OutputError::largest() const {
  double most = 0;
  for (const ErrorSums& sums : samples) most = std::isnan(sums.largest) ? sums.largest : std::max(most, sums.largest);
  return most;
}

}  // namespace pare
