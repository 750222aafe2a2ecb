// Elementwise operators, pooling and conversion on 8-bit integers. As in int8.h: every instruction set and number of
// threads gives the same bits, nothing is contracted, rounding is to nearest even, nothing is allocated. `count`
// elements are contiguous; `void` is int8 or uint8 as the quantization says. Outputs may be inputs of the same place.
#pragma once

#include <array>
#include <cstdint>

#include "runtime/cpu.h"
#include "runtime/fast/float_kernels.h"
#include "runtime/fast/int8.h"
#include "runtime/thread_pool.h"

namespace pare {

// QuantizeLinear: saturate(round(x / scale) + zero_point), NaN to the lowest. DequantizeLinear: (x - zero_point) *
// scale.
void int8_quantize(Isa isa, const Int8Quant& quant, const float* x, void* y, int64_t count, ThreadPool& pool);
void int8_dequantize(Isa isa, const Int8Quant& quant, const void* x, float* y, int64_t count, ThreadPool& pool);

struct Int8Binary {
  Int8Quant a, b, y;
  Int8Bounds bounds;  // activation of the result
};

// y = round(float(a - za) * (sa / sy) + float(b - zb) * (sb / sy)), bounds, zero point.
void int8_add(Isa isa, const Int8Binary& op, const void* a, const void* b, void* y, int64_t count, ThreadPool& pool);
// y = round(float((a - za) * (b - zb)) * (sa * sb / sy)), bounds, zero point.
void int8_mul(Isa isa, const Int8Binary& op, const void* a, const void* b, void* y, int64_t count, ThreadPool& pool);
// The same where b is one row of `columns` that repeats: y[r, c] from a[r, c] and b[c]. With columns = 1 b is a scalar.
void int8_add_rows(Isa isa, const Int8Binary& op, const void* a, const void* b, void* y, int64_t rows, int64_t columns,
                   ThreadPool& pool);
void int8_mul_rows(Isa isa, const Int8Binary& op, const void* a, const void* b, void* y, int64_t rows, int64_t columns,
                   ThreadPool& pool);

// A function of one 8-bit input as a table, indexed by the input's byte.
using Int8Table = std::array<uint8_t, 256>;
// DequantizeLinear, function, QuantizeLinear, exactly as ONNX does it in float32. The identity requantizes.
template <class Function>
Int8Table int8_table(const Int8Quant& x, const Int8Quant& y, Function&& function) {
  Int8Table table{};
  for (int i = 0; i < 256; ++i) {
    const int32_t q = x.is_signed ? static_cast<int8_t>(i) : i;
    table[static_cast<size_t>(i)] =
        static_cast<uint8_t>(y.quantize(function(static_cast<float>(q - x.zero_point) * x.scale)));
  }
  return table;
}
// y = table[x], rows of `columns` at strides in elements: Concat requantizes its inputs into slices of its output.
void int8_lookup(Isa isa, const Int8Table& table, const void* x, int64_t x_stride, void* y, int64_t y_stride,
                 int64_t rows, int64_t columns, ThreadPool& pool);

// Pooling over NHWC, in_channels channels, shapes as FloatKernels has them. The padding never counts in a maximum; an
// empty window gives the lowest value. Scale and zero point of the output are the input's.
void int8_max_pool(Isa isa, const ConvShape& shape, bool is_signed, const void* x, void* y, ThreadPool& pool);

// y = round(float(sum of (x - zx)) * (sx / (sy * float(n)))), zero point, n the cells that count: padding adds zeros
// and counts when count_include_pad, cells beyond h + pads never do (see FloatKernels::average_pool).
void int8_average_pool(Isa isa, const ConvShape& shape, bool count_include_pad, int64_t include_bottom,
                       int64_t include_right, const Int8Quant& x_quant, const Int8Quant& y_quant, const void* x,
                       void* y, ThreadPool& pool);
// [batch, pixels, channels] -> [batch, channels]; as above, n = pixels.
void int8_global_average_pool(Isa isa, int64_t batch, int64_t pixels, int64_t channels, const Int8Quant& x_quant,
                              const Int8Quant& y_quant, const void* x, void* y, ThreadPool& pool);

}  // namespace pare
