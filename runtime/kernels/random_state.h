// The random numbers of the operators that draw them: a Mersenne twister, read as numpy's RandomState(seed) reads it,
// so that a seed means the same draws here and there.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <random>

namespace pare::kernels {

class RandomState {
 public:
  explicit RandomState(uint32_t seed) : engine_(seed) {}
  // The seed attribute, truncated to 32 bits; 0 without one.
  static RandomState of(std::optional<float> seed) {
    const double value = seed && std::isfinite(*seed) ? std::trunc(static_cast<double>(*seed)) : 0;
    return RandomState(static_cast<uint32_t>(static_cast<int64_t>(std::fmod(value, 4294967296.0))));
  }

  // In [0, 1): 53 bits of two draws.
  double uniform() {
    const uint32_t high = engine_() >> 5, low = engine_() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }
  // Mean 0, deviation 1, by the polar method; every second number comes from the pair before.
  double normal() {
    if (spare_) {
      const double value = *spare_;
      spare_.reset();
      return value;
    }
    double x = 0, y = 0, square = 0;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square == 0);
    const double factor = std::sqrt(-2 * std::log(square) / square);
    spare_ = factor * x;
    return factor * y;
  }
  // 1 with probability p, which is in [0, 1].
  bool bernoulli(double p) { return p <= 0.5 ? uniform() > 1 - p : uniform() <= p; }

 private:
  std::mt19937 engine_;
  std::optional<double> spare_;
};

}  // namespace pare::kernels
