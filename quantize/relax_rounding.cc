// The continuous half of AdaRound: gradients and Adam.
#include <algorithm>
#include <cmath>

#include "quantize/rounding_problem.h"
#include "runtime/fast/parallel.h"

namespace pare {
namespace {

constexpr float kZeta = 1.1f, kGamma = -0.1f;
constexpr int64_t kGrain = 8;  // rows

// A stretch of the samples, rearranged once for both products of an iteration.
struct SampleBatch {
  int64_t first, count;
  std::vector<float> by_column;  // B = x [columns, count]
  std::vector<float> by_sample;  // B = x^T [count, columns]
};

SampleBatch pack(const RoundingProblem& p, int64_t first, int64_t count, const FloatKernels& kernels) {
  SampleBatch batch{first, count, {}, {}};
  const float* x = p.x.data() + first;
  batch.by_column.resize(static_cast<size_t>(kernels.gemm_packed_size(p.columns, count)));
  kernels.gemm_pack(x, p.samples, 1, p.columns, count, batch.by_column.data());
  batch.by_sample.resize(static_cast<size_t>(kernels.gemm_packed_size(count, p.columns)));
  kernels.gemm_pack(x, 1, p.samples, count, p.columns, batch.by_sample.data());
  return batch;
}

// d loss(row) / dz for samples of the batch, from z without bias and residual: in its place.
void error_of(const RoundingProblem& p, const SampleBatch& batch, int64_t row, float scale, float* z) {
  const float bias = p.bias[static_cast<size_t>(row)];
  const float* target = p.target.data() + row * p.samples + batch.first;
  const float* residual = p.residual.empty() ? nullptr : p.residual.data() + row * p.samples + batch.first;
  for (int64_t s = 0; s < batch.count; ++s) {
    const float value = z[s] + bias + (residual ? residual[s] : 0.0f);
    const bool inside = value > p.low && value < p.high;
    z[s] = inside ? scale * (value - std::min(std::max(target[s], p.low), p.high)) : 0.0f;
  }
}

// weights [rows, columns] -> error [rows, count] and gradient [rows, columns].
void gradient_of(const RoundingProblem& p, const SampleBatch& batch, const std::vector<float>& weights,
                 const FloatKernels& kernels, ThreadPool& pool, std::vector<float>& error, std::vector<float>& gradient) {
  error.resize(static_cast<size_t>(p.rows * batch.count));
  gradient.resize(static_cast<size_t>(p.rows * p.columns));
  kernels.gemm({p.rows, p.columns, batch.count, p.columns, batch.count}, weights.data(), batch.by_column.data(),
               error.data(), {}, pool);
  const float scale = 2.0f / static_cast<float>(batch.count);
  parallel_for(pool, p.rows, [&](int64_t row) { error_of(p, batch, row, scale, error.data() + row * batch.count); });
  kernels.gemm({p.rows, batch.count, p.columns, batch.count, p.columns}, error.data(), batch.by_sample.data(),
               gradient.data(), {}, pool);
}

float power(float x, int exponent) {
  float result = 1;
  for (; exponent > 0; exponent >>= 1, x *= x) {
    if (exponent & 1) result *= x;
  }
  return result;
}

struct Adam {
  static constexpr float kFirst = 0.9f, kSecond = 0.999f, kSmall = 1e-8f;
  std::vector<float> mean, square;
  explicit Adam(size_t size) : mean(size), square(size) {}
  // How far to go against the gradient; `rate` holds the correction of the averages' bias.
  float step(size_t i, float gradient, float rate, float square_correction) {
    mean[i] = kFirst * mean[i] + (1 - kFirst) * gradient;
    square[i] = kSecond * square[i] + (1 - kSecond) * gradient * gradient;
    return rate * mean[i] / (std::sqrt(square[i] * square_correction) + kSmall);
  }
};

class Relaxation {
 public:
  Relaxation(RoundingProblem& problem, const RelaxOptions& options, const FloatKernels& kernels, ThreadPool& pool)
      : p_(problem),
        options_(options),
        kernels_(kernels),
        pool_(pool),
        size_(p_.weight.size()),
        floor_(size_),
        v_(size_),
        sigmoid_(size_),
        weights_(size_),
        adam_(size_) {
    find_scales();
    start();
    const int64_t count = std::max<int64_t>(1, p_.samples / options.batch), base = p_.samples / count;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t first = i * base;
      batches_.push_back(pack(p_, first, i + 1 == count ? p_.samples - first : base, kernels));
    }
  }

  void run() {
    for (int i = 0; i < options_.iterations; ++i) iterate(i);
    for (size_t e = 0; e < size_; ++e) p_.integers[e] = floor_[e] + (v_[e] >= 0 ? 1.0f : 0.0f);
  }

 private:
  // What rounding to nearest costs a row on average: E[x_c^2] step^2 / 12, summed; and E[x_c^2] for the ridge.
  void find_scales() {
    square_.resize(static_cast<size_t>(p_.columns));
    for (int64_t c = 0; c < p_.columns; ++c) {
      double sum = 0;
      for (int64_t s = 0; s < p_.samples; ++s) {
        const double x = p_.x[static_cast<size_t>(c * p_.samples + s)];
        sum += x * x;
      }
      square_[static_cast<size_t>(c)] = static_cast<float>(sum / static_cast<double>(p_.samples));
    }
    scale_.resize(static_cast<size_t>(p_.rows));
    for (int64_t r = 0; r < p_.rows; ++r) {
      double expected = 0;
      for (int64_t c = 0; c < p_.columns; ++c) {
        const double step = p_.step[static_cast<size_t>(r * p_.columns + c)];
        expected += square_[static_cast<size_t>(c)] * step * step / 12;
      }
      scale_[static_cast<size_t>(r)] = expected > 0 ? static_cast<float>(static_cast<double>(p_.columns) / (24 * expected)) : 0.0f;
    }
  }

  void start() {
    for (size_t i = 0; i < size_; ++i) {
      const float ratio = p_.weight[i] / p_.step[i];
      floor_[i] = std::clamp(std::floor(ratio), p_.least[i], std::max(p_.least[i], p_.greatest[i] - 1));
      const float h = std::clamp(ratio - floor_[i], 0.001f, 0.999f);
      v_[i] = -std::log((kZeta - kGamma) / (h - kGamma) - 1);
    }
  }

  void iterate(int i) {
    const double done = static_cast<double>(i) / options_.iterations, warm = 0.2;
    const int beta = done < warm ? 0 : static_cast<int>(std::lround(2 + 18 * (1 - (done - warm) / (1 - warm))));
    const double bias1 = 1 - std::pow(Adam::kFirst, i + 1), bias2 = 1 - std::pow(Adam::kSecond, i + 1);
    const float rate = static_cast<float>(options_.rate / bias1), correction = static_cast<float>(1 / bias2);
    parallel_pieces(pool_, p_.rows, kGrain, [&](int64_t begin, int64_t end) { set_weights(begin, end); });
    const SampleBatch& batch = batches_[static_cast<size_t>(i) % batches_.size()];
    gradient_of(p_, batch, weights_, kernels_, pool_, error_, gradient_);
    parallel_pieces(pool_, p_.rows, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) descend(row, batch, beta, rate, correction);
    });
  }

  void set_weights(int64_t begin, int64_t end) {
    ThreadPool alone;
    const size_t first = static_cast<size_t>(begin * p_.columns), last = static_cast<size_t>(end * p_.columns);
    kernels_.activate({ActivationKind::sigmoid}, v_.data() + first, sigmoid_.data() + first, static_cast<int64_t>(last - first), alone);
    for (size_t i = first; i < last; ++i) {
      const float h = std::clamp(sigmoid_[i] * (kZeta - kGamma) + kGamma, 0.0f, 1.0f);
      weights_[i] = p_.step[i] * (floor_[i] + h);
    }
  }

  void descend(int64_t row, const SampleBatch& batch, int beta, float rate, float correction) {
    const float scale = scale_[static_cast<size_t>(row)], pull = static_cast<float>(options_.pull);
    for (int64_t c = 0; c < p_.columns; ++c) {
      const auto i = static_cast<size_t>(row * p_.columns + c);
      const float h = sigmoid_[i] * (kZeta - kGamma) + kGamma;
      const bool free = h > 0 && h < 1;
      float slope = gradient_[i] + static_cast<float>(2 * p_.ridge) * square_[static_cast<size_t>(c)] * (weights_[i] - p_.weight[i]);
      slope *= scale * p_.step[i];
      if (beta > 0 && free) {
        const float side = 2 * h - 1;
        slope -= pull * 2 * static_cast<float>(beta) * power(std::abs(side), beta - 1) * (side < 0 ? -1.0f : 1.0f);
      }
      const float inner = free ? (kZeta - kGamma) * sigmoid_[i] * (1 - sigmoid_[i]) : 0.0f;
      v_[i] -= adam_.step(i, slope * inner, rate, correction);
    }
    if (!p_.free_bias) return;
    const float* error = error_.data() + row * batch.count;
    float sum = 0;
    for (int64_t s = 0; s < batch.count; ++s) sum += error[s];
    // Half the mean error is where the loss is least; a slow average of it is subtracted.
    constexpr float kBiasRate = 0.05f;
    p_.bias[static_cast<size_t>(row)] -= kBiasRate * sum / 2;
  }

  RoundingProblem& p_;
  const RelaxOptions& options_;
  const FloatKernels& kernels_;
  ThreadPool& pool_;
  const size_t size_;
  std::vector<float> floor_, v_, sigmoid_, weights_, scale_, square_, error_, gradient_;
  Adam adam_;
  std::vector<SampleBatch> batches_;
};

}  // namespace

std::vector<float> rounding_gradient(const RoundingProblem& p, const std::vector<float>& relaxed, int64_t first,
                                     int64_t count, const FloatKernels& kernels, ThreadPool& pool) {
  std::vector<float> weights(relaxed.size()), error, gradient;
  for (size_t i = 0; i < relaxed.size(); ++i) weights[i] = p.step[i] * relaxed[i];
  gradient_of(p, pack(p, first, count, kernels), weights, kernels, pool, error, gradient);
  return gradient;
}

void relax_rounding(RoundingProblem& p, const RelaxOptions& options, const FloatKernels& kernels, ThreadPool& pool) {
  const std::vector<float> integers = p.integers, bias = p.bias;
  std::vector<double> before(static_cast<size_t>(p.rows));
  parallel_for(pool, p.rows, [&](int64_t row) { before[static_cast<size_t>(row)] = rounding_loss(p, row); });
  Relaxation(p, options, kernels, pool).run();
  parallel_for(pool, p.rows, [&](int64_t row) {
    if (rounding_loss(p, row) <= before[static_cast<size_t>(row)]) return;
    std::copy_n(integers.begin() + row * p.columns, p.columns, p.integers.begin() + row * p.columns);
    p.bias[static_cast<size_t>(row)] = bias[static_cast<size_t>(row)];
  });
}

}  // namespace pare
