#include "runtime/kernels/ml_scores.h"

#include <cmath>

namespace pare::kernels {
namespace {

using ml::PostTransform;

double logistic(double x) { return x < 0 ? 1 - 1 / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

// The inverse of the normal distribution: erf(y / sqrt(2)) = 2 p - 1, by bisection.
double probit(double p) {
  if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0 || p == 1)
    return p == 0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  double low = -40, high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
  }
  return low;
}

void softmax(std::span<double> scores, bool keep_zeros) {
  const double top = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) {
    if (!keep_zeros || std::fabs(score) > 1e-7) {
      score = std::exp(score - top);
    } else {
      score = 0;
    }
    sum += score;
  }
  for (double& score : scores) score = sum == 0 ? 0.5 : score / sum;
}

}  // namespace

Result<Table> table_of(const Tensor& x) {
  if (x.rank() != 1 && x.rank() != 2) return input_error("X is " + to_string(x.type()) + ", expected rank 1 or 2");
  Table table{x.rank() == 1 ? 1 : x.dims()[0], x.dims().back(), {}};
  table.values.resize(static_cast<size_t>(x.size()));
  for (int64_t i = 0; i < x.size(); ++i) table.values[static_cast<size_t>(i)] = x.as_double(i);
  return table;
}

void transform(PostTransform how, std::span<double> scores) {
  if (scores.empty()) return;
  switch (how) {
    case PostTransform::none:
      return;
    case PostTransform::softmax:
      return softmax(scores, false);
    case PostTransform::softmax_zero:
      return softmax(scores, true);
    case PostTransform::logistic:
      for (double& score : scores) score = logistic(score);
      return;
    case PostTransform::probit:
      for (double& score : scores) score = probit(score);
      return;
  }
}

std::array<double, 2> pair_of(double score, bool complement, PostTransform how) {
  const bool probability = complement && (how == PostTransform::none || how == PostTransform::probit);
  std::array<double, 2> scores{probability ? 1 - score : -score, score};
  transform(how, scores);
  return scores;
}

Result<void> Classified::allocate(int64_t rows, int64_t scores) {
  PARE_ASSIGN(scores_, kernels::allocate(DType::float32, {rows, scores}));
  if (ints_.empty()) {
    string_labels_.resize(static_cast<size_t>(rows));
    return {};
  }
  PARE_ASSIGN(labels_, kernels::allocate(DType::int64, {rows}));
  return {};
}

void Classified::set(int64_t row, int64_t which, std::span<const double> scores) {
  const auto at = static_cast<size_t>(which);
  if (which >= 0 && ints_.empty()) string_labels_[static_cast<size_t>(row)] = strings_[at];
  if (which >= 0 && !ints_.empty()) labels_.mutable_data<int64_t>()[static_cast<size_t>(row)] = ints_[at];
  const auto out = scores_.mutable_data<float>().subspan(static_cast<size_t>(row) * scores.size(), scores.size());
  for (size_t i = 0; i < scores.size(); ++i) out[i] = static_cast<float>(scores[i]);
}

void Classified::give(KernelContext& context) {
  const Dims rows{scores_.dims()[0]};
  context.outputs[0] = ints_.empty() ? Tensor::strings(rows, string_labels_) : std::move(labels_);
  context.outputs[1] = std::move(scores_);
}

int64_t index_of_largest(std::span<const double> values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

}  // namespace pare::kernels
