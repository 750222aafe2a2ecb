// The float matrix product, convolution, depthwise and transposed convolution against double-precision loops.
#include <functional>

#include "tests/kernels/float_cases.h"

using namespace pare;
using namespace pare::test;

namespace {

const std::vector<Activation> kActivations = {
    {ActivationKind::none, 0, 0},          {ActivationKind::relu, 0, 0},
    {ActivationKind::clip, -0.25f, 0.5f},  {ActivationKind::hard_swish, 0, 0},
    {ActivationKind::sigmoid, 0, 0},       {ActivationKind::hard_sigmoid, 0.2f, 0.5f},
    {ActivationKind::leaky_relu, 0.1f, 0}, {ActivationKind::tanh, 0, 0},
    {ActivationKind::silu, 1, 0},          {ActivationKind::gelu, 0, 0},
    {ActivationKind::gelu_tanh, 0, 0},
};

// Adds bias and residual to the sums, then activates.
void finish(std::vector<Exact>& sums, int64_t channels, const std::vector<float>& bias,
            const std::vector<float>& residual, const Activation& activation) {
  for (size_t i = 0; i < sums.size(); ++i) {
    if (!bias.empty()) sums[i].add(bias[i % static_cast<size_t>(channels)]);
    if (!residual.empty()) sums[i].add(residual[i]);
    sums[i].value = activated(activation, sums[i].value);
  }
}

struct Variant {
  bool bias, residual;
  Activation activation;
};

std::vector<Variant> variants() {
  std::vector<Variant> result = {{false, false, kActivations[0]}};
  for (const Activation& activation : kActivations) result.push_back({true, true, activation});
  return result;
}

void check_gemm(int64_t m, int64_t k, int64_t n, bool transposed, int64_t extra, const Variant& variant) {
  GemmShape shape{m, k, n, k + extra, n};
  const auto a = values((m - 1) * shape.lda + k, 1), b = values(k * n, 2);
  const auto bias = values(variant.bias ? n : 0, 3), residual = values(variant.residual ? m * n : 0, 4);
  const int64_t row = transposed ? 1 : n, column = transposed ? k : 1;
  std::vector<Exact> exact(static_cast<size_t>(m * n));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t l = 0; l < k; ++l)
        exact[static_cast<size_t>(i * n + j)].add(static_cast<double>(a[static_cast<size_t>(i * shape.lda + l)]) *
                                                  b[static_cast<size_t>(l * row + j * column)]);
  finish(exact, n, bias, residual, variant.activation);
  const std::string what = "gemm " + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n) +
                           " activation " + std::to_string(static_cast<int>(variant.activation.kind));
  check_kernel(what, exact, [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
    std::vector<float> packed(static_cast<size_t>(kernels.gemm_packed_size(k, n)));
    kernels.gemm_pack(b.data(), row, column, k, n, packed.data());
    Epilogue epilogue;
    epilogue.bias = variant.bias ? bias.data() : nullptr;
    epilogue.residual = variant.residual ? residual.data() : nullptr;
    epilogue.activation = variant.activation;
    kernels.gemm(shape, a.data(), packed.data(), out, epilogue, pool);
  });
}

std::string text(const ConvShape& s) {
  std::string result;
  for (int64_t v : {s.batch, s.h, s.w, s.in_channels, s.out_channels, s.kernel_h, s.kernel_w, s.stride_h, s.stride_w,
                    s.dilation_h, s.dilation_w, s.pad_top, s.pad_left, s.pad_bottom, s.pad_right, s.groups})
    result += " " + std::to_string(v);
  return result;
}

std::vector<Exact> convolve(const ConvShape& s, const std::vector<float>& in, const std::vector<float>& weights) {
  std::vector<Exact> exact;
  const int64_t inputs = s.in_channels / s.groups, outputs = s.out_channels / s.groups;
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t y = 0; y < s.out_h(); ++y)
      for (int64_t x = 0; x < s.out_w(); ++x)
        for (int64_t o = 0; o < s.out_channels; ++o) {
          Exact sum;
          for (int64_t i = 0; i < inputs; ++i)
            for (int64_t kh = 0; kh < s.kernel_h; ++kh)
              for (int64_t kw = 0; kw < s.kernel_w; ++kw) {
                const int64_t iy = y * s.stride_h + kh * s.dilation_h - s.pad_top;
                const int64_t ix = x * s.stride_w + kw * s.dilation_w - s.pad_left;
                if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w) continue;
                const int64_t channel = o / outputs * inputs + i;
                sum.add(static_cast<double>(
                            in[static_cast<size_t>(((n * s.h + iy) * s.w + ix) * s.in_channels + channel)]) *
                        weights[static_cast<size_t>(((o * inputs + i) * s.kernel_h + kh) * s.kernel_w + kw)]);
              }
          exact.push_back(sum);
        }
  return exact;
}

void check_conv(const ConvShape& s, const Variant& variant) {
  const auto in = values(s.batch * s.h * s.w * s.in_channels, 5);
  const auto weights = values(s.out_channels * (s.in_channels / s.groups) * s.kernel_h * s.kernel_w, 6);
  std::vector<Exact> exact = convolve(s, in, weights);
  const auto bias = values(variant.bias ? s.out_channels : 0, 7);
  const auto residual = values(variant.residual ? static_cast<int64_t>(exact.size()) : 0, 8);
  finish(exact, s.out_channels, bias, residual, variant.activation);
  check_kernel("conv" + text(s), exact, [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
    std::vector<float> packed(static_cast<size_t>(kernels.conv_packed_size(s)));
    std::vector<float> scratch(static_cast<size_t>(kernels.conv_scratch_size(s)));
    kernels.conv_pack(s, weights.data(), packed.data());
    Epilogue epilogue;
    epilogue.bias = variant.bias ? bias.data() : nullptr;
    epilogue.residual = variant.residual ? residual.data() : nullptr;
    epilogue.activation = variant.activation;
    kernels.conv(s, in.data(), packed.data(), out, epilogue, scratch.data(), pool);
  });
}

ConvShape square(int64_t batch, int64_t size, int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t pad,
                 int64_t groups = 1, int64_t dilation = 1) {
  return {batch, size, size, in, out, kernel, kernel, stride, stride, dilation, dilation, pad, pad, pad, pad, groups};
}

const Variant kBare = {false, false, kActivations[0]};
const Variant kFull = {true, true, kActivations[1]};

}  // namespace

TEST_CASE("float gemm: every tail of rows, columns and depth", "[float][gemm]") {
  for (int64_t m : {1, 2, 7, 14, 15, 29})
    for (int64_t n : {1, 7, 8, 10, 16, 17, 33, 48, 65})
      for (int64_t k : {1, 3, 4, 17, 64}) check_gemm(m, k, n, (m + n) % 2 == 0, k % 3, kFull);
}

TEST_CASE("float gemm: every activation, with and without bias and residual", "[float][gemm]") {
  for (const Variant& variant : variants())
    for (int64_t m : {1, 9}) check_gemm(m, 21, 37, false, 0, variant);
}

TEST_CASE("float gemm: large enough for several blocks", "[float][gemm]") {
  check_gemm(300, 300, 70, true, 0, kBare);
  check_gemm(1, 1000, 520, true, 0, kFull);
}

TEST_CASE("float gemm: no depth leaves the bias", "[float][gemm]") { check_gemm(3, 0, 5, false, 0, kFull); }

TEST_CASE("float convolution: channel tails", "[float][conv]") {
  for (int64_t in : {1, 3, 16, 17})
    for (int64_t out : {1, 10, 16, 24, 33, 64}) check_conv(square(1, 9, in, out, 3, 1, 1), kFull);
}

TEST_CASE("float convolution: kernels, strides, dilations and pads", "[float][conv]") {
  for (int64_t kernel : {1, 2, 3, 5, 7})
    for (int64_t stride : {1, 2, 3})
      for (int64_t dilation : {1, 2})
        for (int64_t pad : {0, 1, 3})
          if (dilation * (kernel - 1) < 13 + 2 * pad)
            check_conv(square(1, 13, 5, 18, kernel, stride, pad, 1, dilation), kBare);
}

TEST_CASE("float convolution: one dimension, uneven pads and strides, several images", "[float][conv]") {
  check_conv({2, 1, 23, 4, 20, 1, 5, 1, 2, 1, 1, 0, 2, 0, 1, 1}, kFull);
  check_conv({1, 1, 31, 40, 12, 1, 9, 1, 1, 1, 3, 0, 12, 0, 12, 1}, kFull);
  check_conv({1, 17, 1, 6, 12, 4, 1, 2, 1, 1, 1, 1, 0, 2, 0, 1}, kFull);
  check_conv({3, 7, 11, 8, 16, 3, 2, 2, 1, 1, 1, 0, 1, 2, 0, 1}, kFull);
  check_conv({2, 8, 8, 16, 40, 1, 1, 2, 2, 1, 1, 0, 0, 0, 0, 1}, kFull);
  check_conv({1, 4, 4, 3, 5, 1, 1, 1, 1, 1, 1, 1, 2, 1, 0, 1}, kFull);
}

TEST_CASE("float convolution: groups", "[float][conv]") {
  for (int64_t groups : {2, 3}) {
    check_conv(square(1, 9, 6 * groups, 5 * groups, 3, 1, 1, groups), kFull);
    check_conv(square(2, 8, 4 * groups, 20 * groups, 1, 1, 0, groups), kFull);
    check_conv(square(1, 11, 16 * groups, 33 * groups, 3, 2, 1, groups, 2), kFull);
  }
  check_conv(square(1, 9, 6, 12, 3, 1, 1, 6), kFull);  // a depthwise multiplier
}

TEST_CASE("float convolution: every activation", "[float][conv]") {
  for (const Variant& variant : variants()) {
    check_conv(square(1, 7, 6, 19, 3, 1, 1), variant);
    check_conv(square(1, 7, 19, 19, 3, 1, 1, 19), variant);
  }
}

TEST_CASE("float convolution: large enough for several blocks", "[float][conv]") {
  check_conv(square(1, 32, 16, 16, 3, 1, 1), kFull);
  check_conv(square(1, 28, 32, 48, 3, 2, 1), kFull);
  check_conv(square(1, 7, 160, 96, 1, 1, 0), kFull);
}

TEST_CASE("float depthwise convolution", "[float][depthwise]") {
  for (int64_t channels : {2, 8, 16, 19, 32, 40})
    for (int64_t kernel : {3, 5})
      for (int64_t stride : {1, 2})
        for (int64_t size : {1, 4, 7, 14})
          check_conv(square(1, size, channels, channels, kernel, stride, kernel / 2, channels), kFull);
  check_conv(square(2, 10, 17, 17, 3, 1, 0, 17), kBare);
  check_conv(square(1, 10, 17, 17, 3, 1, 2, 17, 2), kFull);
  check_conv(square(1, 12, 9, 9, 7, 3, 3, 9), kFull);
  check_conv(square(1, 3, 9, 9, 3, 2, 4, 9), kFull);
  check_conv({1, 1, 25, 33, 33, 1, 9, 1, 1, 1, 1, 0, 4, 0, 4, 33}, kFull);
  check_conv({1, 25, 1, 33, 33, 9, 1, 2, 1, 1, 1, 4, 0, 4, 0, 33}, kFull);
  check_conv({1, 9, 10, 20, 20, 3, 3, 2, 2, 1, 1, 0, 0, 1, 1, 20}, kFull);
}

TEST_CASE("float transposed convolution", "[float][conv_transpose]") {
  for (int64_t kernel : {1, 2, 3, 4})
    for (int64_t stride : {1, 2, 3})
      for (int64_t pad : {0, 1})
        for (int64_t dilation : {1, 2}) {
          ConvShape s = square(2, 5, 6, 19, kernel, stride, pad, 1, dilation);
          const int64_t extra = stride - 1;
          const int64_t size = stride * 4 + extra + dilation * (kernel - 1) + 1 - 2 * pad;
          if (size <= 0) continue;
          const auto in = values(2 * 25 * 6, 9), weights = values(6 * 19 * kernel * kernel, 10);
          const auto bias = values(19, 11), residual = values(2 * size * size * 19, 12);
          std::vector<Exact> exact(residual.size());
          for (int64_t n = 0; n < 2; ++n)
            for (int64_t y = 0; y < 5; ++y)
              for (int64_t x = 0; x < 5; ++x)
                for (int64_t kh = 0; kh < kernel; ++kh)
                  for (int64_t kw = 0; kw < kernel; ++kw) {
                    const int64_t oy = y * stride + kh * dilation - pad, ox = x * stride + kw * dilation - pad;
                    if (oy < 0 || oy >= size || ox < 0 || ox >= size) continue;
                    for (int64_t i = 0; i < 6; ++i)
                      for (int64_t o = 0; o < 19; ++o)
                        exact[static_cast<size_t>(((n * size + oy) * size + ox) * 19 + o)].add(
                            static_cast<double>(in[static_cast<size_t>(((n * 5 + y) * 5 + x) * 6 + i)]) *
                            weights[static_cast<size_t>(((i * 19 + o) * kernel + kh) * kernel + kw)]);
                  }
          finish(exact, 19, bias, residual, kFull.activation);
          check_kernel(
              "conv_transpose" + text(s), exact, [&](const FloatKernels& kernels, ThreadPool& pool, float* out) {
                std::vector<float> packed(static_cast<size_t>(kernels.conv_transpose_packed_size(s)));
                std::vector<float> scratch(static_cast<size_t>(kernels.conv_transpose_scratch_size(s)));
                kernels.conv_transpose_pack(s, weights.data(), packed.data());
                Epilogue epilogue{bias.data(), residual.data(), 0, kFull.activation};
                kernels.conv_transpose(s, size, size, in.data(), packed.data(), out, epilogue, scratch.data(), pool);
              });
        }
}
