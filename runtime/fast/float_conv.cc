// Convolution over NHWC as an implicit matrix product, and transposed convolution as a product and a gather.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/fast/float_conv.cc"
#include "runtime/fast/targets.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include <cstring>

#include "runtime/fast/float_depthwise-inl.h"
#include "runtime/fast/float_parts.h"
#include "runtime/fast/float_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {
namespace {

bool is_depthwise(const ConvShape& s) {
  return s.groups > 1 && s.groups == s.in_channels && s.groups == s.out_channels;
}

bool is_padded(const ConvShape& s) {
  return s.pad_top != 0 || s.pad_left != 0 || s.pad_bottom != 0 || s.pad_right != 0;
}

int64_t padded_h(const ConvShape& s) { return s.h + s.pad_top + s.pad_bottom; }
int64_t padded_w(const ConvShape& s) { return s.w + s.pad_left + s.pad_right; }

int64_t conv_packed_size(const ConvShape& s) {
  const int64_t taps = s.kernel_h * s.kernel_w;
  if (is_depthwise(s)) return taps * s.out_channels;
  return s.groups * taps * (s.in_channels / s.groups) * Panels{s.out_channels / s.groups}.padded_columns();
}

void conv_pack(const ConvShape& s, const float* weights, float* packed) {
  const int64_t inputs = s.in_channels / s.groups, outputs = s.out_channels / s.groups;
  const int64_t taps = s.kernel_h * s.kernel_w;
  if (is_depthwise(s)) {
    for (int64_t t = 0; t < taps; ++t)
      for (int64_t c = 0; c < s.out_channels; ++c) *packed++ = weights[c * taps + t];
    return;
  }
  const Panels panels{outputs};
  for (int64_t g = 0; g < s.groups; ++g)
    pack_panels(panels, taps * inputs, packed + g * taps * inputs * panels.padded_columns(),
                [&](int64_t depth, int64_t column) {
                  const int64_t tap = depth / inputs, channel = depth % inputs;
                  return weights[((g * outputs + column) * inputs + channel) * taps + tap];
                });
}

int64_t conv_scratch_size(const ConvShape& s) {
  if (is_depthwise(s) || !is_padded(s)) return 0;
  return padded_h(s) * padded_w(s) * s.in_channels;
}

// Copies one image into the middle of a frame of zeros.
void pad_image(const ConvShape& s, const float* in, float* padded, ThreadPool& pool) {
  const int64_t row = s.w * s.in_channels, left = s.pad_left * s.in_channels, right = s.pad_right * s.in_channels;
  const int64_t padded_row = left + row + right;
  const auto zero = [](float* at, int64_t count) { std::memset(at, 0, static_cast<size_t>(count) * sizeof(float)); };
  const int64_t grain = std::max<int64_t>(16 * 1024 / std::max<int64_t>(padded_row, 1), 1);
  parallel_pieces(pool, padded_h(s), grain, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      float* to = padded + y * padded_row;
      if (y < s.pad_top || y >= s.pad_top + s.h) {
        zero(to, padded_row);
        continue;
      }
      zero(to, left);
      std::memcpy(to + left, in + (y - s.pad_top) * row, static_cast<size_t>(row) * sizeof(float));
      zero(to + left + row, right);
    }
  });
}

// The product over images whose padding is in place.
Product conv_product(const ConvShape& s, const float* packed, const Epilogue& epilogue) {
  const int64_t pitch = padded_w(s) * s.in_channels;
  Product job;
  job.grid.out_w = s.out_w();
  job.grid.out_h = s.out_h();
  job.grid.step_w = s.stride_w * s.in_channels;
  job.grid.step_h = s.stride_h * pitch;
  job.grid.step_image = padded_h(s) * pitch;
  job.taps_h = s.kernel_h;
  job.tap_step_h = s.dilation_h * pitch;
  if (s.groups == 1 && (s.dilation_w == 1 || s.kernel_w == 1)) {
    job.run = s.kernel_w * s.in_channels;
  } else {
    job.taps_w = s.kernel_w;
    job.tap_step_w = s.dilation_w * s.in_channels;
    job.run = s.in_channels / s.groups;
  }
  job.groups = s.groups;
  job.group_step = s.in_channels / s.groups;
  job.panels = Panels{s.out_channels / s.groups};
  job.packed = packed;
  job.ldc = s.out_channels;
  job.epilogue = epilogue;
  return job;
}

void conv(const ConvShape& s, const float* in, const float* packed, float* out, const Epilogue& epilogue,
          float* scratch, ThreadPool& pool) {
  if (is_depthwise(s)) return depthwise(s, in, packed, out, epilogue, pool);
  Product job = conv_product(s, packed, epilogue);
  const int64_t pixels = s.out_h() * s.out_w();
  if (!is_padded(s)) {
    job.grid.base = in;
    job.pixels = s.batch * pixels;
    job.c = out;
    return product(job, pool);
  }
  const int64_t residual_stride = epilogue.residual_stride == 0 ? s.out_channels : epilogue.residual_stride;
  job.grid.base = scratch;
  job.pixels = pixels;
  for (int64_t image = 0; image < s.batch; ++image) {
    pad_image(s, in + image * s.h * s.w * s.in_channels, scratch, pool);
    job.c = out + image * pixels * s.out_channels;
    if (epilogue.residual != nullptr) job.epilogue.residual = epilogue.residual + image * pixels * residual_stride;
    product(job, pool);
  }
}

int64_t transpose_columns(const ConvShape& s) { return s.kernel_h * s.kernel_w * s.out_channels; }

int64_t conv_transpose_packed_size(const ConvShape& s) {
  return s.in_channels * Panels{transpose_columns(s)}.padded_columns();
}

// The product's columns are [kernel_h][kernel_w][out_channels].
void conv_transpose_pack(const ConvShape& s, const float* weights, float* packed) {
  const int64_t taps = s.kernel_h * s.kernel_w;
  pack_panels(Panels{transpose_columns(s)}, s.in_channels, packed, [&](int64_t channel, int64_t column) {
    const int64_t tap = column / s.out_channels, output = column % s.out_channels;
    return weights[(channel * s.out_channels + output) * taps + tap];
  });
}

int64_t conv_transpose_scratch_size(const ConvShape& s) { return s.h * s.w * transpose_columns(s); }

HWY_INLINE void add_span(const float* from, float* to, int64_t count) {
  const FloatTag d;
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
  for (; i < count; ++i) to[i] += from[i];
}

// One output pixel: the sum, in the order of the taps, of the products that land on it.
void gather_pixel(const ConvShape& s, const float* products, int64_t y, int64_t x, const float* bias, float* to) {
  const int64_t channels = s.out_channels;
  if (bias != nullptr)
    std::memcpy(to, bias, static_cast<size_t>(channels) * sizeof(float));
  else
    std::memset(to, 0, static_cast<size_t>(channels) * sizeof(float));
  for (int64_t kh = 0; kh < s.kernel_h; ++kh) {
    const int64_t at_y = y + s.pad_top - kh * s.dilation_h;
    if (at_y < 0 || at_y % s.stride_h != 0 || at_y / s.stride_h >= s.h) continue;
    for (int64_t kw = 0; kw < s.kernel_w; ++kw) {
      const int64_t at_x = x + s.pad_left - kw * s.dilation_w;
      if (at_x < 0 || at_x % s.stride_w != 0 || at_x / s.stride_w >= s.w) continue;
      const int64_t pixel = at_y / s.stride_h * s.w + at_x / s.stride_w;
      add_span(products + (pixel * s.kernel_h * s.kernel_w + kh * s.kernel_w + kw) * channels, to, channels);
    }
  }
}

void conv_transpose(const ConvShape& s, int64_t out_h, int64_t out_w, const float* in, const float* packed, float* out,
                    const Epilogue& epilogue, float* scratch, ThreadPool& pool) {
  Product job;
  job.grid.out_w = s.h * s.w;
  job.grid.step_w = s.in_channels;
  job.pixels = s.h * s.w;
  job.run = s.in_channels;
  job.panels = Panels{transpose_columns(s)};
  job.packed = packed;
  job.c = scratch;
  job.ldc = transpose_columns(s);
  const int64_t residual_stride = epilogue.residual_stride == 0 ? s.out_channels : epilogue.residual_stride;
  for (int64_t image = 0; image < s.batch; ++image) {
    job.grid.base = in + image * s.h * s.w * s.in_channels;
    product(job, pool);
    parallel_for(pool, out_h, [&](int64_t y) {
      for (int64_t x = 0; x < out_w; ++x) {
        const int64_t pixel = (image * out_h + y) * out_w + x;
        float* to = out + pixel * s.out_channels;
        gather_pixel(s, scratch, y, x, epilogue.bias, to);
        if (epilogue.residual != nullptr) add_span(epilogue.residual + pixel * residual_stride, to, s.out_channels);
        finish_tile(epilogue.activation, to, 0, 1, s.out_channels);
      }
    });
  }
}

}  // namespace

void fill_conv(FloatKernels& kernels) {
  kernels.conv_packed_size = &conv_packed_size;
  kernels.conv_pack = &conv_pack;
  kernels.conv_scratch_size = &conv_scratch_size;
  kernels.conv = &conv;
  kernels.conv_transpose_packed_size = &conv_transpose_packed_size;
  kernels.conv_transpose_pack = &conv_transpose_pack;
  kernels.conv_transpose_scratch_size = &conv_transpose_scratch_size;
  kernels.conv_transpose = &conv_transpose;
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pare {
PARE_DEFINE_FLOAT_FILL(conv)
}  // namespace pare
#endif
