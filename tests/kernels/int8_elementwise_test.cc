// The elementwise int8 kernels and pooling on every instruction set and 1 to 3 threads against their definition.
#include "runtime/fast/int8_elementwise.h"

#include <cstring>

#include "tests/kernels/int8_cases.h"

namespace pare {
namespace {

using namespace test;

// run(isa, pool, y) must give `want` on every set and number of threads.
template <class Run>
void everywhere(const Bytes& want, const Run& run) {
  for (Isa isa : machine_isas())
    for (int threads = 1; threads <= 3; ++threads) {
      INFO("set " << name(isa) << ", threads " << threads << ", size " << want.size());
      ThreadPool pool(threads);
      Bytes y(want.size() + 64, 0xa5);
      run(isa, pool, y.data());
      CHECK(std::memcmp(y.data(), want.data(), want.size()) == 0);
      CHECK(std::count(y.end() - 64, y.end(), 0xa5) == 64);
    }
}

const Int8Quant kQuants[] = {{0.02f, 13, false}, {0.031f, -20, true}, {0.05f, 0, false}, {0.04f, 127, true}};

}  // namespace

TEST_CASE("int8 add and multiply", "[int8]") {
  for (int64_t count : {1, 15, 16, 17, 1000, 70001})
    for (int q = 0; q < 4; ++q) {
      const Int8Binary op{kQuants[q], kQuants[(q + 1) % 4], kQuants[(q + 2) % 4], {q == 1 ? 0.0f : -100.0f, 2.5f}};
      const Bytes a = bytes(count, Fill::mixed, false, 1), b = bytes(count, Fill::mixed, false, 2);
      for (bool product : {false, true}) {
        Bytes want(a.size());
        for (int64_t i = 0; i < count; ++i) {
          const int32_t u = element(a, i, op.a.is_signed) - op.a.zero_point;
          const int32_t v = element(b, i, op.b.is_signed) - op.b.zero_point;
          const float sum =
              static_cast<float>(u) * (op.a.scale / op.y.scale) + static_cast<float>(v) * (op.b.scale / op.y.scale);
          const float times = static_cast<float>(u * v) * (op.a.scale * op.b.scale / op.y.scale);
          want[static_cast<size_t>(i)] = static_cast<uint8_t>(bounded(product ? times : sum, op.y, op.bounds));
        }
        everywhere(want, [&](Isa isa, ThreadPool& pool, uint8_t* y) {
          (product ? int8_mul : int8_add)(isa, op, a.data(), b.data(), y, count, pool);
        });
      }
    }
}

TEST_CASE("int8 add and multiply by a repeated row", "[int8]") {
  struct Size {
    int64_t rows, columns;
  };
  for (const Size size : {Size{50, 1}, {3, 700}, {77, 24}, {1, 5}, {5000, 7}}) {
    const Int8Binary op{kQuants[0], kQuants[1], kQuants[3], {}};
    const Bytes a = bytes(size.rows * size.columns, Fill::mixed, false, 1),
                row = bytes(size.columns, Fill::mixed, true, 2);
    Bytes b;
    for (int64_t r = 0; r < size.rows; ++r) b.insert(b.end(), row.begin(), row.end());
    ThreadPool one;
    Bytes sums(a.size()), products(a.size());
    int8_add(Isa::plain, op, a.data(), b.data(), sums.data(), static_cast<int64_t>(a.size()), one);
    int8_mul(Isa::plain, op, a.data(), b.data(), products.data(), static_cast<int64_t>(a.size()), one);
    everywhere(sums, [&](Isa isa, ThreadPool& pool, uint8_t* y) {
      int8_add_rows(isa, op, a.data(), row.data(), y, size.rows, size.columns, pool);
    });
    everywhere(products, [&](Isa isa, ThreadPool& pool, uint8_t* y) {
      int8_mul_rows(isa, op, a.data(), row.data(), y, size.rows, size.columns, pool);
    });
  }
}

TEST_CASE("int8 quantize and dequantize", "[int8]") {
  std::vector<float> x;
  for (int i = -900; i < 900; ++i) x.push_back(0.0103f * static_cast<float>(i));
  for (int i = -300; i < 300; ++i) x.push_back((static_cast<float>(i) + 0.5f) * kQuants[0].scale);
  for (float special :
       {1e30f, -1e30f, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), -0.0f, 1e-40f})
    x.push_back(special);
  const auto count = static_cast<int64_t>(x.size());
  for (const Int8Quant& quant : kQuants) {
    Bytes want;
    for (float value : x) want.push_back(static_cast<uint8_t>(saturated(value / quant.scale, quant)));
    everywhere(want,
               [&](Isa isa, ThreadPool& pool, uint8_t* y) { int8_quantize(isa, quant, x.data(), y, count, pool); });

    const Bytes q = bytes(1003, Fill::mixed, false, 5);
    Bytes reals(q.size() * 4);
    for (size_t i = 0; i < q.size(); ++i) {
      const float real =
          static_cast<float>(element(q, static_cast<int64_t>(i), quant.is_signed) - quant.zero_point) * quant.scale;
      std::memcpy(reals.data() + 4 * i, &real, 4);
    }
    everywhere(reals, [&](Isa isa, ThreadPool& pool, uint8_t* y) {
      std::vector<float> aligned(q.size());
      int8_dequantize(isa, quant, q.data(), aligned.data(), 1003, pool);
      std::memcpy(y, aligned.data(), q.size() * 4);
    });
  }
  for (Isa isa : machine_isas()) {
    ThreadPool pool;
    const float nan[17] = {std::numeric_limits<float>::quiet_NaN()};
    int8_t y[17];
    int8_quantize(isa, kQuants[1], nan, y, 17, pool);
    CHECK(y[0] == -128);
    CHECK(y[1] == -20);
  }
}

TEST_CASE("int8 lookup, whole and in slices", "[int8]") {
  for (int q = 0; q < 4; ++q) {
    const Int8Quant from = kQuants[q], to = kQuants[(q + 1) % 4];
    const Int8Table table = int8_table(from, to, [](float v) { return v * v; });
    const Bytes x = bytes(7 * 300, Fill::mixed, false, 4);
    Bytes want(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const float v =
          static_cast<float>(element(x, static_cast<int64_t>(i), from.is_signed) - from.zero_point) * from.scale;
      want[i] = static_cast<uint8_t>(saturated(v * v / to.scale, to));
    }
    everywhere(want, [&](Isa isa, ThreadPool& pool, uint8_t* y) {
      int8_lookup(isa, table, x.data(), 300, y, 300, 7, 300, pool);
    });
    for (size_t i = 0; i < want.size(); ++i)
      if (i % 300 >= 145) want[i] = 7;
    everywhere(want, [&](Isa isa, ThreadPool& pool, uint8_t* y) {
      std::memset(y, 7, want.size());
      int8_lookup(isa, table, x.data(), 300, y, 300, 7, 145, pool);
    });
  }
}

namespace {

struct Pool {
  ConvShape shape;
  bool include = false;
  int64_t include_bottom = 0, include_right = 0;  // pads of the model; the shape's may overhang
};

std::vector<Pool> pools() {
  std::vector<Pool> all;
  for (int64_t channels : {1, 16, 70, 300})
    for (bool include : {false, true}) {
      Pool p;
      p.shape.batch = 2;
      p.shape.h = 9;
      p.shape.w = 7;
      p.shape.in_channels = p.shape.out_channels = channels;
      p.shape.kernel_h = p.shape.kernel_w = 3;
      p.shape.stride_h = p.shape.stride_w = 2;
      p.include = include;
      all.push_back(p);
      p.shape.pad_top = p.shape.pad_left = 1;
      p.shape.pad_bottom = p.shape.pad_right = 2;
      p.include_bottom = p.include_right = 1;
      all.push_back(p);
      p.shape.stride_h = p.shape.stride_w = 1;
      p.shape.kernel_h = p.shape.kernel_w = 9;
      p.shape.pad_top = p.shape.pad_left = p.shape.pad_bottom = p.shape.pad_right = 5;
      p.include_bottom = p.include_right = 5;
      all.push_back(p);
      p.shape.kernel_h = 2;
      p.shape.kernel_w = 3;
      p.shape.dilation_h = p.shape.dilation_w = 2;
      p.shape.pad_top = p.shape.pad_left = p.shape.pad_bottom = p.shape.pad_right = 1;
      p.include_bottom = p.include_right = 1;
      all.push_back(p);
    }
  return all;
}

// The window of an output pixel: the largest element, the sum less the zero point, cells inside and cells that count.
struct Seen {
  int32_t most;
  int64_t sum = 0, cells = 0, padded = 0;
};

Seen look(const Pool& p, const Bytes& x, const Int8Quant& quant, int64_t n, int64_t oy, int64_t ox, int64_t c) {
  const ConvShape& s = p.shape;
  Seen seen{quant.is_signed ? -128 : 0};
  for (int64_t ky = 0; ky < s.kernel_h; ++ky)
    for (int64_t kx = 0; kx < s.kernel_w; ++kx) {
      const int64_t iy = oy * s.stride_h - s.pad_top + ky * s.dilation_h;
      const int64_t ix = ox * s.stride_w - s.pad_left + kx * s.dilation_w;
      if (iy < s.h + p.include_bottom && ix < s.w + p.include_right) ++seen.padded;
      if (iy < 0 || ix < 0 || iy >= s.h || ix >= s.w) continue;
      const int32_t value = element(x, ((n * s.h + iy) * s.w + ix) * s.in_channels + c, quant.is_signed);
      seen.most = std::max(seen.most, value);
      seen.sum += value - quant.zero_point;
      ++seen.cells;
    }
  return seen;
}

}  // namespace

TEST_CASE("int8 pooling", "[int8]") {
  for (const Pool& p : pools())
    for (int q = 0; q < 2; ++q) {
      const ConvShape& s = p.shape;
      const Int8Quant from = kQuants[q], to = kQuants[q + 1];
      const Bytes x = bytes(s.batch * s.h * s.w * s.in_channels, Fill::mixed, false, 9);
      Bytes most, mean;
      for (int64_t n = 0; n < s.batch; ++n)
        for (int64_t oy = 0; oy < s.out_h(); ++oy)
          for (int64_t ox = 0; ox < s.out_w(); ++ox)
            for (int64_t c = 0; c < s.in_channels; ++c) {
              const Seen seen = look(p, x, from, n, oy, ox, c);
              most.push_back(static_cast<uint8_t>(seen.most));
              const int64_t divisor = p.include ? seen.padded : seen.cells;
              const float m = divisor ? from.scale / (to.scale * static_cast<float>(divisor)) : 0.0f;
              mean.push_back(static_cast<uint8_t>(saturated(static_cast<float>(seen.sum) * m, to)));
            }
      everywhere(most, [&](Isa isa, ThreadPool& pool, uint8_t* y) {
        int8_max_pool(isa, s, from.is_signed, x.data(), y, pool);
      });
      everywhere(mean, [&](Isa isa, ThreadPool& pool, uint8_t* y) {
        int8_average_pool(isa, s, p.include, p.include_bottom, p.include_right, from, to, x.data(), y, pool);
      });
    }
}

TEST_CASE("int8 global average pooling", "[int8]") {
  for (int64_t channels : {1, 10, 64, 600})
    for (int64_t pixels : {1, 49, 64}) {
      const Int8Quant from = kQuants[1], to = kQuants[0];
      const Bytes x = bytes(2 * pixels * channels, Fill::mixed, true, 3);
      Bytes want;
      for (int64_t n = 0; n < 2; ++n)
        for (int64_t c = 0; c < channels; ++c) {
          int64_t sum = 0;
          for (int64_t i = 0; i < pixels; ++i)
            sum += element(x, (n * pixels + i) * channels + c, true) - from.zero_point;
          const float m = from.scale / (to.scale * static_cast<float>(pixels));
          want.push_back(static_cast<uint8_t>(saturated(static_cast<float>(sum) * m, to)));
        }
      everywhere(want, [&](Isa isa, ThreadPool& pool, uint8_t* y) {
        int8_global_average_pool(isa, 2, pixels, channels, from, to, x.data(), y, pool);
      });
    }
}

}  // namespace pare
