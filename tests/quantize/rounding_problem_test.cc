#include "quantize/rounding_problem.h"

#include <cmath>
#include <random>

#include "tests/catch.h"

namespace pare {
namespace {

RoundingProblem random_problem(int64_t rows, int64_t columns, int64_t samples, bool clip) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  RoundingProblem p;
  p.rows = rows;
  p.columns = columns;
  p.samples = samples;
  const auto fill = [&](std::vector<float>& to, int64_t size) {
    for (int64_t i = 0; i < size; ++i) to.push_back(normal(random));
  };
  fill(p.weight, rows * columns);
  p.step.assign(p.weight.size(), 0.4f);
  p.least.assign(p.weight.size(), -8);
  p.greatest.assign(p.weight.size(), 7);
  fill(p.x, columns * samples);
  for (int64_t c = 1; c < columns; ++c) {  // inputs that go together: what one rounding loses another makes up for
    for (int64_t s = 0; s < samples; ++s) p.x[static_cast<size_t>(c * samples + s)] += p.x[static_cast<size_t>((c - 1) * samples + s)];
  }
  fill(p.bias, rows);
  if (clip) p.low = 0, p.high = 3;
  p.target.assign(static_cast<size_t>(rows * samples), 0);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t s = 0; s < samples; ++s) {
      double sum = p.bias[static_cast<size_t>(r)];
      for (int64_t c = 0; c < columns; ++c) {
        sum += static_cast<double>(p.weight[static_cast<size_t>(r * columns + c)]) * p.x[static_cast<size_t>(c * samples + s)];
      }
      p.target[static_cast<size_t>(r * samples + s)] = static_cast<float>(sum);
    }
  }
  round_nearest(p);
  return p;
}

// By its definition, in double.
double loss_of(const RoundingProblem& p, int64_t row, const std::vector<double>& weights) {
  double loss = 0;
  const auto f = [&](double z) { return std::min<double>(std::max<double>(z, p.low), p.high); };
  for (int64_t s = 0; s < p.samples; ++s) {
    double z = p.bias[static_cast<size_t>(row)];
    for (int64_t c = 0; c < p.columns; ++c) {
      z += weights[static_cast<size_t>(row * p.columns + c)] * p.x[static_cast<size_t>(c * p.samples + s)];
    }
    const double error = f(z) - f(p.target[static_cast<size_t>(row * p.samples + s)]);
    loss += error * error;
  }
  return loss / static_cast<double>(p.samples);
}

std::vector<double> quantized(const RoundingProblem& p, const std::vector<float>& integers) {
  std::vector<double> weights;
  for (size_t i = 0; i < integers.size(); ++i) weights.push_back(static_cast<double>(p.step[i]) * integers[i]);
  return weights;
}

TEST_CASE("the gradient of the rounding loss is that of finite differences") {
  const RoundingProblem p = random_problem(3, 5, 40, true);
  ThreadPool pool;
  std::vector<float> relaxed = p.integers;
  for (size_t i = 0; i < relaxed.size(); ++i) relaxed[i] += 0.3f * std::sin(static_cast<float>(i));
  const std::vector<float> gradient = rounding_gradient(p, relaxed, 0, p.samples, float_kernels(best_isa()), pool);
  std::vector<double> weights = quantized(p, relaxed);
  constexpr double kStep = 1e-6;
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto row = static_cast<int64_t>(i) / p.columns;
    const double at = weights[i];
    weights[i] = at + kStep;
    const double above = loss_of(p, row, weights);
    weights[i] = at - kStep;
    const double below = loss_of(p, row, weights);
    weights[i] = at;
    CHECK(gradient[i] == Approx((above - below) / (2 * kStep)).epsilon(1e-3).margin(1e-4));
  }
}

TEST_CASE("on a row of eight weights rounding finds the best of all 256 ways") {
  for (const bool clip : {false, true}) {
    RoundingProblem p = random_problem(4, 8, 200, clip);
    std::vector<double> best(4, INFINITY), nearest;
    for (int64_t row = 0; row < 4; ++row) {
      nearest.push_back(loss_of(p, row, quantized(p, p.integers)));
      for (int ways = 0; ways < 256; ++ways) {
        std::vector<double> weights = quantized(p, p.integers);
        for (int64_t c = 0; c < 8; ++c) {
          const auto i = static_cast<size_t>(row * 8 + c);
          const double down = std::floor(p.weight[i] / p.step[i]);
          weights[i] = p.step[i] * std::min<double>(down + ((ways >> c) & 1), p.greatest[i]);
        }
        best[static_cast<size_t>(row)] = std::min(best[static_cast<size_t>(row)], loss_of(p, row, weights));
      }
    }
    ThreadPool pool;
    enumerate_rounding(p, pool);
    for (int64_t row = 0; row < 4; ++row) {
      const double loss = loss_of(p, row, quantized(p, p.integers));
      CHECK(loss == Approx(best[static_cast<size_t>(row)]).epsilon(1e-4));
      CHECK(loss <= nearest[static_cast<size_t>(row)]);
      CHECK(rounding_loss(p, row) == Approx(loss).epsilon(1e-4));
    }
  }
}

TEST_CASE("polishing leaves no single move that helps much") {
  RoundingProblem p = random_problem(4, 40, 200, true);
  ThreadPool pool;
  polish_rounding(p, 100, pool);
  for (int64_t row = 0; row < 4; ++row) {
    const double loss = loss_of(p, row, quantized(p, p.integers));
    for (int64_t c = 0; c < 40; ++c) {
      for (const float by : {-1.0f, 1.0f}) {
        std::vector<float> moved = p.integers;
        float& integer = moved[static_cast<size_t>(row * 40 + c)];
        integer += by;
        if (integer < -8 || integer > 7) continue;
        CHECK(loss_of(p, row, quantized(p, moved)) >= loss * 0.9);
      }
    }
  }
}

TEST_CASE("relaxing alone lowers the loss of wide rows") {
  RoundingProblem p = random_problem(8, 64, 512, true);
  std::vector<double> nearest;
  for (int64_t row = 0; row < 8; ++row) nearest.push_back(loss_of(p, row, quantized(p, p.integers)));
  ThreadPool pool;
  relax_rounding(p, {.iterations = 400, .batch = 128}, float_kernels(best_isa()), pool);
  for (int64_t row = 0; row < 8; ++row) {
    CHECK(loss_of(p, row, quantized(p, p.integers)) < 0.75 * nearest[static_cast<size_t>(row)]);
  }
  for (size_t i = 0; i < p.integers.size(); ++i) {
    const float down = std::floor(p.weight[i] / p.step[i]);
    const bool neighbour = p.integers[i] == down || p.integers[i] == down + 1;
    CHECK((neighbour || p.integers[i] == p.least[i] || p.integers[i] == p.greatest[i]));
  }
}

TEST_CASE("refitting finds the step and bias that were changed") {
  RoundingProblem p = random_problem(2, 8, 300, false);
  p.target.clear();
  for (int64_t row = 0; row < 2; ++row) {  // the target is what the integers give with another step and bias
    for (int64_t s = 0; s < p.samples; ++s) {
      double sum = p.bias[static_cast<size_t>(row)] + 0.7;
      for (int64_t c = 0; c < 8; ++c) {
        sum += 0.42 * p.integers[static_cast<size_t>(row * 8 + c)] * p.x[static_cast<size_t>(c * p.samples + s)];
      }
      p.target.push_back(static_cast<float>(sum));
    }
  }
  const std::vector<float> bias = p.bias;
  p.free_bias = p.free_steps = true;
  ThreadPool pool;
  refit_rows(p, pool);
  for (size_t row = 0; row < 2; ++row) {
    CHECK(p.step[row * 8] == Approx(0.42).epsilon(1e-3));
    CHECK(p.bias[row] == Approx(bias[row] + 0.7).epsilon(1e-3));
  }
}

TEST_CASE("the ridge keeps weights near where samples say nothing") {
  RoundingProblem p = random_problem(4, 64, 8, false);  // eight samples for 64 weights
  RoundingProblem held = p;
  held.ridge = 1;
  ThreadPool pool;
  polish_rounding(p, 10, pool);
  polish_rounding(held, 10, pool);
  const auto moved = [](const RoundingProblem& problem) {
    double sum = 0;
    for (size_t i = 0; i < problem.weight.size(); ++i) {
      const double error = problem.step[i] * problem.integers[i] - problem.weight[i];
      sum += error * error;
    }
    return sum;
  };
  CHECK(moved(held) < moved(p));
}

TEST_CASE("one thread and four give the same roundings") {
  RoundingProblem one = random_problem(19, 40, 300, true), four = one;
  one.free_bias = four.free_bias = true;
  ThreadPool pool1(1), pool4(4);
  for (auto [problem, pool] : {std::pair(&one, &pool1), std::pair(&four, &pool4)}) {
    relax_rounding(*problem, {.iterations = 50, .batch = 100}, float_kernels(best_isa()), *pool);
    polish_rounding(*problem, 3, *pool);
    refit_rows(*problem, *pool);
  }
  CHECK(one.integers == four.integers);
  CHECK(one.bias == four.bias);
}

}  // namespace
}  // namespace pare
