#include "quantize/rounding_problem.h"

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/fast/parallel.h"

namespace pare {
namespace {

using Row = Eigen::Map<const Eigen::ArrayXf>;

Row samples_of(const RoundingProblem& p, const std::vector<float>& rows, int64_t row) {
  return {rows.data() + row * p.samples, p.samples};
}

template <class Expression>
auto clipped(const RoundingProblem& p, const Expression& z) {
  return z.max(p.low).min(p.high);
}

// z of one row: everything but the clip.
Eigen::ArrayXf products(const RoundingProblem& p, int64_t row) {
  Eigen::ArrayXf z = Eigen::ArrayXf::Zero(p.samples);
  for (int64_t c = 0; c < p.columns; ++c) {
    const auto at = static_cast<size_t>(row * p.columns + c);
    if (p.integers[at] != 0) z += samples_of(p, p.x, c) * (p.step[at] * p.integers[at]);
  }
  return z;
}

Eigen::ArrayXf outputs(const RoundingProblem& p, int64_t row) {
  Eigen::ArrayXf z = products(p, row) + p.bias[static_cast<size_t>(row)];
  if (!p.residual.empty()) z += samples_of(p, p.residual, row);
  return z;
}

std::vector<double> mean_squares(const RoundingProblem& p) {
  std::vector<double> squares(static_cast<size_t>(p.columns));
  for (int64_t c = 0; c < p.columns; ++c) {
    squares[static_cast<size_t>(c)] = samples_of(p, p.x, c).square().mean();
  }
  return squares;
}

double ridge_cost(const RoundingProblem& p, size_t at, double square, float integer) {
  const double error = static_cast<double>(p.step[at]) * integer - p.weight[at];
  return p.ridge * square * error * error;
}

double nearest_integer(const RoundingProblem& p, size_t at, double step) {
  return std::clamp<double>(std::nearbyint(p.weight[at] / step), p.least[at], p.greatest[at]);
}

}  // namespace

double rounding_loss(const RoundingProblem& p, int64_t row) {
  double loss = (clipped(p, outputs(p, row)) - clipped(p, samples_of(p, p.target, row))).square().mean();
  if (p.ridge == 0) return loss;
  const std::vector<double> squares = mean_squares(p);
  for (int64_t c = 0; c < p.columns; ++c) {
    const auto at = static_cast<size_t>(row * p.columns + c);
    loss += ridge_cost(p, at, squares[static_cast<size_t>(c)], p.integers[at]);
  }
  return loss;
}

void round_nearest(RoundingProblem& p) {
  p.integers.resize(p.weight.size());
  for (size_t i = 0; i < p.weight.size(); ++i) p.integers[i] = static_cast<float>(nearest_integer(p, i, p.step[i]));
}

void search_steps(RoundingProblem& p, const std::vector<float>& least_step) {
  constexpr int kSteps = 50;
  const std::vector<double> squares = mean_squares(p);
  for (int64_t row = 0; row < p.rows; ++row) {
    const auto first = static_cast<size_t>(row * p.columns);
    const double whole = p.step[first];
    double best = whole, lowest = INFINITY;
    for (int i = 0; i < kSteps; ++i) {
      const double step = whole * (1.0 - 0.01 * i);
      if (i > 0 && step < least_step[static_cast<size_t>(row)]) break;
      double cost = 0;
      for (size_t c = 0; c < static_cast<size_t>(p.columns); ++c) {
        const double error = nearest_integer(p, first + c, step) * step - p.weight[first + c];
        cost += squares[c] * error * error;
      }
      if (cost >= lowest) continue;
      lowest = cost;
      best = step;
    }
    std::fill_n(p.step.begin() + static_cast<std::ptrdiff_t>(first), p.columns, static_cast<float>(best));
  }
}

namespace {

// One row while its integers move.
class RowPolish {
 public:
  RowPolish(RoundingProblem& problem, int64_t row, const std::vector<double>& squares)
      : p_(problem), row_(row), squares_(squares), wanted_(clipped(p_, samples_of(p_, p_.target, row))) {
    start();
  }

  bool sweep() {
    bool moved = false;
    for (int64_t c = 0; c < p_.columns; ++c) moved = try_single(c) || moved;
    constexpr int64_t kFew = 32;
    if (p_.columns > kFew) return moved;
    for (int64_t a = 0; a < p_.columns; ++a) {
      for (int64_t b = a + 1; b < p_.columns; ++b) moved = try_pair(a, b) || moved;
    }
    return moved;
  }

  // Sums afresh what moves have been added to.
  void start() {
    z_ = outputs(p_, row_);
    set_error();
    loss_ = error_.square().sum();
  }

 private:
  void set_error() {
    error_ = clipped(p_, z_) - wanted_;
    inside_ = (z_ >= p_.low && z_ <= p_.high).cast<float>();
  }
  size_t at(int64_t c) const { return static_cast<size_t>(row_ * p_.columns + c); }
  bool allowed(int64_t c, float by) const {
    const float integer = p_.integers[at(c)] + by;
    return integer >= p_.least[at(c)] && integer <= p_.greatest[at(c)];
  }
  double ridge_change(int64_t c, float by) const {
    if (p_.ridge == 0) return 0;
    const double square = squares_[static_cast<size_t>(c)];
    const float integer = p_.integers[at(c)];
    return static_cast<double>(p_.samples) *
           (ridge_cost(p_, at(c), square, integer + by) - ridge_cost(p_, at(c), square, integer));
  }

  // In the direction in which the error falls, if that outweighs how the loss curves where the clip lets it.
  bool try_single(int64_t c) {
    const auto x = samples_of(p_, p_.x, c);
    const double samples = static_cast<double>(p_.samples), step = p_.step[at(c)];
    if (squares_[static_cast<size_t>(c)] == 0 && p_.ridge == 0) return false;
    const double slope = (error_ * x).sum() + p_.ridge * samples * squares_[static_cast<size_t>(c)] * (step * p_.integers[at(c)] - p_.weight[at(c)]);
    const double curve = (inside_ * x.square()).sum() + p_.ridge * samples * squares_[static_cast<size_t>(c)];
    constexpr double kCurved = 0.8;  // where the clip ends moves with z
    if (2 * std::abs(slope) <= kCurved * step * curve) return false;
    return attempt(c, slope > 0 ? -1.0f : 1.0f, c, 0);
  }

  bool try_pair(int64_t a, int64_t b) {
    bool moved = false;
    for (const float by_a : {1.0f, -1.0f}) {
      for (const float by_b : {1.0f, -1.0f}) moved = attempt(a, by_a, b, by_b) || moved;
    }
    return moved;
  }

  bool attempt(int64_t a, float by_a, int64_t b, float by_b) {
    if (!allowed(a, by_a) || (by_b != 0 && !allowed(b, by_b))) return false;
    const float move_a = by_a * p_.step[at(a)], move_b = by_b * p_.step[at(b)];
    const auto x_a = samples_of(p_, p_.x, a), x_b = samples_of(p_, p_.x, b);
    const double change = ridge_change(a, by_a) + (by_b != 0 ? ridge_change(b, by_b) : 0.0);
    const double loss = by_b == 0 ? (clipped(p_, z_ + x_a * move_a) - wanted_).square().sum()
                                  : (clipped(p_, z_ + x_a * move_a + x_b * move_b) - wanted_).square().sum();
    constexpr double kLeastGain = 1e-6;
    if (loss + change >= loss_ - kLeastGain * loss_) return false;
    z_ += x_a * move_a;
    if (by_b != 0) z_ += x_b * move_b;
    set_error();
    loss_ = loss;
    p_.integers[at(a)] += by_a;
    if (by_b != 0) p_.integers[at(b)] += by_b;
    return true;
  }

  RoundingProblem& p_;
  const int64_t row_;
  const std::vector<double>& squares_;
  Eigen::ArrayXf wanted_, z_, error_, inside_;
  double loss_ = 0;
};

// In the order of a Gray code: one weight changes at a time.
void enumerate_row(RoundingProblem& p, int64_t row, const std::vector<double>& squares) {
  const auto first = static_cast<size_t>(row * p.columns);
  const auto n = static_cast<size_t>(p.columns);
  const Eigen::ArrayXf wanted = clipped(p, samples_of(p, p.target, row));
  const std::vector<float> before(p.integers.begin() + row * p.columns, p.integers.begin() + (row + 1) * p.columns);
  const double kept = rounding_loss(p, row) * static_cast<double>(p.samples);
  std::vector<float> down(n);
  for (size_t c = 0; c < n; ++c) {
    const float least = p.least[first + c];
    down[c] = std::clamp(std::floor(p.weight[first + c] / p.step[first + c]), least, std::max(least, p.greatest[first + c] - 1));
    p.integers[first + c] = down[c];
  }
  Eigen::ArrayXf z = outputs(p, row);
  double lowest = INFINITY;
  uint64_t best = 0, up = 0;
  for (uint64_t i = 0;; ++i) {
    double loss = (clipped(p, z) - wanted).square().sum();
    for (size_t c = 0; p.ridge != 0 && c < n; ++c) {
      loss += static_cast<double>(p.samples) * ridge_cost(p, first + c, squares[c], down[c] + static_cast<float>(up >> c & 1));
    }
    if (loss < lowest) {
      lowest = loss;
      best = up;
    }
    if (i + 1 == uint64_t{1} << n) break;
    const auto c = static_cast<size_t>(std::countr_zero(i + 1));
    up ^= uint64_t{1} << c;
    const float by = up >> c & 1 ? p.step[first + c] : -p.step[first + c];
    z += samples_of(p, p.x, static_cast<int64_t>(c)) * by;
  }
  for (size_t c = 0; c < n; ++c) {
    p.integers[first + c] = lowest < kept ? std::min(down[c] + static_cast<float>(best >> c & 1), p.greatest[first + c]) : before[c];
  }
}

void refit_row(RoundingProblem& p, int64_t row) {
  constexpr int kRounds = 3;
  const auto first = static_cast<size_t>(row * p.columns);
  const Eigen::ArrayXf wanted = clipped(p, samples_of(p, p.target, row));
  for (int round = 0; round < kRounds; ++round) {
    const Eigen::ArrayXf y = products(p, row), z = outputs(p, row);
    const Eigen::ArrayXf inside = (z > p.low && z < p.high).cast<float>();
    const Eigen::ArrayXf error = clipped(p, z) - wanted;
    const double count = inside.sum(), sum_y = (inside * y).sum(), sum_yy = (inside * y * y).sum();
    const double sum_e = (inside * error).sum(), sum_ye = (inside * y * error).sum();
    double gain = 0, shift = 0;
    const double determinant = count * sum_yy - sum_y * sum_y;
    if (p.free_bias && p.free_steps && determinant > 1e-6 * count * sum_yy) {
      gain = -(count * sum_ye - sum_y * sum_e) / determinant;
      shift = -(sum_yy * sum_e - sum_y * sum_ye) / determinant;
    } else if (p.free_bias && count > 0) {
      shift = -sum_e / count;
    }
    const float step = p.step[first], bias = p.bias[static_cast<size_t>(row)];
    const double loss = rounding_loss(p, row);
    const auto set = [&](float new_step, float new_bias) {
      if (p.free_steps) std::fill_n(p.step.begin() + static_cast<std::ptrdiff_t>(first), p.columns, new_step);
      p.bias[static_cast<size_t>(row)] = new_bias;
    };
    set(static_cast<float>(step * (1 + std::clamp(gain, -0.1, 0.1))), static_cast<float>(bias + shift));
    if (rounding_loss(p, row) < loss) continue;
    set(step, bias);
    return;
  }
}

}  // namespace

void enumerate_rounding(RoundingProblem& p, ThreadPool& pool) {
  if (p.columns > kEnumerated) return;
  const std::vector<double> squares = mean_squares(p);
  parallel_for(pool, p.rows, [&](int64_t row) { enumerate_row(p, row, squares); });
}

void polish_rounding(RoundingProblem& p, int sweeps, ThreadPool& pool) {
  const std::vector<double> squares = mean_squares(p);
  parallel_for(pool, p.rows, [&](int64_t row) {
    RowPolish polish(p, row, squares);
    for (int sweep = 0; sweep < sweeps && polish.sweep(); ++sweep) polish.start();
  });
}

void refit_rows(RoundingProblem& p, ThreadPool& pool) {
  if (!p.free_bias) return;
  parallel_for(pool, p.rows, [&](int64_t row) { refit_row(p, row); });
}

}  // namespace pare
