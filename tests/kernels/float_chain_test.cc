// Fused element-wise chains against the same formulas in double precision.
#include <functional>

#include "runtime/fast/float_expression.h"
#include "tests/kernels/float_cases.h"

using namespace pare;
using namespace pare::test;

namespace {

// Values at every index of `dims` of an operand with those strides.
std::vector<double> spread(const std::vector<float>& from, const std::vector<int64_t>& dims,
                           const ExpressionOperand& operand) {
  std::vector<double> result;
  std::vector<int64_t> index(dims.size(), 0);
  int64_t total = 1;
  for (const int64_t dim : dims) total *= dim;
  for (int64_t i = 0; i < total; ++i) {
    int64_t rest = i, at = operand.offset;
    for (size_t axis = dims.size(); axis-- > 0;) {
      at += rest % dims[axis] * operand.strides[axis];
      rest /= dims[axis];
    }
    result.push_back(from[static_cast<size_t>(at)]);
  }
  return result;
}

// tanh((a * b + c) / d) and a * b + c, for operands that repeat or are strided in different ways.
void check_chain(const std::vector<int64_t>& dims, const std::vector<ExpressionOperand>& operands) {
  Expression e;
  e.dims = dims;
  e.operands = operands;
  const int n = 4;
  e.steps = {{ExpressionOp::mul, {}, 0, 1, n, -1},
             {ExpressionOp::add, {}, n, 2, n + 1, 0},
             {ExpressionOp::div, {}, n + 1, 3, n + 2, -1},
             {ExpressionOp::activate, {ActivationKind::tanh, 0, 0}, n + 2, 0, n + 3, 1}};
  std::vector<std::vector<float>> data;
  std::vector<std::vector<double>> seen;
  for (size_t k = 0; k < operands.size(); ++k) {
    data.push_back(values(20000, static_cast<uint32_t>(k) + 5));
    if (k == 3)
      for (float& x : data[k]) x += 3;
    seen.push_back(spread(data[k], dims, operands[k]));
  }
  const size_t total = seen[0].size();
  std::vector<Exact> exact(2 * total);
  for (size_t i = 0; i < total; ++i) {
    exact[i].add(seen[0][i] * seen[1][i]);
    exact[i].add(seen[2][i]);
    exact[total + i].value = std::tanh(exact[i].value / seen[3][i]);
    exact[total + i].magnitude = exact[i].magnitude;
  }
  simplify(e);
  check_kernel("chain over " + std::to_string(total), exact,
               [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
                 const float* from[4];
                 for (size_t k = 0; k < 4; ++k) from[k] = data[k].data();
                 float* to[2] = {out, out + total};
                 kernels.evaluate(e, from, to, pool);
               });
}

void check_unary(ExpressionOp op, const std::function<double(double)>& f, double low, double high, double bound,
                 Activation activation = {}) {
  std::vector<float> in;
  for (int i = 0; i <= 1400; ++i) in.push_back(static_cast<float>(low + (high - low) * i / 1400));
  std::vector<Exact> exact;
  for (const float x : in) exact.push_back({f(x), std::fabs(f(x))});
  Expression e;
  e.dims = {static_cast<int64_t>(in.size())};
  e.operands = {{{1}, 0}};
  e.steps = {{op, activation, 0, 0, 1, 0}};
  check_kernel(
      "unary " + std::to_string(static_cast<int>(op)), exact,
      [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
        const float* from[1] = {in.data()};
        float* to[1] = {out};
        kernels.evaluate(e, from, to, pool);
      },
      bound);
}

}  // namespace

TEST_CASE("float chain: whole, scalar, row, column and strided operands", "[float][chain]") {
  check_chain({3, 4, 200}, {{{800, 200, 1}, 0}, {{0, 0, 1}, 0}, {{4, 1, 0}, 2}, {{0, 0, 0}, 1}});
  check_chain({5, 7, 3}, {{{21, 3, 1}, 0}, {{3, 0, 1}, 0}, {{42, 6, 2}, 1}, {{1, 5, 35}, 0}});
  check_chain({1, 1, 1}, {{{1, 1, 1}, 0}, {{0, 0, 0}, 3}, {{0, 0, 0}, 0}, {{0, 0, 0}, 0}});
  check_chain({2, 1031}, {{{1031, 1}, 0}, {{1031, 1}, 0}, {{0, 3}, 0}, {{1, 0}, 0}});
  check_chain({40000 / 4}, {{{1}, 0}, {{1}, 0}, {{1}, 0}, {{1}, 0}});
}

TEST_CASE("float chain: every function of one operand", "[float][chain]") {
  const double kExact = 0, kClose = 4e-7;
  check_unary(
      ExpressionOp::abs, [](double x) { return std::fabs(x); }, -3, 3, kExact);
  check_unary(
      ExpressionOp::neg, [](double x) { return -x; }, -3, 3, kExact);
  check_unary(
      ExpressionOp::sqrt, [](double x) { return std::sqrt(x); }, 0, 9, kClose);
  check_unary(
      ExpressionOp::reciprocal, [](double x) { return 1 / x; }, 0.5, 9, kClose);
  check_unary(
      ExpressionOp::exp, [](double x) { return std::exp(x); }, -20, 20, 1e-6);
  check_unary(
      ExpressionOp::erf, [](double x) { return std::erf(x); }, -5, 5, kClose);
  check_unary(
      ExpressionOp::floor, [](double x) { return std::floor(x); }, -3, 3, kExact);
  check_unary(
      ExpressionOp::ceil, [](double x) { return std::ceil(x); }, -3, 3, kExact);
  check_unary(
      ExpressionOp::round, [](double x) { return std::nearbyint(x); }, -3, 3, kExact);
  check_unary(
      ExpressionOp::log, [](double x) { return std::log(x); }, 0.1, 9, kClose);
  check_unary(
      ExpressionOp::sin, [](double x) { return std::sin(x); }, -3, 3, kClose);
  check_unary(
      ExpressionOp::cos, [](double x) { return std::cos(x); }, -3, 3, kClose);
  check_unary(
      ExpressionOp::softplus, [](double x) { return std::log1p(std::exp(x)); }, -9, 9, kClose);
  check_unary(ExpressionOp::elu, [](double x) { return x > 0 ? x : 0.7f * std::expm1(x); }, -5, 5, kClose,
              {ActivationKind::none, 0.7f, 0});
  check_unary(ExpressionOp::activate, [](double x) { return std::tanh(x); }, -12, 12, kClose,
              {ActivationKind::tanh, 0, 0});
}

TEST_CASE("float chain: power, minimum and maximum", "[float][chain]") {
  const auto a = values(700, 8), b = values(700, 9);
  const auto check = [&](ExpressionOp op, const std::function<double(double, double)>& f) {
    std::vector<float> base = a;
    for (float& x : base) x += 1.5f;
    std::vector<Exact> exact;
    for (size_t i = 0; i < base.size(); ++i) exact.push_back({f(base[i], b[i]), std::fabs(f(base[i], b[i]))});
    Expression e;
    e.dims = {700};
    e.operands = {{{1}, 0}, {{1}, 0}};
    e.steps = {{op, {}, 0, 1, 2, 0}};
    check_kernel("two operands", exact, [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
      const float* from[2] = {base.data(), b.data()};
      float* to[1] = {out};
      kernels.evaluate(e, from, to, pool);
    });
  };
  check(ExpressionOp::pow, [](double x, double y) { return std::pow(x, y); });
  check(ExpressionOp::min, [](double x, double y) { return std::min(x, y); });
  check(ExpressionOp::max, [](double x, double y) { return std::max(x, y); });
  check(ExpressionOp::sub, [](double x, double y) { return x - y; });
}
