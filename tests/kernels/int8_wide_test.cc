// Products of float rows with 8-bit weights: the same bits on every instruction set and number of threads, and within
// the bound that int8_wide.h states of the product in double precision.
#include "runtime/fast/int8_wide.h"

#include <cstring>

#include "tests/kernels/float_cases.h"
#include "tests/kernels/int8_cases.h"

namespace pare {
namespace {

using namespace test;

struct WideCase {
  int64_t rows, inputs, outputs;
  bool is_signed = true, zero_points = false, bias = false, residual = false;
};

struct Operands {
  std::vector<float> x, scale, bias, residual;
  std::vector<int32_t> zero;
  Bytes weights;
};

Operands operands(const WideCase& k) {
  Operands o;
  o.x = values(k.rows * k.inputs, 1);
  for (int64_t r = 0; r < k.rows; ++r)
    for (int64_t i = 0; i < k.inputs; ++i) o.x[r * k.inputs + i] *= static_cast<float>(1 + 100 * r);
  o.weights = bytes(k.outputs * k.inputs, Fill::mixed, k.is_signed, 2);
  for (int64_t c = 0; c < k.outputs; ++c) {
    o.scale.push_back(0.01f + 0.001f * static_cast<float>(c % 7));
    if (k.zero_points) o.zero.push_back(static_cast<int32_t>(c % 5 + (k.is_signed ? -2 : 126)));
  }
  if (k.bias) o.bias = values(k.outputs, 3);
  if (k.residual) o.residual = values(k.rows * (k.outputs + 3), 4);
  return o;
}

Int8Conv packed(const WideCase& k, const Operands& o, Isa isa) {
  Int8ConvParams params;
  params.shape = {.in_channels = k.inputs, .out_channels = k.outputs};
  params.weights = o.weights.data();
  params.weights_signed = k.is_signed;
  params.weight_scale = o.scale;
  params.weight_zero_point = o.zero;
  params.input = kInt8WideInput;
  params.float_bias = o.bias;
  params.output_kind = Int8Output::float32;
  return Int8Conv(params, isa);
}

std::vector<float> product(const WideCase& k, const Operands& o, Isa isa, int threads) {
  const Int8Conv weights = packed(k, o, isa);
  ThreadPool pool(threads);
  std::vector<std::byte> scratch(int8_wide_scratch(weights, k.rows));
  std::vector<float> y(static_cast<size_t>(k.rows * (k.outputs + 1)), -7.0f);
  int8_wide(
      weights, k.rows,
      {o.x.data(), k.inputs, o.residual.empty() ? nullptr : o.residual.data(), k.outputs + 3, y.data(), k.outputs + 1},
      scratch, pool);
  return y;
}

void check(const WideCase& k) {
  INFO("rows " << k.rows << ", inputs " << k.inputs << ", outputs " << k.outputs);
  const Operands o = operands(k);
  const std::vector<float> first = product(k, o, Isa::plain, 1);
  for (int64_t r = 0; r < k.rows; ++r) {
    double largest = 0;
    for (int64_t i = 0; i < k.inputs; ++i) largest = std::max(largest, std::fabs(double{o.x[r * k.inputs + i]}));
    for (int64_t c = 0; c < k.outputs; ++c) {
      double exact = 0, weights = 0, terms = 0;
      for (int64_t i = 0; i < k.inputs; ++i) {
        const double w = o.scale[c] * static_cast<double>(element(o.weights, c * k.inputs + i, k.is_signed) -
                                                          (o.zero.empty() ? 0 : o.zero[c]));
        exact += o.x[r * k.inputs + i] * w;
        weights += std::fabs(w);
        terms += std::fabs(o.x[r * k.inputs + i] * w);
      }
      if (k.bias) exact += o.bias[c];
      if (k.residual) exact += o.residual[r * (k.outputs + 3) + c];
      INFO("row " << r << ", output " << c);
      REQUIRE(std::fabs(first[r * (k.outputs + 1) + c] - exact) <=
              1.0001 * largest / 65278 * weights + 4e-7 * (terms + std::fabs(exact) + 1));
    }
    REQUIRE(first[r * (k.outputs + 1) + k.outputs] == -7.0f);
  }
  for (const Isa isa : machine_isas())
    for (const int threads : {1, 2, 3}) {
      INFO(name(isa) << ", " << threads << " threads");
      CHECK(same_bits(product(k, o, isa, threads), first));
    }
}

}  // namespace

TEST_CASE("Products of float rows with 8-bit weights", "[int8]") {
  for (const int64_t rows : {1, 2, 3, 7, 120})
    for (const auto& [inputs, outputs] : {std::pair<int64_t, int64_t>{1, 1}, {20, 80}, {33, 17}, {256, 300}})
      check({rows, inputs, outputs, rows % 2 == 0, rows % 3 == 0, rows > 1, rows > 2});
  check({2, 4099, 5});
  check({3, 700, 129, false, true, true, true});
}

TEST_CASE("Rows of zeros, of one extreme, and with infinities and NaN", "[int8]") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const WideCase k{5, 3, 1};
  Operands o = operands(k);
  o.weights = {1, 2, 0x80};  // 1, 2, -128
  o.scale = {0.5f};
  o.x = {0, 0, 0, 1, 1, 1, 1e-38f, 0, 0, kInfinity, 0, 1, 1, std::nanf(""), 1};
  for (const Isa isa : machine_isas()) {
    const std::vector<float> y = product(k, o, isa, 1);
    CHECK(y[0] == 0.0f);
    CHECK(std::fabs(y[2] - 0.5f * (1 + 2 - 128)) < 1e-5f);
    CHECK(std::fabs(y[4]) < 1e-37f);
    CHECK(std::isnan(y[6]));
    CHECK(std::isnan(y[8]));
  }
}

}  // namespace pare
