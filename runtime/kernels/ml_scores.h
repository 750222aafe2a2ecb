// What the classifiers and regressors of ai.onnx.ml share: tables of samples, transforms of scores, labels.
#pragma once

#include <span>

#include "graph/ops/ml_util.h"
#include "runtime/kernels/dispatch.h"

namespace pare::kernels {

// X as numbers, row by row: [N,F], or [F] for one sample.
struct Table {
  int64_t rows = 0, columns = 0;
  std::vector<double> values;
  std::span<const double> row(int64_t i) const {
    return std::span(values).subspan(static_cast<size_t>(i * columns), static_cast<size_t>(columns));
  }
};
Result<Table> table_of(const Tensor& x);

// The transform of one sample's scores, in place.
void transform(ml::PostTransform how, std::span<double> scores);

// Two scores from the one of a binary classifier, transformed: s stands for the second class. With `complement` the
// first class has 1 - s where s is a probability already (NONE, PROBIT); else, and before the other transforms, -s.
std::array<double, 2> pair_of(double score, bool complement, ml::PostTransform how);

// Outputs of a classifier, filled row by row.
class Classified {
 public:
  Classified(const std::vector<int64_t>& ints, const std::vector<std::string>& strings)
      : ints_(ints), strings_(strings) {}
  int64_t classes() const { return static_cast<int64_t>(ints_.size() + strings_.size()); }
  Result<void> allocate(int64_t rows, int64_t scores);
  // `which` counts the labels; -1 is none of them (0, or an empty string).
  void set(int64_t row, int64_t which, std::span<const double> scores);
  void give(KernelContext& context);

 private:
  const std::vector<int64_t>& ints_;
  const std::vector<std::string>& strings_;
  Tensor labels_, scores_;
  std::vector<std::string> string_labels_;
};

// The first of the largest.
int64_t index_of_largest(std::span<const double> values);

}  // namespace pare::kernels
