#include "quantize/second_moments.h"

#include <algorithm>
#include <cassert>

#include "runtime/cpu.h"
#include "runtime/fast/float_kernels.h"

namespace pare {
namespace {

constexpr int64_t kFewColumns = 24;  // below, a kernel's preparations cost more than its sums

// sums[i, j] += sum over rows of a[row, i] * b[row, j].
void add_products(std::span<const float> a, std::span<const float> b, int64_t columns, std::vector<float>& sums) {
  const size_t n = static_cast<size_t>(columns);
  for (size_t row = 0; row < a.size(); row += n) {
    for (size_t i = 0; i < n; ++i) {
      const float x = a[row + i];
      for (size_t j = 0; j < n; ++j) sums[i * n + j] += x * b[row + j];
    }
  }
}

// Takes the pivot out of every row and adds what is left to `sum`.
void shift(std::span<float> rows, const std::vector<float>& pivot, std::vector<double>& sum) {
  const size_t n = pivot.size();
  for (size_t row = 0; row < rows.size(); row += n) {
    for (size_t i = 0; i < n; ++i) {
      rows[row + i] -= pivot[i];
      sum[i] += static_cast<double>(rows[row + i]);
    }
  }
}

std::vector<float> column_means(std::span<const float> rows, size_t columns) {
  std::vector<double> sum(columns);
  for (size_t i = 0; i < rows.size(); ++i) sum[i % columns] += static_cast<double>(rows[i]);
  std::vector<float> means(columns);
  const double count = static_cast<double>(rows.size() / columns);
  for (size_t i = 0; i < columns; ++i) means[i] = static_cast<float>(sum[i] / count);
  return means;
}

}  // namespace

SecondMoments::SecondMoments(int64_t columns)
    : columns_(columns),
      sum_(static_cast<size_t>(columns)),
      drift_sum_(static_cast<size_t>(columns)),
      squares_(static_cast<size_t>(columns * columns)),
      cross_(static_cast<size_t>(columns * columns)) {}

void SecondMoments::add(std::span<float> rows, std::span<float> reference, ThreadPool& pool) {
  assert(rows.size() == reference.size() && rows.size() % static_cast<size_t>(columns_) == 0);
  if (rows.empty()) return;
  for (size_t i = 0; i < rows.size(); ++i) reference[i] -= rows[i];
  if (count_ == 0) {
    pivot_ = column_means(rows, static_cast<size_t>(columns_));
    drift_pivot_ = column_means(reference, static_cast<size_t>(columns_));
  }
  shift(rows, pivot_, sum_);
  shift(reference, drift_pivot_, drift_sum_);
  const int64_t count = static_cast<int64_t>(rows.size()) / columns_;
  count_ += count;
  if (columns_ < kFewColumns) {
    add_products(rows, rows, columns_, squares_);
    add_products(reference, rows, columns_, cross_);
    return;
  }
  const FloatKernels& kernels = float_kernels(best_isa());
  const MatmulShape shape{
      .count = 1, .m = columns_, .k = count, .n = columns_, .a_row = count, .b_row = columns_, .c_row = columns_};
  transposed_.resize(rows.size());
  product_.resize(squares_.size());
  scratch_.resize(static_cast<size_t>(kernels.matmul_scratch_size(shape, pool.threads())));
  const int64_t zero = 0;
  for (const auto& [left, sums] : {std::pair{rows, &squares_}, std::pair{reference, &cross_}}) {
    kernels.transpose(1, count, columns_, left.data(), transposed_.data(), pool);
    kernels.matmul(shape, {&zero, &zero, &zero}, transposed_.data(), rows.data(), nullptr, product_.data(),
                   scratch_.data(), pool);
    for (size_t i = 0; i < product_.size(); ++i) (*sums)[i] += product_[i];
  }
}

std::vector<double> SecondMoments::mean_of(const std::vector<float>& pivot, const std::vector<double>& sum) const {
  std::vector<double> mean(sum.size());
  for (size_t i = 0; count_ > 0 && i < mean.size(); ++i)
    mean[i] = static_cast<double>(pivot[i]) + sum[i] / static_cast<double>(count_);
  return mean;
}

std::vector<double> SecondMoments::reference_mean() const {
  std::vector<double> result = mean(), drift = mean_of(drift_pivot_, drift_sum_);
  for (size_t i = 0; i < result.size(); ++i) result[i] += drift[i];
  return result;
}

std::vector<float> SecondMoments::moment(const std::vector<float>& sums, const std::vector<double>& left,
                                         const std::vector<double>& right, const std::vector<float>& left_pivot,
                                         bool centred) const {
  std::vector<float> result(sums.size());
  if (count_ == 0) return result;
  const double n = static_cast<double>(count_);
  const std::vector<double> left_mean = mean_of(left_pivot, left), right_mean = mean();
  const size_t columns = static_cast<size_t>(columns_);
  for (size_t i = 0; i < columns; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      const double about_pivot = static_cast<double>(sums[i * columns + j]) / n;
      const double centre = about_pivot - left[i] / n * (right[j] / n);
      result[i * columns + j] = static_cast<float>(centred ? centre : centre + left_mean[i] * right_mean[j]);
    }
  }
  return result;
}

std::vector<float> SecondMoments::covariance(bool centred) const {
  return moment(squares_, sum_, sum_, pivot_, centred);
}
std::vector<float> SecondMoments::drift(bool centred) const {
  return moment(cross_, drift_sum_, sum_, drift_pivot_, centred);
}

}  // namespace pare
