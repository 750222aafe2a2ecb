// Products of two 8-bit matrices by the formula of int8_matmul.h, written out a second time with sums in 64 bits.
#include "runtime/fast/int8_matmul.h"

#include <cstring>

#include "tests/kernels/int8_cases.h"

namespace pare {
namespace {

using namespace test;

struct MatmulCase {
  Int8MatmulParams params;
  bool transposed = false;  // B lies as [n, k]
  Fill fill = Fill::mixed;
};

// A and B with gaps between rows and products, and where the products begin.
struct Operands {
  Bytes a, b;
  std::vector<int64_t> a_at, b_at, y_at;
};

Operands operands(MatmulCase& k) {
  Int8MatmulShape& s = k.params.shape;
  s.a_row = s.k + 3;
  s.b_row = k.transposed ? 1 : s.n + 2;
  s.b_column = k.transposed ? s.k + 5 : 1;
  s.y_row = s.n + 1;
  const int64_t b_size = k.transposed ? s.n * s.b_column : s.k * s.b_row;
  Operands o;
  for (int64_t i = 0; i < s.count; ++i) {
    o.a_at.push_back(i * s.m * s.a_row);
    o.b_at.push_back(i / 2 * b_size);  // two products share one B
    o.y_at.push_back(i * s.m * s.y_row);
  }
  o.a = bytes(s.count * s.m * s.a_row, k.fill, k.params.a.is_signed, 1);
  o.b = bytes((s.count + 1) / 2 * b_size, k.fill, k.params.b.is_signed, 2);
  return o;
}

Bytes expected(const MatmulCase& k, const Operands& o) {
  const Int8MatmulParams& p = k.params;
  const Int8MatmulShape& s = p.shape;
  const bool quantized = p.output_kind == Int8Output::quantized;
  const int64_t width = quantized ? 1 : 4;
  float m = p.a.scale * p.b.scale;
  if (p.scale != 1.0f) m = m * p.scale;
  if (quantized) m = m / p.output.scale;
  Bytes y(static_cast<size_t>(s.count * s.m * s.y_row * width), 0xa5);
  for (int64_t c = 0; c < s.count; ++c)
    for (int64_t i = 0; i < s.m; ++i)
      for (int64_t j = 0; j < s.n; ++j) {
        int64_t sum = 0;
        for (int64_t r = 0; r < s.k; ++r)
          sum += int64_t{element(o.a, o.a_at[c] + i * s.a_row + r, p.a.is_signed) - p.a.zero_point} *
                 (element(o.b, o.b_at[c] + r * s.b_row + j * s.b_column, p.b.is_signed) - p.b.zero_point);
        const float v = static_cast<float>(static_cast<int32_t>(sum)) * m;
        const int64_t at = (o.y_at[c] + i * s.y_row + j) * width;
        if (quantized) {
          y[at] = static_cast<uint8_t>(bounded(v, p.output, p.bounds));
        } else {
          const float real = std::min(std::max(v, p.bounds.low), p.bounds.high);
          std::memcpy(y.data() + at, &real, 4);
        }
      }
  return y;
}

void check(MatmulCase k) {
  const Operands o = operands(k);
  const Bytes want = expected(k, o);
  for (const Isa isa : machine_isas())
    for (const int threads : {1, 2, 3}) {
      const Int8MatmulShape& s = k.params.shape;
      INFO(name(isa) << ", " << threads << " threads, m " << s.m << ", k " << s.k << ", n " << s.n);
      ThreadPool pool(threads);
      std::vector<std::byte> scratch(int8_matmul_scratch(isa, s, threads));
      Bytes y(want.size(), 0xa5);
      int8_matmul(isa, k.params, {o.a.data(), o.b.data(), y.data(), o.a_at.data(), o.b_at.data(), o.y_at.data()},
                  scratch, pool);
      CHECK(y == want);
    }
}

}  // namespace

TEST_CASE("Products of two 8-bit matrices", "[int8]") {
  struct Size {
    int64_t count, m, k, n;
  };
  const Int8Quant quants[] = {{0.02f, 0, true}, {0.01f, 117, false}, {0.03f, -5, true}, {0.05f, 128, false}};
  int turn = 0;
  for (const Size& size : {Size{1, 1, 1, 1}, {3, 5, 7, 9}, {2, 64, 32, 64}, {4, 50, 64, 32}, {1, 130, 40, 17}})
    for (const bool transposed : {false, true})
      for (const Int8Quant& a : quants)
        for (const Int8Quant& b : quants) {
          MatmulCase k{.transposed = transposed};
          k.params.shape = {size.count, size.m, size.k, size.n};
          k.params.a = a;
          k.params.b = b;
          if (++turn % 2 == 0) k.params.output_kind = Int8Output::quantized;
          k.params.output = turn % 4 == 0 ? Int8Quant{0.03f, 100, false} : Int8Quant{0.05f, -3, true};
          if (turn % 3 == 0) k.params.scale = 0.125f;
          if (turn % 5 == 0) k.params.bounds.low = 0;
          check(k);
        }
}

TEST_CASE("Products of extremes do not saturate", "[int8]") {
  for (const Fill fill : {Fill::lowest, Fill::highest, Fill::alternating})
    for (const Int8Quant& b : {Int8Quant{1.0f, 127, true}, Int8Quant{1.0f, 0, false}, Int8Quant{1.0f, 255, false}}) {
      MatmulCase k{.fill = fill};
      k.params.shape = {1, 3, 4096, 20};
      k.params.a = {1.0f, 255, false};
      k.params.b = b;
      check(k);
    }
}

}  // namespace pare
