// Depthwise convolution over NHWC, one output channel per input channel. Vectors run along channels; several pixels of
// a row share the loads of their windows. Included once per instruction set.
#if defined(PARE_RUNTIME_FAST_FLOAT_DEPTHWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PARE_RUNTIME_FAST_FLOAT_DEPTHWISE_INL_H_
#undef PARE_RUNTIME_FAST_FLOAT_DEPTHWISE_INL_H_
#else
#define PARE_RUNTIME_FAST_FLOAT_DEPTHWISE_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "runtime/fast/float_kernels.h"
#include "runtime/fast/float_math-inl.h"
#include "runtime/fast/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {

// The taps [0, taps_h) x [0, taps_w) that lie inside the image, for neighbouring pixels of one output row.
struct DepthwiseArgs {
  const float* in;  // first tap of the first pixel
  int64_t row_step, column_step;
  const float* weights;  // first tap, [kernel_h][kernel_w][channels]
  int64_t weight_row_step;
  int64_t taps_h, taps_w;
  int64_t channels;
  const float* bias;
  const float* residual;
  int64_t residual_stride;
  float* out;
  int64_t out_step;
  float low, high;
};

template <bool kPartial>
HWY_INLINE FloatVec load_channels(FloatTag d, const float* from, int64_t n) {
  if constexpr (kPartial) return load_partial(d, from, n);
  return hn::LoadU(d, from);
}

template <bool kPartial, int kPixels>
HWY_INLINE void depthwise_finish(FloatTag d, const FloatVec (&acc)[kPixels], const DepthwiseArgs& args, int64_t c,
                                 int64_t n) {
  const FloatVec low = hn::Set(d, args.low), high = hn::Set(d, args.high);
  PARE_UNROLL(8)
  for (int p = 0; p < kPixels; ++p) {
    FloatVec sum = acc[p];
    if (args.residual != nullptr)
      sum = hn::Add(sum, load_channels<kPartial>(d, args.residual + p * args.residual_stride + c, n));
    sum = clamp(sum, low, high);
    float* to = args.out + p * args.out_step + c;
    if constexpr (kPartial)
      store_partial(d, sum, to, n);
    else
      hn::StoreU(sum, d, to);
  }
}

// Keeps GCC from loading the value again at each of its uses.
HWY_INLINE void hold(FloatVec& v) {
#if HWY_COMPILER_GCC && (HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3)
  __asm__("" : "+v"(v.raw));
#else
  (void)v;
#endif
}

// kPixels neighbours, stride kStride, kTaps taps in a row, dilation 1 along the row.
template <bool kPartial, int kTaps, int kStride, int kPixels>
HWY_INLINE void depthwise_vector(FloatTag d, const DepthwiseArgs& args, int64_t c, int64_t n) {
  FloatVec acc[kPixels];
  const FloatVec start = args.bias == nullptr ? hn::Zero(d) : load_channels<kPartial>(d, args.bias + c, n);
  PARE_UNROLL(8)
  for (int p = 0; p < kPixels; ++p) acc[p] = start;
  const float* row = args.in + c;
  const float* weights = args.weights + c;
  const int64_t step = args.column_step;
  for (int64_t th = 0; th < args.taps_h; ++th, row += args.row_step, weights += args.weight_row_step) {
    FloatVec w[kTaps];
    PARE_UNROLL(8)
    for (int t = 0; t < kTaps; ++t) w[t] = load_channels<kPartial>(d, weights + t * args.channels, n);
    PARE_UNROLL(32)
    for (int j = 0; j < (kPixels - 1) * kStride + kTaps; ++j) {
      FloatVec x = load_channels<kPartial>(d, row + j * step, n);
      hold(x);
      PARE_UNROLL(8)
      for (int p = 0; p < kPixels; ++p) {
        const int t = j - p * kStride;
        if (t >= 0 && t < kTaps) acc[p] = hn::MulAdd(x, w[t], acc[p]);
      }
    }
  }
  depthwise_finish<kPartial, kPixels>(d, acc, args, c, n);
}

template <int kTaps, int kStride, int kPixels>
HWY_NOINLINE void depthwise_pixels(const DepthwiseArgs& shared) {
  const DepthwiseArgs args = shared;  // a copy that no store can change
  const FloatTag d;
  int64_t c = 0;
  for (; c + kLanes <= args.channels; c += kLanes) depthwise_vector<false, kTaps, kStride, kPixels>(d, args, c, kLanes);
  if (c < args.channels) depthwise_vector<true, kTaps, kStride, kPixels>(d, args, c, args.channels - c);
}

template <bool kPartial>
HWY_INLINE void depthwise_any_vector(FloatTag d, const DepthwiseArgs& args, int64_t c, int64_t n) {
  FloatVec acc[1] = {args.bias == nullptr ? hn::Zero(d) : load_channels<kPartial>(d, args.bias + c, n)};
  for (int64_t th = 0; th < args.taps_h; ++th) {
    const float* row = args.in + th * args.row_step + c;
    const float* weights = args.weights + th * args.weight_row_step + c;
    for (int64_t tw = 0; tw < args.taps_w; ++tw)
      acc[0] = hn::MulAdd(load_channels<kPartial>(d, row + tw * args.column_step, n),
                          load_channels<kPartial>(d, weights + tw * args.channels, n), acc[0]);
  }
  depthwise_finish<kPartial, 1>(d, acc, args, c, n);
}

// One pixel, any taps.
HWY_NOINLINE inline void depthwise_any(const DepthwiseArgs& shared) {
  const DepthwiseArgs args = shared;
  const FloatTag d;
  int64_t c = 0;
  for (; c + kLanes <= args.channels; c += kLanes) depthwise_any_vector<false>(d, args, c, kLanes);
  if (c < args.channels) depthwise_any_vector<true>(d, args, c, args.channels - c);
}

using DepthwiseFunction = void (*)(const DepthwiseArgs&);
inline constexpr int kDepthwisePixels = HWY_TARGET == HWY_AVX3 ? 8 : 4;
inline constexpr int kDepthwiseTaps = 5;
using DepthwiseFunctions = std::array<DepthwiseFunction, kDepthwisePixels>;

template <int kTaps, int kStride, size_t... kPixels>
constexpr DepthwiseFunctions depthwise_of(std::index_sequence<kPixels...>) {
  return {&depthwise_pixels<kTaps, kStride, static_cast<int>(kPixels) + 1>...};
}

// [pixels - 1]
template <int kTaps, int kStride>
inline constexpr DepthwiseFunctions kDepthwise =
    depthwise_of<kTaps, kStride>(std::make_index_sequence<kDepthwisePixels>());

// One pixel of which some taps lie outside: [taps - 1]
inline constexpr DepthwiseFunction kDepthwiseEdge[kDepthwiseTaps] = {
    &depthwise_pixels<1, 1, 1>, &depthwise_pixels<2, 1, 1>, &depthwise_pixels<3, 1, 1>, &depthwise_pixels<4, 1, 1>,
    &depthwise_pixels<5, 1, 1>};

inline const DepthwiseFunctions* depthwise_functions(const ConvShape& s) {
  if (s.dilation_w != 1) return nullptr;
  if (s.kernel_w == 3 && s.stride_w == 1) return &kDepthwise<3, 1>;
  if (s.kernel_w == 3 && s.stride_w == 2) return &kDepthwise<3, 2>;
  if (s.kernel_w == 5 && s.stride_w == 1) return &kDepthwise<5, 1>;
  if (s.kernel_w == 5 && s.stride_w == 2) return &kDepthwise<5, 2>;
  return nullptr;
}

// The taps t in [first, last) for which first_input + t * dilation lies in [0, size).
struct TapRange {
  int64_t first, last;
};

inline TapRange taps_inside(int64_t first_input, int64_t dilation, int64_t taps, int64_t size) {
  const int64_t first = first_input < 0 ? (-first_input + dilation - 1) / dilation : 0;
  const int64_t last = first_input < size ? (size - first_input + dilation - 1) / dilation : 0;
  return {std::min(first, taps), std::max(std::min(last, taps), std::min(first, taps))};
}

inline void depthwise_row(const ConvShape& s, const float* in, const float* packed, float* out,
                          const Epilogue& epilogue, int64_t image, int64_t y) {
  const int64_t channels = s.in_channels, out_w = s.out_w();
  const int64_t in_y = y * s.stride_h - s.pad_top;
  const TapRange rows = taps_inside(in_y, s.dilation_h, s.kernel_h, s.h);
  const ClipRange clip = clip_of(epilogue.activation);
  const float* image_in = in + image * s.h * s.w * channels;
  const int64_t out_row = (image * s.out_h() + y) * out_w;
  DepthwiseArgs args{};
  args.row_step = s.dilation_h * s.w * channels;
  args.column_step = s.dilation_w * channels;
  args.weight_row_step = s.kernel_w * channels;
  args.taps_h = rows.last - rows.first;
  args.channels = channels;
  args.bias = epilogue.bias;
  args.residual_stride = epilogue.residual_stride == 0 ? channels : epilogue.residual_stride;
  args.out_step = channels;
  args.low = clip.low;
  args.high = clip.high;

  const DepthwiseFunctions* functions = args.taps_h > 0 ? depthwise_functions(s) : nullptr;
  const int64_t reach = s.dilation_w * (s.kernel_w - 1);
  for (int64_t x = 0; x < out_w;) {
    const int64_t in_x = x * s.stride_w - s.pad_left;
    const TapRange columns = taps_inside(in_x, s.dilation_w, s.kernel_w, s.w);
    const bool inside = in_x >= 0 && in_x + reach < s.w;
    int64_t pixels = 1;
    if (inside && functions != nullptr) {
      const int64_t left = std::min(out_w - x, (s.w - 1 - reach - in_x) / s.stride_w + 1);
      const int64_t tiles = (left + kDepthwisePixels - 1) / kDepthwisePixels;
      pixels = (left + tiles - 1) / tiles;
    }
    args.taps_w = columns.last - columns.first;
    args.in = image_in;
    if (args.taps_w > 0 && args.taps_h > 0)
      args.in += ((in_y + rows.first * s.dilation_h) * s.w + in_x + columns.first * s.dilation_w) * channels;
    args.weights = packed + (rows.first * s.kernel_w + columns.first) * channels;
    args.out = out + (out_row + x) * channels;
    if (epilogue.residual != nullptr) args.residual = epilogue.residual + (out_row + x) * args.residual_stride;
    if (inside && functions != nullptr)
      (*functions)[static_cast<size_t>(pixels - 1)](args);
    else if (s.dilation_w == 1 && args.taps_w >= 1 && args.taps_w <= kDepthwiseTaps)
      kDepthwiseEdge[args.taps_w - 1](args);
    else
      depthwise_any(args);
    x += pixels;
  }
  if (is_clip(epilogue.activation)) return;
  float* row = out + out_row * channels;
  with_activation(epilogue.activation.kind, [&]<ActivationKind kKind>() {
    activate_span<kKind>(epilogue.activation, row, row, out_w * channels);
  });
}

inline void depthwise(const ConvShape& s, const float* in, const float* packed, float* out, const Epilogue& epilogue,
                      ThreadPool& pool) {
  const int64_t rows = s.out_h();
  parallel_for(pool, s.batch * rows,
               [&](int64_t unit) { depthwise_row(s, in, packed, out, epilogue, unit / rows, unit % rows); });
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#endif
