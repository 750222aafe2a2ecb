// Prints, layer by layer of known networks, the time of the int8 convolution with uint8 and with int8 activations and
// of the float one on the same instruction set, and how many times faster uint8 is.
//   kernels_int8 [isa] [threads]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "runtime/fast/float_kernels.h"
#include "runtime/fast/int8.h"
#include "runtime/fast/int8_elementwise.h"

using namespace pare;

namespace {

struct Line {
  alignas(64) uint8_t bytes[64];
};
using Buffer = std::vector<Line>;
Buffer buffer(int64_t bytes) { return Buffer(static_cast<size_t>(bytes / 64 + 2), Line{{1}}); }

double seconds_of(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  int calls = 0;
  const auto start = Clock::now();
  double elapsed = 0;
  do {
    run();
    ++calls;
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  } while (elapsed < 0.001);
  return elapsed / calls;
}

// The best of many short runs of each, in turn, so that a slow moment hits all alike.
std::vector<double> best_seconds(const std::vector<std::function<void()>>& runs) {
  std::vector<double> best(runs.size(), 1e9);
  for (int round = 0; round < 25; ++round)
    for (size_t i = 0; i < runs.size(); ++i) best[i] = std::min(best[i], seconds_of(runs[i]));
  return best;
}

class Bench {
 public:
  Bench(Isa isa, int threads) : isa_(isa), pool_(threads) {}

  void conv(const char* network, int64_t h, int64_t w, int64_t in, int64_t out, int64_t kernel_h, int64_t kernel_w,
            int64_t stride, int64_t groups = 1, bool residual = false) {
    const int64_t ph = kernel_h / 2, pw = kernel_w / 2;
    const ConvShape s{1, h, w, in, out, kernel_h, kernel_w, stride, stride, 1, 1, ph, pw, ph, pw, groups};
    const double operations =
        2.0 * static_cast<double>(in / groups * kernel_h * kernel_w) * static_cast<double>(s.out_h() * s.out_w() * out);
    const int64_t outputs = s.out_h() * s.out_w() * out;
    Buffer x = buffer(h * w * in), r = buffer(outputs), y = buffer(outputs),
           weights = buffer(in / groups * out * kernel_h * kernel_w);
    const std::vector<float> scale(static_cast<size_t>(out), 0.01f);
    Int8ConvParams p;
    p.shape = s;
    p.weights = weights.data();
    p.weight_scale = scale;
    p.bounds.low = 0;
    p.output = {0.1f, 0, false};
    if (residual) p.residual = p.output;
    const Int8Conv u8(p, isa_);
    p.input.is_signed = p.output.is_signed = true;
    const Int8Conv s8(p, isa_);
    std::vector<std::byte> scratch(
        std::max(u8.scratch_bytes(s, pool_.threads()), s8.scratch_bytes(s, pool_.threads())));

    const FloatKernels& f = float_kernels(isa_);
    Buffer fx = buffer(4 * h * w * in), fr = buffer(4 * outputs), fy = buffer(4 * outputs),
           fw = buffer(4 * f.conv_packed_size(s));
    Buffer fs = buffer(4 * f.conv_scratch_size(s));
    const auto real = [](Buffer& b) { return reinterpret_cast<float*>(b.data()); };
    Buffer wf = buffer(4 * in / groups * out * kernel_h * kernel_w);
    f.conv_pack(s, real(wf), real(fw));
    const Epilogue epilogue{scale.data(), residual ? real(fr) : nullptr, 0, {ActivationKind::relu, 0, 0}};

    const auto run = [&](const Int8Conv& conv) {
      conv.run(s, {x.data(), residual ? r.data() : nullptr, y.data()}, scratch, pool_);
    };
    const std::vector<double> t =
        best_seconds({[&] { run(u8); }, [&] { run(s8); },
                      [&] { f.conv(s, real(fx), real(fw), real(fy), epilogue, real(fs), pool_); }});
    std::string what = std::string(network) + " " + std::to_string(h) + "x" + std::to_string(w) + " " +
                       std::to_string(in) + "->" + std::to_string(out) + " " + std::to_string(kernel_h) + "x" +
                       std::to_string(kernel_w) + " s" + std::to_string(stride) + (groups > 1 ? " dw" : "") +
                       (residual ? " + r" : "");
    std::printf("%-36s %8.1f us %7.1f GOP/s  signed %8.1f us  float %8.1f us  %5.2f x\n", what.c_str(), t[0] * 1e6,
                operations / t[0] * 1e-9, t[1] * 1e6, t[2] * 1e6, t[2] / t[0]);
    log_sum_ += std::log(t[2] / t[0]);
    ++layers_;
  }

  void elementwise(int64_t count) {
    Buffer a = buffer(count), b = buffer(count), y = buffer(count), real = buffer(4 * count);
    const Int8Binary op{{0.1f, 3, false}, {0.2f, 4, false}, {0.3f, 5, false}, {}};
    const Int8Table table = int8_table(op.a, op.y, [](float v) { return v * v; });
    float* f = reinterpret_cast<float*>(real.data());
    const std::vector<double> t = best_seconds({
        [&] { int8_add(isa_, op, a.data(), b.data(), y.data(), count, pool_); },
        [&] { int8_mul(isa_, op, a.data(), b.data(), y.data(), count, pool_); },
        [&] { int8_lookup(isa_, table, a.data(), count, y.data(), count, 1, count, pool_); },
        [&] { int8_quantize(isa_, op.a, f, y.data(), count, pool_); },
        [&] { int8_dequantize(isa_, op.a, a.data(), f, count, pool_); },
    });
    const char* names[] = {"add", "mul", "lookup", "quantize", "dequantize"};
    for (size_t i = 0; i < t.size(); ++i)
      std::printf("%-12s %7.2f elements per ns\n", names[i], static_cast<double>(count) / t[i] * 1e-9);
  }

  void summary(const char* network) {
    std::printf("%s: geometric mean %.2f x\n", network, std::exp(log_sum_ / layers_));
    log_sum_ = layers_ = 0;
  }

 private:
  Isa isa_;
  ThreadPool pool_;
  double log_sum_ = 0, layers_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const Isa isa = argc > 1 ? isa_from_name(argv[1]).value_or(best_isa()) : best_isa();
  if (!machine_has(isa)) return 2;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  std::printf("%s, %d threads\n", std::string(name(isa)).c_str(), threads);
  Bench b(isa, threads);
  b.conv("resnet56", 32, 32, 3, 16, 3, 3, 1);
  b.conv("resnet56", 32, 32, 16, 16, 3, 3, 1);
  b.conv("resnet56", 32, 32, 16, 16, 3, 3, 1, 1, true);
  b.conv("resnet56", 32, 32, 16, 32, 3, 3, 2);
  b.conv("resnet56", 16, 16, 32, 32, 3, 3, 1, 1, true);
  b.conv("resnet56", 16, 16, 32, 64, 3, 3, 2);
  b.conv("resnet56", 8, 8, 64, 64, 3, 3, 1, 1, true);
  b.summary("resnet56");
  b.conv("mobilenetv2", 224, 224, 3, 32, 3, 3, 2);
  const int64_t blocks[][3] = {{112, 32, 16}, {112, 16, 96}, {56, 96, 24},  {56, 24, 144}, {28, 144, 32},
                               {28, 32, 192}, {14, 192, 64}, {14, 64, 384}, {14, 384, 96}, {14, 96, 576},
                               {7, 576, 160}, {7, 160, 960}, {7, 960, 320}, {7, 320, 1280}};
  for (const auto& k : blocks) b.conv("mobilenetv2", k[0], k[0], k[1], k[2], 1, 1, 1);
  const int64_t depthwise[][3] = {{112, 32, 1}, {112, 96, 2}, {56, 144, 1}, {56, 144, 2},
                                  {28, 192, 1}, {14, 384, 1}, {14, 576, 2}, {7, 960, 1}};
  for (const auto& d : depthwise) b.conv("mobilenetv2", d[0], d[0], d[1], d[1], 3, 3, d[2], d[1]);
  b.summary("mobilenetv2");
  b.conv("squeezenet", 227, 227, 3, 64, 3, 3, 2);
  b.conv("squeezenet", 55, 55, 64, 16, 1, 1, 1);
  b.conv("squeezenet", 55, 55, 16, 64, 3, 3, 1);
  b.conv("squeezenet", 27, 27, 32, 128, 3, 3, 1);
  b.conv("squeezenet", 13, 13, 64, 256, 3, 3, 1);
  b.conv("squeezenet", 13, 13, 512, 1000, 1, 1, 1);
  b.summary("squeezenet");
  b.conv("gemm", 1, 1, 1280, 1000, 1, 1, 1);
  b.conv("kws", 49, 10, 1, 64, 10, 4, 2);
  b.conv("kws", 25, 5, 64, 64, 3, 3, 1, 64);
  b.elementwise(16384);
  return 0;
}
