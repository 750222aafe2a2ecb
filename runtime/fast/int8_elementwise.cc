#include "runtime/fast/int8_elementwise.h"

#include <algorithm>
#include <cstring>

#include "runtime/fast/int8_micro.h"

namespace pare {
namespace {

constexpr int64_t kTaskElements = 16 * 1024;
constexpr int64_t kPoolChannels = 256;  // summed at a time
constexpr int64_t kPoolCells = 64;      // compared at a time

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
const uint8_t* bytes(const void* p) { return static_cast<const uint8_t*>(p); }
uint8_t* bytes(void* p) { return static_cast<uint8_t*>(p); }

// body(begin, end) over pieces of [0, count).
template <class Body>
void for_ranges(int64_t count, int64_t piece, ThreadPool& pool, const Body& body) {
  const int64_t tasks = ceil_div(count, piece);
  struct Job {
    const Body& body;
    int64_t count, tasks;
  } job{body, count, tasks};
  pool.run(tasks, [&job](int64_t i, int) { job.body(job.count * i / job.tasks, job.count * (i + 1) / job.tasks); });
}

float low_of(const Int8Quant& quant, float bound) {
  return static_cast<float>(std::max(quant.lowest(), quant.quantize(bound)) - quant.zero_point);
}
float high_of(const Int8Quant& quant, float bound) {
  return static_cast<float>(std::min(quant.highest(), quant.quantize(bound)) - quant.zero_point);
}

Int8BinaryArgs binary_args(const Int8Binary& op, bool product) {
  Int8BinaryArgs args{};
  args.a_signed = op.a.is_signed;
  args.b_signed = op.b.is_signed;
  args.y_signed = op.y.is_signed;
  args.a_zero_point = op.a.zero_point;
  args.b_zero_point = op.b.zero_point;
  args.y_zero_point = op.y.zero_point;
  args.a_multiplier = product ? op.a.scale * op.b.scale / op.y.scale : op.a.scale / op.y.scale;
  args.b_multiplier = op.b.scale / op.y.scale;
  args.low = low_of(op.y, op.bounds.low);
  args.high = high_of(op.y, op.bounds.high);
  args.product = product;
  return args;
}

void binary(Isa isa, const Int8BinaryArgs& all, const void* a, const void* b, void* y, int64_t count,
            ThreadPool& pool) {
  const Int8Micro& micro = int8_micro(isa);
  for_ranges(count, kTaskElements, pool, [&](int64_t begin, int64_t end) {
    Int8BinaryArgs args = all;
    args.a = bytes(a) + begin;
    args.b = bytes(b) + begin;
    args.y = bytes(y) + begin;
    args.count = end - begin;
    micro.binary(args);
  });
}

// Short rows are repeated in a buffer first, so that the kernel sees long ones.
void binary_rows(Isa isa, const Int8BinaryArgs& all, const void* a, const void* b, void* y, int64_t rows,
                 int64_t columns, ThreadPool& pool) {
  constexpr int64_t kBuffer = 1024;
  if (rows <= 0 || columns <= 0) return;
  const Int8Micro& micro = int8_micro(isa);
  const int64_t together = columns < kBuffer / 2 ? std::min(kBuffer / columns, rows) : 1;
  uint8_t buffer[kBuffer];
  const uint8_t* row = bytes(b);
  if (together > 1) {
    for (int64_t r = 0; r < together; ++r) std::memcpy(buffer + r * columns, b, static_cast<size_t>(columns));
    row = buffer;
  }
  for_ranges(rows, std::max<int64_t>(kTaskElements / columns, 1), pool, [&](int64_t begin, int64_t end) {
    Int8BinaryArgs args = all;
    args.b = row;
    for (int64_t r = begin; r < end; r += together) {
      args.a = bytes(a) + r * columns;
      args.y = bytes(y) + r * columns;
      args.count = std::min(together, end - r) * columns;
      micro.binary(args);
    }
  });
}

// Rows and columns of the input that a window covers, [y0, y1) by [x0, x1), in cells of the kernel.
struct Window {
  int64_t y0, y1, x0, x1;
  int64_t top, left;  // input position of cell 0, 0
};

int64_t first_cell(int64_t origin, int64_t dilation) { return origin >= 0 ? 0 : ceil_div(-origin, dilation); }
int64_t end_cell(int64_t origin, int64_t extent, int64_t dilation, int64_t cells) {
  return origin >= extent ? 0 : std::min(cells, ceil_div(extent - origin, dilation));
}

Window window(const ConvShape& s, int64_t oy, int64_t ox) {
  Window w{};
  w.top = oy * s.stride_h - s.pad_top;
  w.left = ox * s.stride_w - s.pad_left;
  w.y0 = first_cell(w.top, s.dilation_h);
  w.y1 = end_cell(w.top, s.h, s.dilation_h, s.kernel_h);
  w.x0 = first_cell(w.left, s.dilation_w);
  w.x1 = end_cell(w.left, s.w, s.dilation_w, s.kernel_w);
  return w;
}

// visit(cell) for the input pixels of a window.
template <class Visit>
void for_cells(const ConvShape& s, const Window& w, const uint8_t* image, const Visit& visit) {
  for (int64_t ky = w.y0; ky < w.y1; ++ky)
    for (int64_t kx = w.x0; kx < w.x1; ++kx)
      visit(image + ((w.top + ky * s.dilation_h) * s.w + w.left + kx * s.dilation_w) * s.in_channels);
}

void max_pixel(const Int8Micro& micro, const ConvShape& s, const Window& w, bool is_signed, const uint8_t* image,
               uint8_t* y) {
  const uint8_t* cells[kPoolCells];
  int64_t count = 0;
  for_cells(s, w, image, [&](const uint8_t* cell) {
    if (count == kPoolCells) {
      micro.maximum(cells, count, is_signed, y, s.in_channels);
      cells[0] = y;
      count = 1;
    }
    cells[count++] = cell;
  });
  if (count > 0)
    micro.maximum(cells, count, is_signed, y, s.in_channels);
  else
    std::memset(y, is_signed ? 0x80 : 0, static_cast<size_t>(s.in_channels));
}

// sums of `channels` at most kPoolChannels channels -> y
void finish_average(int32_t* sums, int64_t channels, int64_t cells, int64_t divisor, const Int8Quant& xq,
                    const Int8Quant& yq, uint8_t* y) {
  const float multiplier = divisor > 0 ? xq.scale / (yq.scale * static_cast<float>(divisor)) : 0.0f;
  const float low = low_of(yq, -std::numeric_limits<float>::infinity());
  const float high = high_of(yq, std::numeric_limits<float>::infinity());
  const auto zero = static_cast<int32_t>(cells * xq.zero_point);
  for (int64_t c = 0; c < channels; ++c) {
    const float v = std::clamp(static_cast<float>(sums[c] - zero) * multiplier, low, high);
    const float rounded = v + 12582912.0f;  // 1.5 * 2^23: no bits left for a fraction
    y[c] = static_cast<uint8_t>(static_cast<int32_t>(rounded - 12582912.0f) + yq.zero_point);
  }
}

}  // namespace

void int8_quantize(Isa isa, const Int8Quant& quant, const float* x, void* y, int64_t count, ThreadPool& pool) {
  const Int8Micro& micro = int8_micro(isa);
  const auto low = static_cast<float>(quant.lowest() - quant.zero_point);
  const auto high = static_cast<float>(quant.highest() - quant.zero_point);
  for_ranges(count, kTaskElements, pool, [&](int64_t begin, int64_t end) {
    micro.quantize(x + begin, quant.scale, low, high, quant.zero_point, bytes(y) + begin, end - begin);
  });
}

void int8_dequantize(Isa isa, const Int8Quant& quant, const void* x, float* y, int64_t count, ThreadPool& pool) {
  const Int8Micro& micro = int8_micro(isa);
  for_ranges(count, kTaskElements, pool, [&](int64_t begin, int64_t end) {
    micro.dequantize(bytes(x) + begin, quant.is_signed, quant.scale, quant.zero_point, y + begin, end - begin);
  });
}

void int8_add(Isa isa, const Int8Binary& op, const void* a, const void* b, void* y, int64_t count, ThreadPool& pool) {
  binary(isa, binary_args(op, false), a, b, y, count, pool);
}
void int8_mul(Isa isa, const Int8Binary& op, const void* a, const void* b, void* y, int64_t count, ThreadPool& pool) {
  binary(isa, binary_args(op, true), a, b, y, count, pool);
}
void int8_add_rows(Isa isa, const Int8Binary& op, const void* a, const void* b, void* y, int64_t rows, int64_t columns,
                   ThreadPool& pool) {
  binary_rows(isa, binary_args(op, false), a, b, y, rows, columns, pool);
}
void int8_mul_rows(Isa isa, const Int8Binary& op, const void* a, const void* b, void* y, int64_t rows, int64_t columns,
                   ThreadPool& pool) {
  binary_rows(isa, binary_args(op, true), a, b, y, rows, columns, pool);
}

void int8_lookup(Isa isa, const Int8Table& table, const void* x, int64_t x_stride, void* y, int64_t y_stride,
                 int64_t rows, int64_t columns, ThreadPool& pool) {
  if (rows <= 0 || columns <= 0) return;
  const Int8Micro& micro = int8_micro(isa);
  if (x_stride == columns && y_stride == columns) {
    for_ranges(rows * columns, kTaskElements, pool, [&](int64_t begin, int64_t end) {
      micro.lookup(table.data(), bytes(x) + begin, bytes(y) + begin, end - begin);
    });
    return;
  }
  for_ranges(rows, std::max<int64_t>(kTaskElements / columns, 1), pool, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      micro.lookup(table.data(), bytes(x) + r * x_stride, bytes(y) + r * y_stride, columns);
  });
}

void int8_max_pool(Isa isa, const ConvShape& s, bool is_signed, const void* x, void* y, ThreadPool& pool) {
  const Int8Micro& micro = int8_micro(isa);
  const int64_t out_h = s.out_h(), out_w = s.out_w();
  for_ranges(s.batch * out_h, 1, pool, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      for (int64_t ox = 0; ox < out_w; ++ox)
        max_pixel(micro, s, window(s, row % out_h, ox), is_signed, bytes(x) + row / out_h * s.h * s.w * s.in_channels,
                  bytes(y) + (row * out_w + ox) * s.in_channels);
  });
}

void int8_average_pool(Isa isa, const ConvShape& s, bool count_include_pad, int64_t include_bottom,
                       int64_t include_right, const Int8Quant& xq, const Int8Quant& yq, const void* x, void* y,
                       ThreadPool& pool) {
  const Int8Micro& micro = int8_micro(isa);
  const int64_t out_h = s.out_h(), out_w = s.out_w(), channels = s.in_channels;
  const auto pixel = [&](int64_t row, int64_t ox) {
    const Window w = window(s, row % out_h, ox);
    const int64_t cells = std::max<int64_t>(w.y1 - w.y0, 0) * std::max<int64_t>(w.x1 - w.x0, 0);
    const int64_t padded = end_cell(w.top, s.h + include_bottom, s.dilation_h, s.kernel_h) *
                           end_cell(w.left, s.w + include_right, s.dilation_w, s.kernel_w);
    for (int64_t c = 0; c < channels; c += kPoolChannels) {
      const int64_t width = std::min(kPoolChannels, channels - c);
      int32_t sums[kPoolChannels] = {};
      for_cells(s, w, bytes(x) + row / out_h * s.h * s.w * channels,
                [&](const uint8_t* cell) { micro.accumulate(cell + c, xq.is_signed, sums, width); });
      finish_average(sums, width, cells, count_include_pad ? padded : cells, xq, yq,
                     bytes(y) + (row * out_w + ox) * channels + c);
    }
  };
  for_ranges(s.batch * out_h, 1, pool, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      for (int64_t ox = 0; ox < out_w; ++ox) pixel(row, ox);
  });
}

void int8_global_average_pool(Isa isa, int64_t batch, int64_t pixels, int64_t channels, const Int8Quant& xq,
                              const Int8Quant& yq, const void* x, void* y, ThreadPool& pool) {
  const Int8Micro& micro = int8_micro(isa);
  const int64_t pieces = ceil_div(channels, kPoolChannels);
  for_ranges(batch * pieces, 1, pool, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / pieces, c = i % pieces * kPoolChannels;
      const int64_t width = std::min(kPoolChannels, channels - c);
      int32_t sums[kPoolChannels] = {};
      for (int64_t p = 0; p < pixels; ++p)
        micro.accumulate(bytes(x) + (image * pixels + p) * channels + c, xq.is_signed, sums, width);
      finish_average(sums, width, pixels, pixels, xq, yq, bytes(y) + image * channels + c);
    }
  });
}

}  // namespace pare
