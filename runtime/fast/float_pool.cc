// Pooling over NHWC and transposes between channels-first and channels-last.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/fast/float_pool.cc"
#include "runtime/fast/targets.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include <limits>

#include "runtime/fast/float_depthwise-inl.h"
#include "runtime/fast/float_parts.h"
#include "runtime/fast/float_transpose-inl.h"
#include "runtime/fast/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {
namespace {

struct Window {
  const float* first = nullptr;  // of the cells that lie in the image
  int64_t rows = 0, columns = 0, row_step = 0, column_step = 0;
};

template <class Fold>
HWY_INLINE FloatVec fold_window(FloatTag d, const Window& window, int64_t c, int64_t n, FloatVec start,
                                const Fold& fold) {
  FloatVec result = start;
  for (int64_t y = 0; y < window.rows; ++y) {
    const float* row = window.first + y * window.row_step + c;
    for (int64_t x = 0; x < window.columns; ++x) result = fold(result, load_up_to(d, row + x * window.column_step, n));
  }
  return result;
}

struct MaxPool {
  static FloatVec start(FloatTag d) { return hn::Set(d, -std::numeric_limits<float>::infinity()); }
  // NaN from either side stays.
  static HWY_INLINE FloatVec fold(FloatVec a, FloatVec b) { return hn::IfThenElse(hn::IsNaN(a), a, at_least(b, a)); }
};

struct SumPool {
  static FloatVec start(FloatTag d) { return hn::Zero(d); }
  static HWY_INLINE FloatVec fold(FloatVec a, FloatVec b) { return hn::Add(a, b); }
};

template <class Kind>
HWY_INLINE void pool_window(const Window& window, int64_t channels, float divisor, float* out) {
  const FloatTag d;
  const FloatVec divide = hn::Set(d, divisor);
  for (int64_t c = 0; c < channels; c += kLanes) {
    FloatVec v = fold_window(d, window, c, channels - c, Kind::start(d),
                             [](FloatVec a, FloatVec b) HWY_ATTR { return Kind::fold(a, b); });
    if (divisor != 1.0f) v = hn::Div(v, divide);
    store_up_to(d, v, out + c, channels - c);
  }
}

// Calls body(window, rows and columns counting padding up to the limits, output) for the pixels of one output row.
template <class Body>
void for_windows(const ConvShape& s, const float* in, float* out, int64_t image, int64_t y, const Body& body) {
  const int64_t channels = s.in_channels, out_w = s.out_w(), in_y = y * s.stride_h - s.pad_top;
  const TapRange rows = taps_inside(in_y, s.dilation_h, s.kernel_h, s.h);
  const float* base = in + image * s.h * s.w * channels;
  float* to = out + (image * s.out_h() + y) * out_w * channels;
  for (int64_t x = 0; x < out_w; ++x, to += channels) {
    const int64_t in_x = x * s.stride_w - s.pad_left;
    const TapRange columns = taps_inside(in_x, s.dilation_w, s.kernel_w, s.w);
    Window window;
    window.first = base;
    window.rows = rows.last - rows.first;
    window.columns = columns.last - columns.first;
    window.row_step = s.dilation_h * s.w * channels;
    window.column_step = s.dilation_w * channels;
    if (window.rows > 0 && window.columns > 0)
      window.first += ((in_y + rows.first * s.dilation_h) * s.w + in_x + columns.first * s.dilation_w) * channels;
    else
      window.rows = 0;
    body(window, in_y, in_x, to);
  }
}

void max_pool(const ConvShape& s, const float* in, float* out, ThreadPool& pool) {
  const int64_t rows = s.out_h();
  parallel_for(pool, s.batch * rows, [&](int64_t unit) {
    for_windows(s, in, out, unit / rows, unit % rows, [&](const Window& window, int64_t, int64_t, float* to) {
      pool_window<MaxPool>(window, s.in_channels, 1.0f, to);
    });
  });
}

void average_pool(const ConvShape& s, bool count_include_pad, int64_t include_bottom, int64_t include_right,
                  const float* in, float* out, ThreadPool& pool) {
  const int64_t rows = s.out_h();
  parallel_for(pool, s.batch * rows, [&](int64_t unit) {
    for_windows(s, in, out, unit / rows, unit % rows, [&](const Window& window, int64_t y, int64_t x, float* to) {
      int64_t cells = window.rows * window.columns;
      if (count_include_pad) {
        const TapRange tall = taps_inside(y + s.pad_top, s.dilation_h, s.kernel_h, s.pad_top + s.h + include_bottom);
        const TapRange wide = taps_inside(x + s.pad_left, s.dilation_w, s.kernel_w, s.pad_left + s.w + include_right);
        cells = (tall.last - tall.first) * (wide.last - wide.first);
      }
      pool_window<SumPool>(window, s.in_channels, static_cast<float>(std::max<int64_t>(cells, 1)), to);
    });
  });
}

// Vectors of channels [begin, end): eight sums of every eighth pixel, so that long images neither wait for additions
// nor lose digits.
void mean_of_pixels(const float* in, int64_t pixels, int64_t channels, int64_t begin, int64_t end, float* out) {
  const FloatTag d;
  for (int64_t c = begin; c < end; c += kLanes) {
    const int64_t n = end - c;
    FloatVec sums[8];
    for (FloatVec& sum : sums) sum = hn::Zero(d);
    int64_t p = 0;
    for (; p + 8 <= pixels; p += 8) {
      PARE_UNROLL(8)
      for (int i = 0; i < 8; ++i) sums[i] = hn::Add(sums[i], load_up_to(d, in + (p + i) * channels + c, n));
    }
    for (; p < pixels; ++p) sums[0] = hn::Add(sums[0], load_up_to(d, in + p * channels + c, n));
    const FloatVec low = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
    const FloatVec high = hn::Add(hn::Add(sums[4], sums[5]), hn::Add(sums[6], sums[7]));
    store_up_to(d, hn::Div(hn::Add(low, high), hn::Set(d, static_cast<float>(pixels))), out + c, n);
  }
}

void global_average_pool(int64_t batch, int64_t pixels, int64_t channels, const float* in, float* out,
                         ThreadPool& pool) {
  constexpr int64_t kBlock = 64;
  const int64_t blocks = (channels + kBlock - 1) / kBlock;
  parallel_for(pool, batch * blocks, [&](int64_t unit) {
    const int64_t image = unit / blocks, begin = unit % blocks * kBlock;
    mean_of_pixels(in + image * pixels * channels, pixels, channels, begin, std::min(begin + kBlock, channels),
                   out + image * channels);
  });
}

// Square blocks, so that both sides use whole cache lines.
// to[i] = sum over taps of weight * from[index * step + i]
void weighted_sum(const float* from, int64_t step, const int32_t* index, const float* weight, int64_t taps, float* to,
                  int64_t count) {
  const FloatTag d;
  for (int64_t i = 0; i < count; i += kLanes) {
    const int64_t here = count - i;
    FloatVec sum = hn::Zero(d);
    for (int64_t k = 0; k < taps; ++k)
      sum = hn::MulAdd(hn::Set(d, weight[k]), load_up_to(d, from + index[k] * step + i, here), sum);
    store_up_to(d, sum, to + i, here);
  }
}

void resize(int64_t batch, int64_t h, int64_t w, int64_t channels, const AxisTaps& y, const AxisTaps& x,
            const float* in, float* out, float* scratch, ThreadPool& pool) {
  const int64_t row = w * channels;
  const auto work = [&](int64_t unit, int thread) {
    float* line = scratch + thread * row;
    const int64_t at = unit % y.size;
    weighted_sum(in + unit / y.size * h * row, row, y.index + at * y.taps, y.weight + at * y.taps, y.taps, line, row);
    for (int64_t i = 0; i < x.size; ++i)
      weighted_sum(line, channels, x.index + i * x.taps, x.weight + i * x.taps, x.taps,
                   out + (unit * x.size + i) * channels, channels);
  };
  if (pool.threads() == 1) {
    for (int64_t unit = 0; unit < batch * y.size; ++unit) work(unit, 0);
    return;
  }
  pool.run(batch * y.size, std::cref(work));
}

void transpose(int64_t batch, int64_t rows, int64_t columns, const float* in, float* out, ThreadPool& pool) {
  constexpr int64_t kBlock = 16;
  const int64_t strips = (columns + kBlock - 1) / kBlock;
  const int64_t grain = std::max<int64_t>(16 * 1024 / std::max<int64_t>(rows * kBlock, 1), 1);
  parallel_pieces(pool, batch * strips, grain, [&](int64_t first, int64_t last) {
    for (int64_t strip = first; strip < last; ++strip) {
      const int64_t offset = strip / strips * rows * columns, c = strip % strips * kBlock;
      const int64_t wide = std::min(kBlock, columns - c);
      for (int64_t r = 0; r < rows; r += kBlock)
        transpose_block(in + offset + r * columns + c, columns, out + offset + c * rows + r, rows,
                        std::min(kBlock, rows - r), wide);
    }
  });
}

}  // namespace

void fill_pool(FloatKernels& kernels) {
  kernels.max_pool = &max_pool;
  kernels.average_pool = &average_pool;
  kernels.global_average_pool = &global_average_pool;
  kernels.resize = &resize;
  kernels.transpose = &transpose;
}

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pare {
PARE_DEFINE_FLOAT_FILL(pool)
}  // namespace pare
#endif
