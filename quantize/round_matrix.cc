#include "quantize/round_matrix.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/cpu.h"
#include "runtime/fast/float_kernels.h"

namespace pare {
namespace {

constexpr int64_t kLanes = 16;  // rows that are rounded side by side
constexpr int64_t kBlock = 64;  // columns whose errors reach the later ones together

// A group with its columns in the order in which they are rounded; rows padded to whole lanes with zeros.
class Group {
 public:
  Group(const RoundingGroup& group, const MatrixProblem& problem, const RoundingOptions& options)
      : problem_(problem), rows_((problem.rows + kLanes - 1) / kLanes * kLanes), columns_(group.columns) {
    arrange(group, options);
    factor();
    integers_.resize(size());
    trial_.resize(size());
    error_.resize(size());
    residual_.resize(size());
  }

  // Rounds with scales times `ratio` into the trial; its cost by scale is added to `cost`.
  void round(float ratio, const std::vector<float>& scales, std::vector<double>& cost, ThreadPool* pool) {
    ratio_ = ratio;
    for (int64_t begin = 0; begin < columns_; begin += kBlock) {
      const int64_t end = std::min(columns_, begin + kBlock);
      std::copy_n(target_.begin() + begin * rows_, (end - begin) * rows_, error_.begin() + begin * rows_);
      if (begin > 0) add_product(&factor_[static_cast<size_t>(begin * columns_)], end - begin, begin, begin, *pool);
      each_slice(pool, [&](int64_t slice) { round_block(begin, end, slice, scales); });
    }
    for (int64_t j = 0; j < columns_; ++j) {
      for (int64_t r = 0; r < problem_.rows; ++r) {
        const double missed = static_cast<double>(residual_[static_cast<size_t>(j * rows_ + r)]);
        cost[scale_of(j, r)] +=
            missed * missed * static_cast<double>(pivots_[static_cast<size_t>(j)]);  // (M e)_j squared
      }
    }
  }
  // Keeps the trial where its scale is better than before.
  void keep(const std::vector<bool>& better) {
    for (int64_t j = 0; j < columns_; ++j) {
      for (int64_t r = 0; r < problem_.rows; ++r) {
        if (better[scale_of(j, r)])
          integers_[static_cast<size_t>(j * rows_ + r)] = trial_[static_cast<size_t>(j * rows_ + r)];
      }
    }
  }

  // Moves single integers while the cost falls, at most `passes` times over all columns.
  void descend(const std::vector<float>& scales, int passes, ThreadPool* pool) {
    set_errors(scales);
    const std::vector<float> gradient = times_hessian(error_, pool);
    each_slice(pool, [&](int64_t slice) { descend_slice(slice, scales, gradient, passes); });
  }

  // For each scale, what least squares needs: d^T H w and d^T H d with d = q - z.
  void fit(std::vector<double>& along, std::vector<double>& squares, ThreadPool* pool) {
    const std::vector<float> pulled = times_hessian(integers_, pool);
    if (pulled_target_.empty()) pulled_target_ = times_hessian(target_, pool);
    for (int64_t j = 0; j < columns_; ++j) {
      for (int64_t r = 0; r < problem_.rows; ++r) {
        const auto i = static_cast<size_t>(j * rows_ + r);
        along[scale_of(j, r)] += static_cast<double>(integers_[i]) * static_cast<double>(pulled_target_[i]);
        squares[scale_of(j, r)] += static_cast<double>(integers_[i]) * static_cast<double>(pulled[i]);
      }
    }
  }

  double cost(const std::vector<float>& scales, ThreadPool* pool) {
    set_errors(scales);
    const std::vector<float> gradient = times_hessian(error_, pool);
    double sum = 0;
    for (size_t i = 0; i < size(); ++i) sum += static_cast<double>(error_[i]) * static_cast<double>(gradient[i]);
    return sum;
  }

  void write(RoundingGroup& group) const {
    group.integers.resize(static_cast<size_t>(columns_ * problem_.rows));
    for (int64_t j = 0; j < columns_; ++j) {
      const int64_t column = order_[static_cast<size_t>(j)];
      for (int64_t r = 0; r < problem_.rows; ++r) {
        group.integers[static_cast<size_t>(column * problem_.rows + r)] =
            static_cast<int32_t>(integers_[static_cast<size_t>(j * rows_ + r)]) + problem_.zeros[scale_of(j, r)];
      }
    }
  }
  // Few columns: no product is worth a kernel, and groups may run side by side.
  bool small() const { return columns_ <= kBlock; }

 private:
  size_t size() const { return static_cast<size_t>(columns_ * rows_); }
  size_t scale_of(int64_t j, int64_t row) const {
    return static_cast<size_t>(scale_of_[static_cast<size_t>(j * rows_ + row)]);
  }

  void arrange(const RoundingGroup& group, const RoundingOptions& options) {
    const auto k = static_cast<size_t>(columns_);
    order_.resize(k);
    std::iota(order_.begin(), order_.end(), int64_t{0});
    const auto diagonal = [&](int64_t j) { return group.hessian[static_cast<size_t>(j) * (k + 1)]; };
    if (options.activation_order) {
      std::stable_sort(order_.begin(), order_.end(), [&](int64_t a, int64_t b) { return diagonal(a) > diagonal(b); });
    }
    double mean = 0;
    for (int64_t j = 0; j < columns_; ++j) mean += static_cast<double>(diagonal(j)) / static_cast<double>(columns_);
    const float damping = mean > 0 ? static_cast<float>(options.damping * mean) : 1.0f;
    hessian_.resize(k * k);
    target_.assign(size(), 0.0f);
    scale_of_.assign(size(), 0);
    for (size_t j = 0; j < k; ++j) {
      const auto from = static_cast<size_t>(order_[j]);
      for (size_t i = 0; i < k; ++i) hessian_[j * k + i] = group.hessian[from * k + static_cast<size_t>(order_[i])];
      hessian_[j * k + j] += damping;
      const auto rows = static_cast<size_t>(problem_.rows);
      std::copy_n(group.target.begin() + static_cast<std::ptrdiff_t>(from * rows), rows,
                  target_.begin() + static_cast<std::ptrdiff_t>(j * static_cast<size_t>(rows_)));
      std::copy_n(group.scale_of.begin() + static_cast<std::ptrdiff_t>(from * rows), rows,
                  scale_of_.begin() + static_cast<std::ptrdiff_t>(j * static_cast<size_t>(rows_)));
    }
  }

  // H = M^T M with M lower triangular: the Cholesky factor of H in reverse order, transposed and reversed.
  void factor() {
    const auto k = static_cast<Eigen::Index>(columns_);
    Eigen::MatrixXd reversed(k, k);
    for (Eigen::Index i = 0; i < k; ++i) {
      for (Eigen::Index j = 0; j < k; ++j)
        reversed(k - 1 - i, k - 1 - j) = static_cast<double>(hessian_[static_cast<size_t>(i * k + j)]);
    }
    for (double more = reversed.diagonal().mean() * 1e-6;; more *= 10) {
      const Eigen::LLT<Eigen::MatrixXd> llt(reversed);
      if (llt.info() == Eigen::Success) {
        const auto& l = llt.matrixLLT();
        factor_.assign(static_cast<size_t>(k * k), 0.0f);
        pivots_.resize(static_cast<size_t>(k));
        for (Eigen::Index j = 0; j < k; ++j) {
          const double pivot = l(k - 1 - j, k - 1 - j);
          pivots_[static_cast<size_t>(j)] = static_cast<float>(pivot * pivot);
          for (Eigen::Index i = 0; i < j; ++i)
            factor_[static_cast<size_t>(j * k + i)] = static_cast<float>(l(k - 1 - i, k - 1 - j) / pivot);
        }
        return;
      }
      reversed.diagonal().array() += more;  // rounding left H indefinite
    }
  }

  template <class Visit>
  void each_slice(ThreadPool* pool, Visit visit) {
    const int64_t slices = rows_ / kLanes;
    if (pool && slices > 1) {
      pool->run(slices, [&](int64_t slice, int) { visit(slice); });
    } else {
      for (int64_t slice = 0; slice < slices; ++slice) visit(slice);
    }
  }

  // error_[at ...] += a [m, k] * error_[0 ... k)
  void add_product(const float* a, int64_t m, int64_t k, int64_t at, ThreadPool& pool) {
    product_.resize(static_cast<size_t>(kBlock * rows_));
    multiply(a, m, k, error_.data(), product_.data(), pool);
    float* to = error_.data() + at * rows_;
    for (int64_t i = 0; i < m * rows_; ++i) to[i] += product_[static_cast<size_t>(i)];
  }
  // out[m, rows] = a[m, columns_ apart] * b[k, rows]
  void multiply(const float* a, int64_t m, int64_t k, const float* b, float* out, ThreadPool& pool) {
    const FloatKernels& kernels = float_kernels(best_isa());
    const MatmulShape shape{.count = 1, .m = m, .k = k, .n = rows_, .a_row = columns_, .b_row = rows_, .c_row = rows_};
    scratch_.resize(static_cast<size_t>(kernels.matmul_scratch_size(shape, pool.threads())));
    const int64_t zero = 0;
    kernels.matmul(shape, {&zero, &zero, &zero}, a, b, nullptr, out, scratch_.data(), pool);
  }
  std::vector<float> times_hessian(const std::vector<float>& matrix, ThreadPool* pool) {
    std::vector<float> out(size());
    if (!small()) {
      multiply(hessian_.data(), columns_, columns_, matrix.data(), out.data(), *pool);
      return out;
    }
    for (int64_t i = 0; i < columns_; ++i) {
      for (int64_t j = 0; j < columns_; ++j) {
        const float h = hessian_[static_cast<size_t>(i * columns_ + j)];
        for (int64_t r = 0; r < rows_; ++r)
          out[static_cast<size_t>(i * rows_ + r)] += h * matrix[static_cast<size_t>(j * rows_ + r)];
      }
    }
    return out;
  }

  // What the lanes of one column are rounded with.
  struct Grid {
    float scale[kLanes], inverse[kLanes], low[kLanes], high[kLanes];
  };
  Grid grid(int64_t j, int64_t slice, const std::vector<float>& scales, float ratio) const {
    Grid g;
    for (int64_t i = 0; i < kLanes; ++i) {
      const size_t s = scale_of(j, slice * kLanes + i);
      g.scale[i] = scales[s] * ratio;
      g.inverse[i] = 1.0f / g.scale[i];
      g.low[i] = static_cast<float>(problem_.low - problem_.zeros[s]);
      g.high[i] = static_cast<float>(problem_.high - problem_.zeros[s]);
    }
    return g;
  }
  static float rounded(float x, float low, float high) {
    constexpr float kShift = 12582912.0f;  // 1.5 * 2^23: adding it leaves no fraction
    x = x < low ? low : x > high ? high : x;
    return (x + kShift) - kShift;
  }

  // error_ holds the targets of columns [begin, end), the earlier ones' errors beyond the block added; then their
  // errors.
  void round_block(int64_t begin, int64_t end, int64_t slice, const std::vector<float>& scales) {
    for (int64_t j = begin; j < end; ++j) {
      const int64_t at = j * rows_ + slice * kLanes;
      float aim[kLanes];
      for (int64_t i = 0; i < kLanes; ++i) aim[i] = error_[static_cast<size_t>(at + i)];
      for (int64_t k = begin; k < j; ++k) {
        const float c = factor_[static_cast<size_t>(j * columns_ + k)];
        const float* e = &error_[static_cast<size_t>(k * rows_ + slice * kLanes)];
        for (int64_t i = 0; i < kLanes; ++i) aim[i] += c * e[i];
      }
      const Grid g = grid(j, slice, scales, ratio_);
      for (int64_t i = 0; i < kLanes; ++i) {
        const auto element = static_cast<size_t>(at + i);
        const float d = rounded(aim[i] * g.inverse[i], g.low[i], g.high[i]);
        trial_[element] = d;
        residual_[element] = aim[i] - g.scale[i] * d;
        error_[element] = target_[element] - g.scale[i] * d;
      }
    }
  }

  void set_errors(const std::vector<float>& scales) {
    for (int64_t j = 0; j < columns_; ++j) {
      for (int64_t r = 0; r < rows_; ++r) {
        const auto i = static_cast<size_t>(j * rows_ + r);
        error_[i] = r < problem_.rows ? target_[i] - scales[scale_of(j, r)] * integers_[i] : 0.0f;
      }
    }
  }

  void descend_slice(int64_t slice, const std::vector<float>& scales, const std::vector<float>& gradient, int passes) {
    std::vector<float> g(static_cast<size_t>(columns_ * kLanes));
    for (int64_t j = 0; j < columns_; ++j)
      std::copy_n(&gradient[static_cast<size_t>(j * rows_ + slice * kLanes)], kLanes,
                  &g[static_cast<size_t>(j * kLanes)]);
    const int64_t lanes = std::min(kLanes, problem_.rows - slice * kLanes);
    for (int pass = 0; pass < passes; ++pass) {
      bool changed = false;
      for (int64_t j = 0; j < columns_; ++j) {
        const Grid at = grid(j, slice, scales, 1.0f);
        const float h = hessian_[static_cast<size_t>(j * columns_ + j)];
        float change[kLanes] = {};
        bool any = false;
        for (int64_t i = 0; i < lanes; ++i) {
          float& d = integers_[static_cast<size_t>(j * rows_ + slice * kLanes + i)];
          const float better =
              rounded(d + g[static_cast<size_t>(j * kLanes + i)] / h * at.inverse[i], at.low[i], at.high[i]);
          if (better == d) continue;
          change[i] = -at.scale[i] * (better - d);
          d = better;
          any = true;
        }
        if (!any) continue;
        changed = true;
        for (int64_t k = 0; k < columns_; ++k) {
          const float c = hessian_[static_cast<size_t>(j * columns_ + k)];
          float* to = &g[static_cast<size_t>(k * kLanes)];
          for (int64_t i = 0; i < kLanes; ++i) to[i] += c * change[i];
        }
      }
      if (!changed) break;
    }
  }

  const MatrixProblem& problem_;
  int64_t rows_, columns_;
  float ratio_ = 1;
  std::vector<int64_t> order_;
  std::vector<float> hessian_, factor_, pivots_;  // factor_: M_jk / M_jj below the diagonal; pivots_: M_jj^2
  std::vector<float> target_, integers_, trial_, error_, residual_, pulled_target_;  // integers less zero points
  std::vector<int32_t> scale_of_;
  std::vector<float> product_, scratch_;
};

class Rounder {
 public:
  Rounder(MatrixProblem& problem, const RoundingOptions& options, ThreadPool& pool)
      : problem_(problem), options_(options), pool_(pool) {
    if (problem_.zeros.empty()) problem_.zeros.assign(problem_.scales.size(), 0);
    groups_.reserve(problem.groups.size());
    for (const RoundingGroup& group : problem.groups) groups_.emplace_back(group, problem, options);
  }

  double run() {
    choose_scales();
    for (int i = 0; i < options_.refinements; ++i) {
      if (options_.fit_scales) fit_scales();
      each([&](Group& group, size_t, ThreadPool* pool) { group.descend(problem_.scales, 8, pool); });
    }
    if (options_.fit_scales) fit_scales();
    std::vector<double> cost(groups_.size());
    each([&](Group& group, size_t i, ThreadPool* pool) {
      cost[i] = group.cost(problem_.scales, pool);
      group.write(problem_.groups[i]);
    });
    return std::accumulate(cost.begin(), cost.end(), 0.0);
  }

 private:
  // Small groups side by side, large ones one after the other with their rows side by side.
  template <class Visit>
  void each(Visit visit) {
    if (groups_.size() > 1 && groups_[0].small()) {
      pool_.run(static_cast<int64_t>(groups_.size()),
                [&](int64_t i, int) { visit(groups_[static_cast<size_t>(i)], static_cast<size_t>(i), nullptr); });
      return;
    }
    for (size_t i = 0; i < groups_.size(); ++i) visit(groups_[i], i, &pool_);
  }

  // Sums by scale over all groups, in their order.
  using Sums = std::vector<double>;

  void choose_scales() {
    const size_t scales = problem_.scales.size();
    Sums least(scales, std::numeric_limits<double>::infinity());
    std::vector<float> best = problem_.scales;
    for (const float ratio : options_.ratios) {
      Sums cost(scales);
      // One group after the other adds to the same sums.
      for (Group& group : groups_) group.round(ratio, problem_.scales, cost, &pool_);
      std::vector<bool> better(scales);
      for (size_t s = 0; s < scales; ++s) {
        const bool allowed =
            ratio == 1.0f || problem_.least_scales.empty() || problem_.scales[s] * ratio >= problem_.least_scales[s];
        if (!allowed || !(cost[s] < least[s])) continue;
        better[s] = true;
        least[s] = cost[s];
        best[s] = problem_.scales[s] * ratio;
      }
      for (Group& group : groups_) group.keep(better);
    }
    problem_.scales = best;
  }

  void fit_scales() {
    Sums along(problem_.scales.size()), squares(problem_.scales.size());
    for (Group& group : groups_) group.fit(along, squares, &pool_);
    for (size_t s = 0; s < problem_.scales.size(); ++s) {
      if (!(along[s] > 0) || !(squares[s] > 0)) continue;
      const float fitted = static_cast<float>(along[s] / squares[s]);
      if (!std::isfinite(fitted) || !(fitted > 0)) continue;
      problem_.scales[s] = problem_.least_scales.empty() ? fitted : std::max(fitted, problem_.least_scales[s]);
    }
  }

  MatrixProblem& problem_;
  const RoundingOptions& options_;
  ThreadPool& pool_;
  std::vector<Group> groups_;
};

}  // namespace

double round_matrix(MatrixProblem& problem, const RoundingOptions& options, ThreadPool& pool) {
  return Rounder(problem, options, pool).run();
}

}  // namespace pare
