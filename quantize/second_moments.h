// Means and covariances of the rows that a layer multiplies, on calibration data: what rounding minimizes over.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/thread_pool.h"

namespace pare {

// Of rows x as a quantized graph has them, and of the same rows x' as the float graph has them. Sums are kept in
// float32 around the first rows' means, so that large means cost no precision. The same rows in the same pieces give
// the same bits for any number of threads.
class SecondMoments {
 public:
  explicit SecondMoments(int64_t columns);

  // Piece of rows [count, columns] each; `reference` as long as `rows`. Both are overwritten.
  void add(std::span<float> rows, std::span<float> reference, ThreadPool& pool);

  int64_t count() const { return count_; }
  int64_t columns() const { return columns_; }
  std::vector<double> mean() const { return mean_of(pivot_, sum_); }
  std::vector<double> reference_mean() const;
  // E[(x - E x)(x - E x)^T], or E[x x^T] where not `centred`; [columns, columns].
  std::vector<float> covariance(bool centred) const;
  // E[d x^T] with d = x' - x, or of both less their means.
  std::vector<float> drift(bool centred) const;

 private:
  std::vector<double> mean_of(const std::vector<float>& pivot, const std::vector<double>& sum) const;
  std::vector<float> moment(const std::vector<float>& sums, const std::vector<double>& left,
                            const std::vector<double>& right, const std::vector<float>& left_pivot, bool centred) const;

  int64_t columns_, count_ = 0;
  std::vector<float> pivot_, drift_pivot_;  // subtracted from rows and from d
  std::vector<double> sum_, drift_sum_;     // of what is left
  std::vector<float> squares_, cross_;      // its products: [x, x] and [d, x]
  std::vector<float> transposed_, product_, scratch_;
};

}  // namespace pare
