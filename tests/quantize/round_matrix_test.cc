#include "quantize/round_matrix.h"

#include <cmath>

#include "tests/catch.h"

namespace pare {
namespace {

// A sequence of numbers in [-1, 1) that looks random.
struct Numbers {
  uint32_t state = 12345;
  float next() {
    state = state * 1664525u + 1013904223u;
    return static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
};

// E[x x^T] of correlated rows.
std::vector<float> make_hessian(int64_t columns, Numbers& numbers) {
  const auto k = static_cast<size_t>(columns);
  std::vector<float> h(k * k);
  std::vector<float> x(k);
  for (size_t sample = 0; sample < 4 * k; ++sample) {
    float last = 0;
    for (float& element : x) last = element = 0.8f * last + numbers.next();
    for (size_t i = 0; i < k; ++i) {
      for (size_t j = 0; j < k; ++j) h[i * k + j] += x[i] * x[j] / static_cast<float>(4 * k);
    }
  }
  return h;
}

MatrixProblem make_problem(int64_t rows, int64_t columns, int64_t groups, uint32_t seed = 1) {
  Numbers numbers{seed};
  MatrixProblem problem;
  problem.rows = rows;
  problem.low = -8;
  problem.high = 7;
  for (int64_t g = 0; g < groups; ++g) {
    RoundingGroup group;
    group.columns = columns;
    group.hessian = make_hessian(columns, numbers);
    for (int64_t i = 0; i < rows * columns; ++i) {
      group.target.push_back(numbers.next());
      group.scale_of.push_back(static_cast<int32_t>(g * rows + i % rows));
    }
    problem.groups.push_back(std::move(group));
  }
  problem.scales.assign(static_cast<size_t>(rows * groups), 1.0f / 7);
  problem.zeros.assign(problem.scales.size(), 0);
  return problem;
}

// The sum of e^T H e, by its definition.
double cost_of(const MatrixProblem& problem) {
  double sum = 0;
  for (const RoundingGroup& group : problem.groups) {
    for (int64_t r = 0; r < problem.rows; ++r) {
      std::vector<double> e;
      for (int64_t c = 0; c < group.columns; ++c) {
        const auto i = static_cast<size_t>(c * problem.rows + r);
        const auto s = static_cast<size_t>(group.scale_of[i]);
        CHECK(group.integers[i] >= problem.low);
        CHECK(group.integers[i] <= problem.high);
        e.push_back(double{group.target[i]} - double{problem.scales[s]} * (group.integers[i] - problem.zeros[s]));
      }
      for (size_t i = 0; i < e.size(); ++i) {
        for (size_t j = 0; j < e.size(); ++j) sum += e[i] * e[j] * double{group.hessian[i * e.size() + j]};
      }
    }
  }
  return sum;
}

void round_to_nearest(MatrixProblem& problem) {
  for (RoundingGroup& group : problem.groups) {
    group.integers.clear();
    for (size_t i = 0; i < group.target.size(); ++i) {
      const auto s = static_cast<size_t>(group.scale_of[i]);
      const double q = std::nearbyint(double{group.target[i]} / double{problem.scales[s]}) + problem.zeros[s];
      group.integers.push_back(static_cast<int32_t>(std::min<double>(problem.high, std::max<double>(problem.low, q))));
    }
  }
}

TEST_CASE("two columns, worked by hand") {
  // H = [4 2; 2 2] = M^T M with M = [sqrt 2, 0; sqrt 2, sqrt 2], scale 1. Column 0 first: 0.4 -> 0, e_0 = 0.4. Column 1
  // is aimed at 0.3 + (sqrt 2 / sqrt 2) 0.4 = 0.7 -> 1, e_1 = -0.7. e^T H e = 4 * 0.16 + 4 * 0.4 * -0.7 + 2 * 0.49 =
  // 0.5; nearest gives (0, 0), that is 0.64 + 0.48 + 0.18 = 1.3.
  MatrixProblem problem;
  problem.rows = 1;
  problem.groups = {{2, {4, 2, 2, 2}, {0.4f, 0.3f}, {0, 0}, {}}};
  problem.scales = {1};
  problem.zeros = {0};
  RoundingOptions options{.damping = 0, .ratios = {1.0f}, .refinements = 0, .fit_scales = false};
  ThreadPool pool(1);
  CHECK(round_matrix(problem, options, pool) == Approx(0.5));
  CHECK(problem.groups[0].integers == std::vector<int32_t>{0, 1});
  // The order matters: with column 1 first, 0.3 -> 0, then column 0 from 0.4 + 2 / 4 * 0.3 = 0.55 -> 1.
  // e = (-0.6, 0.3): 4 * 0.36 - 4 * 0.18 + 2 * 0.09 = 0.9. H's diagonal reversed makes that the activation order.
  problem.groups = {{2, {2, 2, 2, 4}, {0.3f, 0.4f}, {0, 0}, {}}};
  CHECK(round_matrix(problem, options, pool) == Approx(0.5));
  CHECK(problem.groups[0].integers == std::vector<int32_t>{1, 0});
  options.activation_order = false;
  CHECK(round_matrix(problem, options, pool) == Approx(0.9));
  CHECK(problem.groups[0].integers == std::vector<int32_t>{0, 1});
  // No move of one integer from (0, 1) costs less: descent leaves it.
  problem.groups = {{2, {4, 2, 2, 2}, {0.4f, 0.3f}, {0, 0}, {}}};
  options.refinements = 3;
  CHECK(round_matrix(problem, options, pool) == Approx(0.5));
}

TEST_CASE("all integers of small matrices: descent ends where no single move helps, near the best") {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    MatrixProblem problem = make_problem(1, 4, 1, seed);
    problem.low = -2;
    problem.high = 2;
    problem.scales = {0.5f};
    MatrixProblem trial = problem;
    ThreadPool pool(1);
    RoundingOptions options{.damping = 0, .ratios = {1.0f}, .refinements = 1, .fit_scales = false};
    const double found = round_matrix(problem, options, pool);
    CHECK(found == Approx(cost_of(problem)).epsilon(1e-4));
    double best = found;
    trial.groups[0].integers.resize(4);
    for (int code = 0; code < 625; ++code) {
      for (int i = 0, rest = code; i < 4; ++i, rest /= 5)
        trial.groups[0].integers[static_cast<size_t>(i)] = rest % 5 - 2;
      best = std::min(best, cost_of(trial));
    }
    CHECK(found >= best * (1 - 1e-4));
    CHECK(found <= best * 2 + 1e-6);
    for (size_t i = 0; i < 4; ++i) {
      for (const int step : {-1, 1}) {
        MatrixProblem moved = problem;
        moved.groups[0].integers[i] += step;
        if (std::abs(moved.groups[0].integers[i]) > 2) continue;
        CHECK(cost_of(moved) >= found * (1 - 1e-4));
      }
    }
  }
}

TEST_CASE("costs less than nearest, and fitted scales less again, in groups and with blocks of columns") {
  for (const auto& [rows, columns, groups] : {std::tuple{20, 150, 1}, std::tuple{1, 9, 40}, std::tuple{5, 70, 3}}) {
    MatrixProblem nearest = make_problem(rows, columns, groups);
    round_to_nearest(nearest);
    MatrixProblem problem = make_problem(rows, columns, groups);
    ThreadPool pool(1);
    RoundingOptions options{.damping = 0.001, .ratios = {1.0f}, .refinements = 0, .fit_scales = false};
    round_matrix(problem, options, pool);
    const double once = cost_of(problem);
    CHECK(once < 0.7 * cost_of(nearest));
    options.refinements = 2;
    round_matrix(problem, options, pool);
    const double refined = cost_of(problem);
    CHECK(refined <= once);
    options.fit_scales = true;
    options.ratios = {1.0f, 0.9f, 0.8f};
    round_matrix(problem, options, pool);
    CHECK(cost_of(problem) < refined);
  }
}

TEST_CASE("zero points and unsigned integers") {
  MatrixProblem problem = make_problem(3, 20, 1);
  problem.low = 0;
  problem.high = 15;
  problem.zeros = {8, 7, 9};
  MatrixProblem nearest = problem;
  round_to_nearest(nearest);
  ThreadPool pool(1);
  round_matrix(problem, {.ratios = {1.0f}, .fit_scales = false}, pool);
  CHECK(cost_of(problem) < cost_of(nearest));
}

TEST_CASE("a column that is never used is rounded to nearest") {
  MatrixProblem problem;
  problem.rows = 1;
  problem.groups = {{2, {1, 0, 0, 0}, {0.4f, 2.6f}, {0, 0}, {}}};
  problem.scales = {1};
  ThreadPool pool(1);
  round_matrix(problem, {.ratios = {1.0f}, .fit_scales = false}, pool);
  CHECK(problem.groups[0].integers == std::vector<int32_t>{0, 3});
}

TEST_CASE("the same integers and scales for any number of threads") {
  for (const auto& [rows, columns, groups] : {std::tuple{40, 150, 2}, std::tuple{1, 9, 40}}) {
    MatrixProblem one = make_problem(rows, columns, groups), three = one;
    const RoundingOptions options{.ratios = {1.0f, 0.8f}};
    ThreadPool single(1), several(3);
    CHECK(round_matrix(one, options, single) == round_matrix(three, options, several));
    CHECK(one.scales == three.scales);
    for (size_t g = 0; g < one.groups.size(); ++g) CHECK(one.groups[g].integers == three.groups[g].integers);
  }
}

}  // namespace
}  // namespace pare
