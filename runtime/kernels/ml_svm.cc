// Support vector machines. https://onnx.ai/onnx/operators/onnx_aionnxml_SVMClassifier.html. Sums in double.
#include <cmath>

#include "runtime/kernels/ml_scores.h"

namespace pare {
namespace {

using namespace kernels;
using ml::PostTransform;
using ml::wrong_count;

// kernel_params are gamma, coef0, degree.
class Kernel {
 public:
  Kernel(const std::string& type, const std::vector<float>& params) : type_(type) {
    for (size_t i = 0; i < params.size() && i < 3; ++i) params_[i] = static_cast<double>(params[i]);
  }
  double operator()(std::span<const double> x, std::span<const float> v) const {
    double dot = 0, distance = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const auto other = static_cast<double>(v[i]);
      dot += x[i] * other;
      distance += (x[i] - other) * (x[i] - other);
    }
    if (type_ == "RBF") return std::exp(-params_[0] * distance);
    if (type_ == "POLY") return std::pow(params_[0] * dot + params_[1], params_[2]);
    if (type_ == "SIGMOID") return std::tanh(params_[0] * dot + params_[1]);
    return dot;
  }

 private:
  std::string type_;
  std::array<double, 3> params_{};
};

std::span<const float> row_of(const std::vector<float>& matrix, size_t row, int64_t columns) {
  const auto width = static_cast<size_t>(columns);
  return std::span(matrix).subspan(row * width, width);
}

Result<void> need_size(std::string_view name, size_t found, std::optional<int64_t> expected) {
  if (expected && found == static_cast<size_t>(*expected)) return {};
  return wrong_count(name, found, expected ? std::to_string(*expected) : "fewer vectors or features");
}

// Probabilities of k classes from those of their pairs (r[i][j]: of i, where it is i or j), by the iteration of Wu, Lin
// and Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling" (2004), algorithm 2.
std::vector<double> couple(const std::vector<std::vector<double>>& r) {
  const size_t k = r.size();
  std::vector<std::vector<double>> q(k, std::vector<double>(k, 0));
  for (size_t t = 0; t < k; ++t) {
    for (size_t j = 0; j < k; ++j) {
      if (j == t) continue;
      q[t][t] += r[j][t] * r[j][t];
      q[t][j] = -r[j][t] * r[t][j];
    }
  }
  std::vector<double> p(k, 1 / static_cast<double>(k)), qp(k);
  for (size_t round = 0; round < std::max<size_t>(100, k); ++round) {
    double pqp = 0, worst = 0;
    for (size_t t = 0; t < k; ++t) {
      qp[t] = 0;
      for (size_t j = 0; j < k; ++j) qp[t] += q[t][j] * p[j];
      pqp += p[t] * qp[t];
    }
    for (size_t t = 0; t < k; ++t) worst = std::max(worst, std::fabs(qp[t] - pqp));
    if (worst < 0.005 / static_cast<double>(k)) break;
    for (size_t t = 0; t < k; ++t) {
      const double step = (pqp - qp[t]) / q[t][t];
      p[t] += step;
      pqp = (pqp + step * (step * q[t][t] + 2 * qp[t])) / (1 + step) / (1 + step);
      for (size_t j = 0; j < k; ++j) {
        qp[j] = (qp[j] + step * q[t][j]) / (1 + step);
        p[j] /= 1 + step;
      }
    }
  }
  return p;
}

// A classifier with support vectors: every pair of classes has a machine of its own that votes for one of them.
class Machines {
 public:
  explicit Machines(const SVMClassifier& op)
      : op_(op),
        classes_(op.classlabels_ints.size() + op.classlabels_strings.size()),
        kernel_(op.kernel_type, op.kernel_params) {}

  Result<void> check(int64_t columns) {
    PARE_TRY(need_size("vectors_per_class", op_.vectors_per_class.size(), static_cast<int64_t>(classes_)));
    const auto vectors_most = static_cast<int64_t>(op_.coefficients.size());
    for (const int64_t count : op_.vectors_per_class) {
      if (count < 0 || count > vectors_most) return input_error("vectors_per_class has " + std::to_string(count));
      starts_.push_back(static_cast<size_t>(vectors_));
      vectors_ += count;
    }
    const auto classes = static_cast<int64_t>(classes_);
    if (classes < 2) return wrong_count("the list of class labels", classes_, "2 or more for support vectors");
    PARE_TRY(need_size("coefficients", op_.coefficients.size(), checked_mul(classes - 1, vectors_)));
    PARE_TRY(need_size("support_vectors", op_.support_vectors.size(), checked_mul(vectors_, columns)));
    PARE_TRY(need_size("rho", op_.rho.size(), classes * (classes - 1) / 2));
    PARE_TRY(need_size("prob_b", op_.prob_b.size(), static_cast<int64_t>(op_.prob_a.size())));
    if (!op_.prob_a.empty()) return need_size("prob_a", op_.prob_a.size(), static_cast<int64_t>(op_.rho.size()));
    return {};
  }

  // Scores of the pairs (0,1), (0,2) ... (1,2) ...: positive for the first.
  std::vector<double> scores(std::span<const double> x) const {
    const auto columns = static_cast<int64_t>(x.size());
    std::vector<double> near(static_cast<size_t>(vectors_)), scores;
    for (size_t i = 0; i < near.size(); ++i) near[i] = kernel_(x, row_of(op_.support_vectors, i, columns));
    for (size_t i = 0; i < classes_; ++i)
      for (size_t j = i + 1; j < classes_; ++j)
        scores.push_back(static_cast<double>(op_.rho[scores.size()]) + part(near, i, j - 1) + part(near, j, i));
    return scores;
  }

  int64_t vote(const std::vector<double>& scores) const {
    std::vector<double> votes(classes_);
    size_t pair = 0;
    for (size_t i = 0; i < classes_; ++i)
      for (size_t j = i + 1; j < classes_; ++j) votes[scores[pair++] > 0 ? i : j] += 1;
    return index_of_largest(votes);
  }

  // Platt's sigmoid for each pair, then coupled.
  std::vector<double> probabilities(const std::vector<double>& scores) const {
    std::vector<std::vector<double>> pairs(classes_, std::vector<double>(classes_, 0));
    size_t pair = 0;
    for (size_t i = 0; i < classes_; ++i) {
      for (size_t j = i + 1; j < classes_; ++j, ++pair) {
        const double margin =
            scores[pair] * static_cast<double>(op_.prob_a[pair]) + static_cast<double>(op_.prob_b[pair]);
        pairs[i][j] = std::clamp(1 / (1 + std::exp(margin)), 1e-7, 1 - 1e-7);
        pairs[j][i] = 1 - pairs[i][j];
      }
    }
    return couple(pairs);
  }

 private:
  // What the vectors of `cls` add, with the coefficients of that row.
  double part(const std::vector<double>& near, size_t cls, size_t row) const {
    double sum = 0;
    for (size_t i = 0; i < static_cast<size_t>(op_.vectors_per_class[cls]); ++i) {
      const size_t at = starts_[cls] + i;
      sum += static_cast<double>(op_.coefficients[row * static_cast<size_t>(vectors_) + at]) * near[at];
    }
    return sum;
  }

  const SVMClassifier& op_;
  size_t classes_;
  Kernel kernel_;
  int64_t vectors_ = 0;
  std::vector<size_t> starts_;
};

// Without support vectors: one row of coefficients per class.
Result<void> run_linear(const SVMClassifier& op, const Table& table, PostTransform how, KernelContext& context) {
  Classified out(op.classlabels_ints, op.classlabels_strings);
  PARE_TRY(need_size("coefficients", op.coefficients.size(), checked_mul(out.classes(), table.columns)));
  if (op.rho.empty()) return wrong_count("rho", 0, "at least 1");
  PARE_TRY(out.allocate(table.rows, out.classes()));
  const Kernel dot("LINEAR", {});
  std::vector<double> scores(static_cast<size_t>(out.classes()));
  for (int64_t row = 0; row < table.rows; ++row) {
    for (size_t i = 0; i < scores.size(); ++i)
      scores[i] = static_cast<double>(op.rho[0]) + dot(table.row(row), row_of(op.coefficients, i, table.columns));
    const int64_t label = scores.size() == 1 ? (scores[0] > 0 ? 0 : -1) : index_of_largest(scores);
    transform(how, scores);
    out.set(row, label, scores);
  }
  out.give(context);
  return {};
}

}  // namespace

Result<void> run(const SVMClassifier& op, KernelContext& context) {
  PARE_ASSIGN(const Table table, table_of(context.inputs[0]));
  PARE_ASSIGN(const PostTransform how, ml::post_transform(op.post_transform));
  if (op.vectors_per_class.empty()) return run_linear(op, table, how, context);
  Machines machines(op);
  PARE_TRY(machines.check(table.columns));
  Classified out(op.classlabels_ints, op.classlabels_strings);
  const bool probable = !op.prob_a.empty();
  const auto pairs = static_cast<int64_t>(op.rho.size());
  PARE_TRY(out.allocate(table.rows, probable || pairs == 1 ? out.classes() : pairs));
  for (int64_t row = 0; row < table.rows; ++row) {
    const auto scores = machines.scores(table.row(row));
    const int64_t label = machines.vote(scores);
    auto shown = probable ? machines.probabilities(scores) : scores;
    if (shown.size() == 1) {
      out.set(row, label, pair_of(shown[0], false, how));
      continue;
    }
    transform(how, shown);
    out.set(row, label, shown);
  }
  out.give(context);
  return {};
}

Result<void> run(const SVMRegressor& op, KernelContext& context) {
  PARE_ASSIGN(const Table table, table_of(context.inputs[0]));
  PARE_ASSIGN(const PostTransform how, ml::post_transform(op.post_transform));
  const bool linear = op.n_supports <= 0;
  const auto supports = linear ? size_t{1} : static_cast<size_t>(op.n_supports);
  const std::vector<float>& vectors = linear ? op.coefficients : op.support_vectors;
  PARE_TRY(need_size(linear ? "coefficients" : "support_vectors", vectors.size(),
                     checked_mul(static_cast<int64_t>(supports), table.columns)));
  if (!linear) PARE_TRY(need_size("coefficients", op.coefficients.size(), op.n_supports));
  if (op.rho.empty()) return wrong_count("rho", 0, "1");
  const Kernel kernel(linear ? std::string("LINEAR") : op.kernel_type, op.kernel_params);
  PARE_ASSIGN(Tensor y, allocate(DType::float32, {table.rows, 1}));
  for (int64_t row = 0; row < table.rows; ++row) {
    double score = static_cast<double>(op.rho[0]);
    for (size_t i = 0; i < supports; ++i)
      score += (linear ? 1.0 : static_cast<double>(op.coefficients[i])) *
               kernel(table.row(row), row_of(vectors, i, table.columns));
    if (op.one_class != 0) score = score > 0 ? 1 : -1;
    transform(how, {&score, 1});
    y.set_double(row, score);
  }
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
