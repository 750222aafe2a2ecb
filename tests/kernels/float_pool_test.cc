// Pooling, transposes, elementwise functions, softmax and the thread pool.
#include <algorithm>
#include <atomic>

#include "tests/kernels/float_cases.h"

using namespace pare;
using namespace pare::test;

namespace {

enum class Pool { max, average, average_with_pad };

size_t at(int64_t index) { return static_cast<size_t>(index); }

std::vector<Exact> pooled(const ConvShape& s, Pool kind, int64_t bottom, int64_t right, const std::vector<float>& in) {
  std::vector<Exact> exact;
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t y = 0; y < s.out_h(); ++y)
      for (int64_t x = 0; x < s.out_w(); ++x)
        for (int64_t c = 0; c < s.in_channels; ++c) {
          Exact cell;
          double most = -std::numeric_limits<double>::infinity();
          int64_t inside = 0, counted = 0;
          for (int64_t kh = 0; kh < s.kernel_h; ++kh)
            for (int64_t kw = 0; kw < s.kernel_w; ++kw) {
              const int64_t iy = y * s.stride_h + kh * s.dilation_h - s.pad_top;
              const int64_t ix = x * s.stride_w + kw * s.dilation_w - s.pad_left;
              if (iy < s.h + bottom && ix < s.w + right) ++counted;
              if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w) continue;
              ++inside;
              const double value = in[at(((n * s.h + iy) * s.w + ix) * s.in_channels + c)];
              most = std::max(most, value);
              cell.add(value);
            }
          if (kind == Pool::max) cell.value = most;
          if (kind == Pool::average) cell.value /= static_cast<double>(inside);
          if (kind == Pool::average_with_pad) cell.value /= static_cast<double>(counted);
          exact.push_back(cell);
        }
  return exact;
}

void check_pool(const ConvShape& s, int64_t bottom, int64_t right) {
  const auto in = values(s.batch * s.h * s.w * s.in_channels, 21);
  check_kernel(
      "max pool", pooled(s, Pool::max, bottom, right, in),
      [&](const FloatKernels& kernels, ThreadPool& pool, float* out) { kernels.max_pool(s, in.data(), out, pool); }, 0);
  for (bool with_pad : {false, true})
    check_kernel("average pool", pooled(s, with_pad ? Pool::average_with_pad : Pool::average, bottom, right, in),
                 [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
                   kernels.average_pool(s, with_pad, bottom, right, in.data(), out, pool);
                 });
}

}  // namespace

TEST_CASE("float pooling", "[float][pool]") {
  for (int64_t channels : {1, 3, 8, 16, 21, 48}) {
    check_pool({1, 9, 9, channels, channels, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1}, 1, 1);
    check_pool({2, 8, 7, channels, channels, 2, 3, 2, 1, 1, 1, 0, 0, 0, 0}, 0, 0);
  }
  check_pool({1, 10, 10, 5, 5, 3, 3, 2, 2, 1, 1, 0, 0, 1, 1}, 0, 0);  // ceil_mode: the pads only overhang
  check_pool({1, 10, 11, 5, 5, 3, 3, 2, 3, 1, 1, 1, 1, 2, 2}, 1, 1);
  check_pool({1, 12, 12, 5, 5, 3, 2, 1, 2, 2, 3, 1, 0, 1, 0}, 1, 0);
}

TEST_CASE("float max pooling passes NaN", "[float][pool]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const ConvShape s{1, 1, 3, 20, 20, 1, 3, 1, 1};
  for (Isa isa : float_isas())
    for (int64_t place = 0; place < 3; ++place) {
      std::vector<float> in(60, 1.0f), out(20, 0.0f);
      in[at(place * 20 + 17)] = nan;
      ThreadPool pool;
      float_kernels(isa).max_pool(s, in.data(), out.data(), pool);
      CHECK(std::isnan(out[17]));
      CHECK(out[16] == 1.0f);
    }
}

TEST_CASE("float global average pooling", "[float][pool]") {
  for (int64_t channels : {1, 10, 16, 64, 150})
    for (int64_t pixels : {1, 7, 49, 1000}) {
      const auto in = values(2 * pixels * channels, 22);
      std::vector<Exact> exact(at(2 * channels));
      for (int64_t n = 0; n < 2; ++n)
        for (int64_t p = 0; p < pixels; ++p)
          for (int64_t c = 0; c < channels; ++c)
            exact[at(n * channels + c)].add(in[at((n * pixels + p) * channels + c)] / static_cast<double>(pixels));
      check_kernel("global average pool", exact, [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
        kernels.global_average_pool(2, pixels, channels, in.data(), out, pool);
      });
    }
}

TEST_CASE("float transpose", "[float][transpose]") {
  for (int64_t rows : {1, 3, 16, 17, 64})
    for (int64_t columns : {1, 5, 16, 100, 1024}) {
      const auto in = values(2 * rows * columns, 23);
      std::vector<Exact> exact(in.size());
      for (int64_t n = 0; n < 2; ++n)
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t c = 0; c < columns; ++c)
            exact[at((n * columns + c) * rows + r)].value = in[at((n * rows + r) * columns + c)];
      check_kernel(
          "transpose", exact,
          [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
            kernels.transpose(2, rows, columns, in.data(), out, pool);
          },
          0);
    }
}

TEST_CASE("float elementwise", "[float][elementwise]") {
  const auto apply = [](ElementwiseOp op, float a, float b) -> float {
    switch (op) {
      case ElementwiseOp::add:
        return a + b;
      case ElementwiseOp::sub:
        return a - b;
      case ElementwiseOp::mul:
        return a * b;
      case ElementwiseOp::div:
        return a / b;
      case ElementwiseOp::max:
        return std::fmax(a, b);
      case ElementwiseOp::min:
        return std::fmin(a, b);
    }
    return 0;
  };
  const Activation clip{ActivationKind::clip, -0.5f, 0.75f};
  for (int64_t rows : {1, 5, 900})
    for (int64_t columns : {1, 7, 16, 40}) {
      const auto a = values(rows * columns, 24), b = values(rows * columns, 25);
      for (ElementwiseOp op : {ElementwiseOp::add, ElementwiseOp::sub, ElementwiseOp::mul, ElementwiseOp::div,
                               ElementwiseOp::max, ElementwiseOp::min}) {
        std::vector<Exact> whole(a.size()), repeated(a.size());
        for (size_t i = 0; i < a.size(); ++i) {
          whole[i].value = apply(op, a[i], b[i]);
          repeated[i].value = activated(clip, apply(op, a[i], b[i % at(columns)]));
        }
        check_kernel(
            "elementwise", whole,
            [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
              kernels.elementwise(op, a.data(), b.data(), out, rows * columns, {}, pool);
            },
            0);
        check_kernel(
            "elementwise rows", repeated,
            [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
              kernels.elementwise_rows(op, a.data(), b.data(), out, rows, columns, clip, pool);
            },
            0);
      }
    }
}

TEST_CASE("float exp and sigmoid are accurate over their whole range", "[float][elementwise]") {
  std::vector<float> in;
  for (float x = -87.0f; x < 88.5f; x += 0.0137f) in.push_back(x);
  const auto count = static_cast<int64_t>(in.size());
  std::vector<Exact> exact(in.size());
  for (size_t i = 0; i < in.size(); ++i) exact[i].value = 1;
  for (Isa isa : float_isas()) {
    ThreadPool pool;
    std::vector<float> out(in.size());
    double worst_exp = 0, worst_sigmoid = 0;
    float_kernels(isa).exp(in.data(), out.data(), count, pool);
    for (size_t i = 0; i < in.size(); ++i)
      worst_exp = std::max(worst_exp, std::fabs(out[i] / std::exp(static_cast<double>(in[i])) - 1));
    float_kernels(isa).activate({ActivationKind::sigmoid, 0, 0}, in.data(), out.data(), count, pool);
    for (size_t i = 0; i < in.size(); ++i)
      worst_sigmoid = std::max(worst_sigmoid, std::fabs(out[i] * (1 + std::exp(-static_cast<double>(in[i]))) - 1));
    INFO(name(isa));
    CHECK(worst_exp < 2.5e-7);
    CHECK(worst_sigmoid < 4e-7);
    const std::vector<float> edges = {0.0f,   -std::numeric_limits<float>::infinity(), 89.0f, -104.5f,
                                      -95.0f, std::numeric_limits<float>::quiet_NaN()};
    std::vector<float> result(edges.size());
    float_kernels(isa).exp(edges.data(), result.data(), static_cast<int64_t>(edges.size()), pool);
    CHECK(result[0] == 1.0f);
    CHECK(result[1] == 0.0f);
    CHECK(std::isinf(result[2]));
    CHECK(result[3] == 0.0f);
    CHECK(result[4] == Approx(5.5211e-42f).epsilon(1e-3));
    CHECK(std::isnan(result[5]));
  }
}

TEST_CASE("float activations keep NaN", "[float][elementwise]") {
  const std::vector<float> in(40, std::numeric_limits<float>::quiet_NaN());
  for (Isa isa : float_isas())
    for (ActivationKind kind :
         {ActivationKind::none, ActivationKind::relu, ActivationKind::clip, ActivationKind::hard_swish,
          ActivationKind::hard_sigmoid, ActivationKind::sigmoid, ActivationKind::leaky_relu}) {
      std::vector<float> out(in.size(), 0.0f);
      ThreadPool pool;
      float_kernels(isa).activate({kind, 0.25f, 0.5f}, in.data(), out.data(), 40, pool);
      INFO(name(isa) << " " << static_cast<int>(kind));
      CHECK(std::all_of(out.begin(), out.end(), [](float v) { return std::isnan(v); }));
    }
}

TEST_CASE("float softmax", "[float][softmax]") {
  for (int64_t rows : {1, 3, 200})
    for (int64_t columns : {1, 10, 16, 33, 1000}) {
      auto in = values(rows * columns, 26);
      for (float& v : in) v *= 20;
      std::vector<Exact> exact(in.size());
      for (int64_t r = 0; r < rows; ++r) {
        double total = 0;
        for (int64_t c = 0; c < columns; ++c) total += std::exp(static_cast<double>(in[at(r * columns + c)]));
        for (int64_t c = 0; c < columns; ++c)
          exact[at(r * columns + c)].add(std::exp(static_cast<double>(in[at(r * columns + c)])) / total);
      }
      check_kernel("softmax", exact, [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
        kernels.softmax(in.data(), out, rows, columns, pool);
      });
    }
}

TEST_CASE("thread pool: every index once, run after run", "[thread_pool]") {
  for (int threads : {0, 1, 2, 5}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == std::max(threads, 1));
    for (int64_t count : {0, 1, 2, 7, 1000}) {
      for (int round = 0; round < 50; ++round) {
        std::vector<int> calls(at(count), 0);
        std::atomic<bool> bad{false};
        pool.run(count, [&](int64_t index, int thread) {
          ++calls[at(index)];
          if (thread < 0 || thread >= pool.threads()) bad = true;
        });
        const bool once = std::all_of(calls.begin(), calls.end(), [](int n) { return n == 1; });
        if (!once || bad) FAIL("threads " << threads << ", count " << count << ", round " << round);
      }
    }
  }
}

TEST_CASE("instruction sets have names and the best is there", "[cpu]") {
  for (Isa isa : {Isa::plain, Isa::avx2, Isa::avx512, Isa::avx2_vnni, Isa::avx512_vnni})
    CHECK(isa_from_name(name(isa)) == isa);
  CHECK_FALSE(isa_from_name("mmx").has_value());
  CHECK(machine_isas().front() == Isa::plain);
  CHECK(machine_has(best_isa()));
}

TEST_CASE("float resize: weighted sums along both axes", "[float][resize]") {
  for (const int64_t channels : {1, 3, 16, 21}) {
    const int64_t h = 4, w = 5;
    const std::vector<int32_t> yi = {0, 1, 1, 3, 2, 2}, xi = {4, 0, 1, 2, 3, 3, 0, 4};
    const std::vector<float> yw = {0.5f, 0.5f, 0.25f, 0.75f, 1, 0}, xw = {1, -0.5f, 0.5f, 0.5f, 0.1f, 0.9f, 0.3f, 0.7f};
    const auto in = values(2 * h * w * channels, 1);
    std::vector<Exact> exact;
    for (int64_t n = 0; n < 2; ++n)
      for (size_t y = 0; y < 3; ++y)
        for (size_t x = 0; x < 4; ++x)
          for (int64_t c = 0; c < channels; ++c) {
            Exact sum;
            for (size_t i = 2 * y; i < 2 * y + 2; ++i)
              for (size_t k = 2 * x; k < 2 * x + 2; ++k)
                sum.add(static_cast<double>(yw[i]) * xw[k] *
                        in[static_cast<size_t>(((n * h + yi[i]) * w + xi[k]) * channels + c)]);
            exact.push_back(sum);
          }
    check_kernel("resize", exact, [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
      std::vector<float> scratch(static_cast<size_t>(pool.threads() * w * channels));
      kernels.resize(2, h, w, channels, {3, 2, yi.data(), yw.data()}, {4, 2, xi.data(), xw.data()}, in.data(), out,
                     scratch.data(), pool);
    });
  }
}
