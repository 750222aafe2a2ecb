// Int8Conv on every instruction set and 1 to 3 threads against sums in 64 bits and the rounding that int8.h defines.
#include <cstring>

#include "tests/kernels/int8_cases.h"

namespace pare {
namespace {

using namespace test;

// A convolution with its operands, and what comes of it.
struct Case {
  ConvShape shape;
  Int8ConvParams params;
  Fill fill = Fill::mixed;
  Fill weight_fill = Fill::mixed;
  std::vector<float> weight_scale;
  std::vector<int32_t> weight_zero_point;
  std::vector<int32_t> bias;
  std::vector<float> float_bias;
  Bytes x, weights, residual;
  bool at_run_time = false;  // scale and zero point of the input come with the data

  void fill_in() {
    const ConvShape& s = shape;
    const auto outputs = static_cast<size_t>(s.out_channels);
    x = bytes(s.batch * s.h * s.w * s.in_channels, fill, params.input.is_signed, 1);
    weights = bytes(s.out_channels * s.in_channels / s.groups * s.kernel_h * s.kernel_w, weight_fill,
                    params.weights_signed, 2);
    if (params.residual)
      residual = bytes(s.batch * s.out_h() * s.out_w() * s.out_channels, fill, params.residual->is_signed, 3);
    if (weight_scale.empty())
      for (size_t c = 0; c < outputs; ++c) weight_scale.push_back(0.002f + 0.0003f * static_cast<float>(c % 7));
    params.shape = s;
    params.shape.batch = params.shape.h = params.shape.w = 0;
    params.weights = weights.data();
    params.weight_scale = weight_scale;
    params.weight_zero_point = weight_zero_point;
    params.bias = bias;
    params.float_bias = float_bias;
  }
};

template <class T>
T of_channel(const std::vector<T>& values, int64_t c, T none) {
  return values.empty() ? none : values[values.size() == 1 ? 0 : static_cast<size_t>(c)];
}

int64_t accumulator(const Case& k, int64_t n, int64_t oy, int64_t ox, int64_t c) {
  const ConvShape& s = k.shape;
  const int64_t in = s.in_channels / s.groups, group = c / (s.out_channels / s.groups);
  int64_t acc = k.bias.empty() ? 0 : k.bias[static_cast<size_t>(c)];
  for (int64_t ky = 0; ky < s.kernel_h; ++ky)
    for (int64_t kx = 0; kx < s.kernel_w; ++kx) {
      const int64_t iy = oy * s.stride_h - s.pad_top + ky * s.dilation_h;
      const int64_t ix = ox * s.stride_w - s.pad_left + kx * s.dilation_w;
      if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w) continue;
      for (int64_t i = 0; i < in; ++i) {
        const int64_t at = ((n * s.h + iy) * s.w + ix) * s.in_channels + group * in + i;
        const int64_t w =
            k.params.weights_io ? i * s.out_channels + c : ((c * in + i) * s.kernel_h + ky) * s.kernel_w + kx;
        acc += int64_t{element(k.x, at, k.params.input.is_signed) - k.params.input.zero_point} *
               (element(k.weights, w, k.params.weights_signed) - of_channel(k.weight_zero_point, c, 0));
      }
    }
  return acc;
}

// The result's bytes, by the formulas at the top of int8.h.
Bytes expected(const Case& k) {
  const ConvShape& s = k.shape;
  const Int8ConvParams& p = k.params;
  const bool quantized = p.output_kind == Int8Output::quantized;
  const float sy = quantized ? p.output.scale : 1.0f;
  const float su = p.middle ? p.middle->scale : sy;
  const int64_t count = s.batch * s.out_h() * s.out_w() * s.out_channels;
  Bytes y(static_cast<size_t>(count * (quantized ? 1 : 4)));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t c = i % s.out_channels, pixel = i / s.out_channels;
    const int64_t exact =
        accumulator(k, pixel / (s.out_h() * s.out_w()), pixel / s.out_w() % s.out_h(), pixel % s.out_w(), c);
    const auto acc = static_cast<int32_t>(exact);
    const float m = p.input.scale * of_channel(k.weight_scale, c, 1.0f) / su;
    float v = static_cast<float>(acc) * m;
    if (!k.float_bias.empty()) v = v + k.float_bias[static_cast<size_t>(c)] / su;
    if (p.middle) {
      v = static_cast<float>(bounded(v, *p.middle, p.middle_bounds) - p.middle->zero_point);
      v = v * (su / sy);
    }
    if (p.residual) {
      const int32_t r = element(k.residual, i, p.residual->is_signed) - p.residual->zero_point;
      v = v + static_cast<float>(r) * (p.residual->scale / sy);
    }
    if (quantized) {
      y[static_cast<size_t>(i)] = static_cast<uint8_t>(bounded(v, p.output, p.bounds));
      continue;
    }
    v = std::min(std::max(v, p.bounds.low), p.bounds.high);
    std::memcpy(y.data() + 4 * i, p.output_kind == Int8Output::int32 ? static_cast<const void*>(&acc) : &v, 4);
  }
  return y;
}

// Runs on every set and number of threads; all must give the expected bytes and write nothing else.
void check(Case k, const std::string& name) {
  INFO(name);
  k.fill_in();
  const Bytes want = expected(k);
  const Int8Quant input = k.params.input;
  if (k.at_run_time) k.params.input = {9.5f, 3, false};
  for (Isa isa : machine_isas()) {
    const Int8Conv conv(k.params, isa);
    for (int threads = 1; threads <= 3; ++threads) {
      INFO("set " << pare::name(isa) << ", threads " << threads);
      ThreadPool pool(threads);
      constexpr size_t kGuard = 64;
      Bytes y(want.size() + kGuard, 0xa5);
      std::vector<std::byte> scratch(conv.scratch_bytes(k.shape, pool.threads()));
      conv.run(k.shape, {k.x.data(), k.residual.data(), y.data(), k.at_run_time ? &input : nullptr}, scratch, pool);
      size_t wrong = 0, first = want.size();
      for (size_t i = 0; i < want.size(); ++i)
        if (y[i] != want[i] && ++wrong == 1) first = i;
      INFO("first wrong byte " << first << " of " << want.size());
      CHECK(wrong == 0);
      CHECK(std::count(y.end() - kGuard, y.end(), 0xa5) == kGuard);
    }
  }
}

ConvShape product(int64_t m, int64_t k, int64_t n) {
  ConvShape s;
  s.w = m;
  s.in_channels = k;
  s.out_channels = n;
  return s;
}

ConvShape image(int64_t h, int64_t w, int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t pad = 0) {
  ConvShape s;
  s.h = h;
  s.w = w;
  s.in_channels = in;
  s.out_channels = out;
  s.kernel_h = s.kernel_w = kernel;
  s.stride_h = s.stride_w = stride;
  s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = pad;
  return s;
}

Case make(const ConvShape& shape, bool x_signed = false) {
  Case k;
  k.shape = shape;
  k.params.input = x_signed ? Int8Quant{0.05f, -7, true} : Int8Quant{0.05f, 121, false};
  k.params.output = x_signed ? Int8Quant{0.2f, -128, true} : Int8Quant{0.2f, 117, false};
  return k;
}

std::vector<ConvShape> shapes() {
  std::vector<ConvShape> all = {
      product(1, 1, 1),
      product(1, 64, 10),
      product(1, 131, 100),
      product(7, 3, 16),
      product(49, 160, 64),
      product(50, 37, 33),
      product(100, 16, 96),
      product(13, 64, 48),
      product(5, 24, 80),
      product(300, 8, 17),
      image(8, 8, 16, 16, 3, 1, 1),
      image(9, 7, 3, 24, 3, 2, 1),
      image(11, 5, 1, 10, 5, 1, 2),
      image(6, 10, 11, 7, 3, 1, 1),
      image(7, 7, 32, 64, 1, 2),
      image(9, 9, 6, 20, 1, 2),
      image(12, 12, 3, 18, 7, 2),
      image(4, 4, 64, 130, 3, 1, 1),
  };
  ConvShape s = image(10, 9, 5, 12, 3, 1, 2);
  s.dilation_h = s.dilation_w = 2;
  all.push_back(s);
  s = image(8, 8, 8, 12, 3, 1, 1);
  s.groups = 4;
  all.push_back(s);
  s = image(8, 8, 6, 12, 1);
  s.groups = 2;
  all.push_back(s);
  s = image(5, 6, 4, 8, 3, 1, 1);  // two outputs per channel
  s.groups = 4;
  all.push_back(s);
  s = image(1, 40, 4, 6, 1);
  s.kernel_w = 9;
  s.pad_left = 3;
  s.pad_right = 1;
  all.push_back(s);
  s = image(9, 8, 7, 5, 2, 2);
  s.batch = 3;
  s.pad_bottom = s.pad_right = 1;
  all.push_back(s);
  s = image(5, 5, 18, 20, 1);
  s.batch = 2;
  all.push_back(s);
  s = image(3, 3, 2, 3, 3, 1, 4);  // windows that lie in the padding
  all.push_back(s);
  return all;
}

std::vector<ConvShape> depthwise_shapes() {
  std::vector<ConvShape> all;
  for (int64_t channels : {2, 3, 16, 24, 37, 64, 96, 144})
    for (int64_t stride : {1, 2}) all.push_back(image(7, 9, channels, channels, 3, stride, 1));
  all.push_back(image(9, 6, 20, 20, 5, 1, 2));
  all.push_back(image(9, 6, 20, 20, 5, 2, 2));
  all.push_back(image(6, 6, 577, 577, 3, 1, 1));
  ConvShape s = image(49, 10, 64, 64, 3, 1, 0);
  s.pad_left = 2;
  s.pad_bottom = 1;
  all.push_back(s);
  s = image(9, 9, 12, 12, 3, 1, 2);
  s.dilation_h = s.dilation_w = 2;
  s.batch = 2;
  all.push_back(s);
  s = image(1, 30, 10, 10, 1);
  s.kernel_w = 7;
  all.push_back(s);
  for (ConvShape& shape : all) shape.groups = shape.in_channels;
  return all;
}

std::string text(const ConvShape& s) {
  return "batch " + std::to_string(s.batch) + ", " + std::to_string(s.h) + "x" + std::to_string(s.w) + "x" +
         std::to_string(s.in_channels) + " to " + std::to_string(s.out_channels) + ", kernel " +
         std::to_string(s.kernel_h) + "x" + std::to_string(s.kernel_w) + ", stride " + std::to_string(s.stride_w) +
         ", groups " + std::to_string(s.groups);
}

std::vector<ConvShape> all_shapes() {
  std::vector<ConvShape> all = shapes();
  for (const ConvShape& s : depthwise_shapes()) all.push_back(s);
  return all;
}

std::vector<int32_t> int_bias(const ConvShape& s) {
  std::vector<int32_t> bias;
  for (int64_t c = 0; c < s.out_channels; ++c) bias.push_back(static_cast<int32_t>(c * 37 % 2001 - 1000));
  return bias;
}

}  // namespace

TEST_CASE("int8 convolution and product, quantized result, every shape", "[int8]") {
  for (const ConvShape& shape : all_shapes())
    for (bool x_signed : {false, true}) {
      Case k = make(shape, x_signed);
      k.bias = int_bias(shape);
      check(k, text(shape));
    }
}

TEST_CASE("int8 extreme values do not saturate on the way", "[int8]") {
  const std::vector<ConvShape> few = {product(9, 300, 20), image(6, 6, 16, 16, 3, 1, 1), depthwise_shapes()[4]};
  for (const ConvShape& shape : few)
    for (Fill fill : {Fill::lowest, Fill::highest, Fill::alternating})
      for (Fill weight_fill : {Fill::lowest, Fill::highest, Fill::alternating})
        for (int zero : {0, 1, 2})
          for (bool x_signed : {false, true}) {
            Case k = make(shape, x_signed);
            k.fill = fill;
            k.weight_fill = weight_fill;
            k.params.input.zero_point = zero == 0 ? (x_signed ? -128 : 0) : zero == 1 ? (x_signed ? 127 : 255) : 5;
            k.params.output_kind = Int8Output::int32;
            check(k, text(shape));
          }
}

TEST_CASE("int8 weights that are unsigned or have zero points", "[int8]") {
  for (const ConvShape& shape : {product(9, 30, 20), image(6, 6, 9, 24, 3, 1, 1), depthwise_shapes()[8]})
    for (bool weights_signed : {false, true})
      for (std::vector<int32_t> zeros : {std::vector<int32_t>{}, {128}, {127}, {3}, {-128}, {0, 255}})
        for (Fill fill : {Fill::mixed, Fill::highest, Fill::lowest}) {
          Case k = make(shape, weights_signed);
          k.params.weights_signed = weights_signed;
          k.weight_fill = fill;
          k.fill = fill;
          if (zeros.size() == 2) {
            zeros.resize(static_cast<size_t>(shape.out_channels));
            for (size_t i = 0; i < zeros.size(); ++i) zeros[i] = static_cast<int32_t>(i * 50 % 256);
          }
          k.weight_zero_point = zeros;
          k.params.output_kind = Int8Output::int32;
          check(k, text(shape));
        }
}

TEST_CASE("int8 results as float32 with a float bias and bounds", "[int8]") {
  for (const ConvShape& shape : all_shapes()) {
    Case k = make(shape);
    for (int64_t c = 0; c < shape.out_channels; ++c) k.float_bias.push_back(0.37f * static_cast<float>(c % 5) - 0.6f);
    k.params.output_kind = Int8Output::float32;
    k.params.bounds = {0.0f, 6.0f};
    check(k, text(shape));
    k.params.output_kind = Int8Output::quantized;
    check(k, text(shape));
  }
}

TEST_CASE("int8 one scale for all channels", "[int8]") {
  for (const ConvShape& shape : {product(9, 30, 20), depthwise_shapes()[8]}) {
    Case k = make(shape);
    k.weight_scale = {0.004f};
    k.params.bounds.low = 0;
    check(k, text(shape));
  }
}

TEST_CASE("int8 residual, with and without a quantization between", "[int8]") {
  for (const ConvShape& shape : all_shapes())
    for (bool middle : {false, true})
      for (bool r_signed : {false, true}) {
        Case k = make(shape, !r_signed);
        k.bias = int_bias(shape);
        k.params.residual = r_signed ? Int8Quant{0.07f, 11, true} : Int8Quant{0.07f, 130, false};
        if (middle) {
          k.params.middle = Int8Quant{0.11f, 9, r_signed};
          k.params.middle_bounds.low = -5;
        }
        k.params.bounds.low = 0;
        check(k, text(shape));
        k.params.output_kind = Int8Output::float32;
        check(k, text(shape));
      }
}

TEST_CASE("int8 product with weights as MatMul has them", "[int8]") {
  for (const ConvShape& shape : {product(1, 100, 33), product(20, 17, 40)}) {
    Case k = make(shape);
    k.params.weights_io = true;
    check(k, text(shape));
  }
}

TEST_CASE("int8 input scale and zero point known at run time", "[int8]") {
  for (const ConvShape& shape : all_shapes())
    for (bool x_signed : {false, true}) {
      Case k = make(shape, x_signed);
      k.at_run_time = true;
      k.params.output_kind = Int8Output::float32;
      check(k, text(shape));
    }
}

TEST_CASE("int8 quantization of a number is that of QuantizeLinear", "[int8]") {
  const Int8Quant u{0.5f, 10, false}, s{0.5f, -3, true};
  CHECK(u.quantize(0.0f) == 10);
  CHECK(u.quantize(0.25f) == 10);  // halves to even
  CHECK(u.quantize(0.75f) == 12);
  CHECK(u.quantize(-0.25f) == 10);
  CHECK(u.quantize(1e9f) == 255);
  CHECK(u.quantize(-1e9f) == 0);
  CHECK(s.quantize(-1e9f) == -128);
  CHECK(s.quantize(std::numeric_limits<float>::infinity()) == 127);
  CHECK(s.quantize(std::numeric_limits<float>::quiet_NaN()) == -128);
}

}  // namespace pare
