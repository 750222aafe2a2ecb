// Products of two 8-bit matrices that are both met once, as in attention: exact sums, then the epilogue of int8.h.
//
//   acc = sum over k of (a[i, k] - za) * (b[k, j] - zb)                 int32, modulo 2^32
//   y   = min(max(round(float(acc) * m), low - zy), high - zy) + zy     quantized, m = ((sa * sb) * scale) / sy
//   y   = min(max(float(acc) * m, low), high)                           float32, m = (sa * sb) * scale
// Every operation is rounded by itself; the same bits on every instruction set and number of threads.
#pragma once

#include "runtime/fast/int8.h"

namespace pare {

struct Int8MatmulShape {
  int64_t count = 1, m = 0, k = 0, n = 0;
  int64_t a_row = 0, b_row = 0, b_column = 1, y_row = 0;  // strides in elements; a row of A is contiguous
};

struct Int8MatmulParams {
  Int8MatmulShape shape;
  Int8Quant a, b;
  Int8Output output_kind = Int8Output::float32;  // or quantized
  Int8Quant output;
  Int8Bounds bounds;
  float scale = 1.0f;
};

// Where each of `count` products begins, in elements.
struct Int8MatmulData {
  const void* a;
  const void* b;
  void* y;
  const int64_t* a_at;
  const int64_t* b_at;
  const int64_t* y_at;
};

size_t int8_matmul_scratch(Isa isa, const Int8MatmulShape& shape, int threads);
// Allocates nothing. `scratch` of any alignment.
void int8_matmul(Isa isa, const Int8MatmulParams& params, const Int8MatmulData& data, std::span<std::byte> scratch,
                 ThreadPool& pool);

}  // namespace pare
