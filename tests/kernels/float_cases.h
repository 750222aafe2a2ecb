// Shared by the tests of the float kernels: pseudo-random inputs, the instruction sets and thread counts to try, and
// the comparison with a double-precision result.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "runtime/fast/float_kernels.h"
#include "tests/catch.h"

namespace pare::test {

// Values in [-1, 1) with 16 significant bits; the same for the same seed.
inline std::vector<float> values(int64_t count, uint32_t seed) {
  std::vector<float> result(static_cast<size_t>(count));
  uint32_t state = seed * 2654435761u + 12345u;
  for (float& value : result) {
    state = state * 1664525u + 1013904223u;
    value = (static_cast<float>(state >> 16) - 32768.0f) / 32768.0f;
  }
  return result;
}

// plain, avx2 and avx512, where the machine has them: the float tables that differ.
inline std::vector<Isa> float_isas() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::plain, Isa::avx2, Isa::avx512})
    if (machine_has(isa)) isas.push_back(isa);
  return isas;
}

// A result in double precision and the sum of the magnitudes that went into it, which scales the rounding error.
struct Exact {
  double value = 0;
  double magnitude = 0;

  void add(double term) {
    value += term;
    magnitude += std::fabs(term);
  }
};

inline double activated(const Activation& activation, double x) {
  switch (activation.kind) {
    case ActivationKind::none:
      return x;
    case ActivationKind::relu:
      return std::fmax(x, 0);
    case ActivationKind::clip:
      return std::fmin(std::fmax(x, activation.a), activation.b);
    case ActivationKind::hard_swish:
      return x * std::fmin(std::fmax(x / 6 + 0.5, 0), 1);
    case ActivationKind::hard_sigmoid:
      return std::fmin(std::fmax(activation.a * x + activation.b, 0), 1);
    case ActivationKind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case ActivationKind::leaky_relu:
      return x >= 0 ? x : activation.a * x;
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::silu:
      return x / (1 + std::exp(-activation.a * x));
    case ActivationKind::gelu:
      return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case ActivationKind::gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
  }
  return x;
}

// The index of the first value further from the exact one than `bound` times its magnitude, or -1. NaN is far.
inline int64_t first_wrong(const std::vector<float>& got, const std::vector<Exact>& exact, double bound = 2e-6) {
  if (got.size() != exact.size()) return 0;
  for (size_t i = 0; i < got.size(); ++i)
    if (!(std::fabs(got[i] - exact[i].value) <= bound * (exact[i].magnitude + 1e-3))) return static_cast<int64_t>(i);
  return -1;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Runs `kernel(table, pool, out)` on every instruction set with 1, 2 and 3 threads: right everywhere, and the same bits
// for any number of threads.
template <class Kernel>
void check_kernel(const std::string& what, const std::vector<Exact>& exact, const Kernel& kernel, double bound = 2e-6) {
  for (Isa isa : float_isas()) {
    std::vector<float> first;
    for (int threads : {1, 2, 3}) {
      ThreadPool pool(threads);
      std::vector<float> out(exact.size(), std::numeric_limits<float>::quiet_NaN());
      kernel(float_kernels(isa), pool, out.data());
      INFO(what << " on " << name(isa) << " with " << threads << " threads");
      const int64_t wrong = first_wrong(out, exact, bound);
      if (wrong >= 0) {
        INFO("at " << wrong << ": " << out[static_cast<size_t>(wrong)] << ", not "
                   << exact[static_cast<size_t>(wrong)].value);
        CHECK(wrong == -1);
      }
      CHECK(wrong == -1);
      if (threads == 1) first = out;
      CHECK(same_bits(first, out));
    }
  }
}

}  // namespace pare::test
