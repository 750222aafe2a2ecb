// Products of strided matrices against double-precision loops.
#include "tests/kernels/float_cases.h"

using namespace pare;
using namespace pare::test;

namespace {

enum class Right { rows, columns, spread };  // which neighbours of B are contiguous

void check_matmul(int64_t count, int64_t m, int64_t k, int64_t n, Right right, float scale, ActivationKind activation,
                  bool with_bias) {
  MatmulShape s{.count = count, .m = m, .k = k, .n = n, .a_row = k + 2, .c_row = n + 3, .scale = scale};
  s.b_row = right == Right::rows ? n + 1 : right == Right::columns ? 1 : 2 * n;
  s.b_column = right == Right::rows ? 1 : right == Right::columns ? k + 1 : 2;
  s.activation.kind = activation;
  s.activation.a = 1;
  // The second product takes the first's B again; results lie apart in reverse.
  const int64_t a_step = m * s.a_row, c_step = m * s.c_row, b_size = 2 * (k + 1) * (n + 1);
  std::vector<int64_t> at_a, at_b, at_c;
  for (int64_t i = 0; i < count; ++i) {
    at_a.push_back(i * a_step);
    at_b.push_back(i / 2 * b_size);
    at_c.push_back((count - 1 - i) * c_step);
  }
  const auto a = values(count * a_step, 1), b = values((count + 1) * b_size, 2), bias = values(n, 3);
  std::vector<Exact> exact(static_cast<size_t>(count * c_step));
  for (int64_t p = 0; p < count; ++p)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        Exact& sum = exact[static_cast<size_t>(at_c[p] + i * s.c_row + j)];
        for (int64_t l = 0; l < k; ++l)
          sum.add(static_cast<double>(scale) * a[at_a[p] + i * s.a_row + l] *
                  b[at_b[p] + l * s.b_row + j * s.b_column]);
        if (with_bias) sum.add(bias[static_cast<size_t>(j)]);
        sum.value = activated(s.activation, sum.value);
      }
  const std::string what = "matmul " + std::to_string(count) + " of " + std::to_string(m) + "x" + std::to_string(k) +
                           "x" + std::to_string(n) + " kind " + std::to_string(static_cast<int>(right));
  check_kernel(what, exact, [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
    std::fill_n(out, exact.size(), 0.0f);  // between rows nothing is written
    std::vector<float> scratch(static_cast<size_t>(kernels.matmul_scratch_size(s, pool.threads())));
    kernels.matmul(s, {at_a.data(), at_b.data(), at_c.data()}, a.data(), b.data(), with_bias ? bias.data() : nullptr,
                   out, scratch.data(), pool);
  });
}

}  // namespace

TEST_CASE("float matmul: every tail and every way that the second operand lies", "[float][matmul]") {
  for (const Right right : {Right::rows, Right::columns, Right::spread})
    for (int64_t m : {1, 3, 4, 15, 29})
      for (int64_t n : {1, 7, 16, 33, 48, 65})
        for (int64_t k : {1, 2, 5, 33}) check_matmul(1, m, k, n, right, 1, ActivationKind::none, false);
}

TEST_CASE("float matmul: batches, scale, bias and activation", "[float][matmul]") {
  for (const Right right : {Right::rows, Right::columns, Right::spread})
    for (int64_t m : {1, 9})
      for (const auto activation : {ActivationKind::none, ActivationKind::relu, ActivationKind::silu})
        check_matmul(3, m, 19, 37, right, 0.25f, activation, true);
}

TEST_CASE("float transpose: blocks and what is left of them", "[float][matmul]") {
  for (int64_t rows : {1, 3, 4, 17, 40})
    for (int64_t columns : {1, 5, 8, 33}) {
      const auto in = values(2 * rows * columns, 4);
      std::vector<Exact> exact(in.size());
      for (int64_t b = 0; b < 2; ++b)
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t c = 0; c < columns; ++c)
            exact[static_cast<size_t>((b * columns + c) * rows + r)].value = in[(b * rows + r) * columns + c];
      check_kernel(
          "transpose", exact,
          [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
            kernels.transpose(2, rows, columns, in.data(), out, pool);
          },
          0);
    }
}
