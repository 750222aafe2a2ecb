// Prints the speed of the float convolution and matrix product on the layer shapes of known networks.
//   kernels_float [isa] [threads]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "runtime/fast/float_kernels.h"

using namespace pare;

namespace {

// Floats on a cache line boundary, as in an executor's arena.
class Array {
 public:
  Array(int64_t count, float value) : values_(static_cast<size_t>(count) + 16, value) {}
  float* data() { return reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(values_.data()) + 63) / 64 * 64); }

 private:
  std::vector<float> values_;
};

// The smallest of many short runs, in seconds.
double best_seconds(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (int round = 0; round < 15; ++round) {
    int calls = 0;
    const auto start = Clock::now();
    double elapsed = 0;
    do {
      run();
      ++calls;
      elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    } while (elapsed < 0.005);
    best = std::min(best, elapsed / calls);
  }
  return best;
}

void report(const std::string& what, double flops, double seconds) {
  std::printf("%-44s %9.1f us %8.1f GFLOP/s\n", what.c_str(), seconds * 1e6, flops / seconds * 1e-9);
}

void conv(const FloatKernels& kernels, ThreadPool& pool, const char* network, int64_t h, int64_t w, int64_t in,
          int64_t out, int64_t kernel_h, int64_t kernel_w, int64_t stride, int64_t groups = 1) {
  const int64_t ph = kernel_h / 2, pw = kernel_w / 2;
  const ConvShape s{1, h, w, in, out, kernel_h, kernel_w, stride, stride, 1, 1, ph, pw, ph, pw, groups};
  const int64_t taps = in / groups * kernel_h * kernel_w;
  const int64_t outputs = s.out_h() * s.out_w() * out;
  Array x(h * w * in, 0.5f), weights(taps * out, 0.25f), bias(out, 0.1f), y(outputs, 0);
  Array packed(kernels.conv_packed_size(s), 0), scratch(kernels.conv_scratch_size(s), 0);
  kernels.conv_pack(s, weights.data(), packed.data());
  const Epilogue epilogue{bias.data(), nullptr, 0, {ActivationKind::relu, 0, 0}};
  const double seconds =
      best_seconds([&] { kernels.conv(s, x.data(), packed.data(), y.data(), epilogue, scratch.data(), pool); });
  const std::string what = std::string(network) + " " + std::to_string(h) + "x" + std::to_string(w) + " " +
                           std::to_string(in) + "->" + std::to_string(out) + " k" + std::to_string(kernel_h) + "x" +
                           std::to_string(kernel_w) + " s" + std::to_string(stride) + (groups > 1 ? " depthwise" : "");
  report(what, 2.0 * static_cast<double>(taps) * static_cast<double>(outputs), seconds);
}

void gemm(const FloatKernels& kernels, ThreadPool& pool, int64_t m, int64_t k, int64_t n) {
  Array a(m * k, 0.5f), b(k * n, 0.25f), c(m * n, 0), packed(kernels.gemm_packed_size(k, n), 0);
  kernels.gemm_pack(b.data(), n, 1, k, n, packed.data());
  const double seconds = best_seconds([&] {
    kernels.gemm({m, k, n, k, n}, a.data(), packed.data(), c.data(), {}, pool);
  });
  report("gemm " + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n),
         2.0 * static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n), seconds);
}

void resnet56(const FloatKernels& kernels, ThreadPool& pool) {
  conv(kernels, pool, "resnet56", 32, 32, 3, 16, 3, 3, 1);
  conv(kernels, pool, "resnet56", 32, 32, 16, 16, 3, 3, 1);
  conv(kernels, pool, "resnet56", 32, 32, 16, 32, 3, 3, 2);
  conv(kernels, pool, "resnet56", 16, 16, 32, 32, 3, 3, 1);
  conv(kernels, pool, "resnet56", 16, 16, 32, 64, 3, 3, 2);
  conv(kernels, pool, "resnet56", 8, 8, 64, 64, 3, 3, 1);
}

void mobilenetv2(const FloatKernels& kernels, ThreadPool& pool) {
  conv(kernels, pool, "mobilenetv2", 224, 224, 3, 32, 3, 3, 2);
  const int64_t blocks[][4] = {{112, 32, 16, 0}, {112, 16, 96, 1}, {56, 96, 24, 0},  {56, 24, 144, 1}, {28, 144, 32, 0},
                               {28, 32, 192, 1}, {14, 192, 64, 0}, {14, 64, 384, 1}, {14, 384, 96, 0}, {14, 96, 576, 1},
                               {7, 576, 160, 0}, {7, 160, 960, 1}, {7, 960, 320, 0}, {7, 320, 1280, 1}};
  for (const auto& b : blocks) conv(kernels, pool, "mobilenetv2", b[0], b[0], b[1], b[2], 1, 1, 1);
  const int64_t depthwise[][3] = {{112, 32, 1}, {112, 96, 2}, {56, 144, 1}, {56, 144, 2},
                                  {28, 192, 1}, {14, 384, 1}, {14, 576, 2}, {7, 960, 1}};
  for (const auto& d : depthwise) conv(kernels, pool, "mobilenetv2", d[0], d[0], d[1], d[1], 3, 3, d[2], d[1]);
  conv(kernels, pool, "5x5", 28, 28, 120, 120, 5, 5, 1, 120);
  conv(kernels, pool, "5x5", 14, 14, 480, 480, 5, 5, 2, 480);
}

void squeezenet(const FloatKernels& kernels, ThreadPool& pool) {
  conv(kernels, pool, "squeezenet", 224, 224, 3, 64, 3, 3, 2);
  conv(kernels, pool, "squeezenet", 55, 55, 64, 16, 1, 1, 1);
  conv(kernels, pool, "squeezenet", 55, 55, 16, 64, 3, 3, 1);
  conv(kernels, pool, "squeezenet", 27, 27, 32, 128, 3, 3, 1);
  conv(kernels, pool, "squeezenet", 13, 13, 64, 256, 3, 3, 1);
  conv(kernels, pool, "squeezenet", 13, 13, 512, 1000, 1, 1, 1);
}

}  // namespace

int main(int argc, char** argv) {
  const Isa isa = argc > 1 ? isa_from_name(argv[1]).value_or(best_isa()) : best_isa();
  if (!machine_has(isa)) return 2;
  ThreadPool pool(argc > 2 ? std::atoi(argv[2]) : 1);
  const FloatKernels& kernels = float_kernels(isa);
  std::printf("%s, %d threads\n", std::string(name(isa)).c_str(), pool.threads());
  resnet56(kernels, pool);
  mobilenetv2(kernels, pool);
  squeezenet(kernels, pool);
  conv(kernels, pool, "kws", 49, 10, 1, 64, 10, 4, 2);
  gemm(kernels, pool, 1, 1280, 1000);
  gemm(kernels, pool, 1, 64, 10);
  gemm(kernels, pool, 128, 768, 768);
  gemm(kernels, pool, 512, 512, 512);
}
