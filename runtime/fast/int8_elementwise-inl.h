// Elementwise kernels over `Simd` of the including file. Internal linkage: see int8_micro.h.
#pragma once

#include <cstdint>

#include "runtime/fast/int8_micro.h"
#include "runtime/fast/int8_scalar-inl.h"

namespace pare {
namespace {

constexpr int64_t kVectorBytes = Simd::kLanes * 4;

void flip_bytes(const uint8_t* in, uint8_t flip, uint8_t* out, int64_t count) {
  const Simd::I mask = Simd::set8(flip);
  int64_t i = 0;
  for (; i + kVectorBytes <= count; i += kVectorBytes)
    Simd::store(out + i, Simd::exclusive_or(Simd::load(in + i), mask));
  for (; i < count; ++i) out[i] = in[i] ^ flip;
}

void widen_bytes(const uint8_t* in, uint8_t flip, uint8_t* out, int64_t count) {
  const Simd::I mask = Simd::set(flip * 0x10001);
  int64_t i = 0;
  for (; i + kVectorBytes / 2 <= count; i += kVectorBytes / 2)
    Simd::store(out + 2 * i, Simd::exclusive_or(Simd::widen8(in + i), mask));
  for (; i < count; ++i) {
    const uint16_t wide = in[i] ^ flip;
    __builtin_memcpy(out + 2 * i, &wide, sizeof(wide));
  }
}

inline void binary16(const Int8BinaryArgs& args, int64_t i, int64_t valid) {
  Simd::I a[Simd::kVectors], b[Simd::kVectors];
  Simd::load_bytes(args.a + i, args.a_signed, valid, a);
  Simd::load_bytes(args.b + i, args.b_signed, valid, b);
  for (int v = 0; v < Simd::kVectors; ++v) {
    a[v] = Simd::sub(a[v], Simd::set(args.a_zero_point));
    b[v] = Simd::sub(b[v], Simd::set(args.b_zero_point));
    if (args.product) a[v] = Simd::mul(a[v], b[v]);
    Simd::F real = Simd::mulf(Simd::to_float(a[v]), Simd::setf(args.a_multiplier));
    if (!args.product) real = Simd::addf(real, Simd::mulf(Simd::to_float(b[v]), Simd::setf(args.b_multiplier)));
    a[v] = Simd::to_int(Simd::clampf(real, Simd::setf(args.low), Simd::setf(args.high)));
    a[v] = Simd::add(a[v], Simd::set(args.y_zero_point));
  }
  Simd::store_bytes(args.y + i, a, valid);
}

void binary(const Int8BinaryArgs& args) {
  int64_t i = 0;
  for (; i + 16 <= args.count; i += 16) binary16(args, i, 16);
  if (i < args.count) binary16(args, i, args.count - i);
}

void quantize(const float* x, float scale, float low, float high, int32_t zero_point, uint8_t* y, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t valid = count - i < 16 ? count - i : 16;
    Simd::F real[Simd::kVectors];
    Simd::I q[Simd::kVectors];
    Simd::load_floats(x + i, valid, real);
    for (int v = 0; v < Simd::kVectors; ++v) {
      real[v] = Simd::clampf(Simd::divf(real[v], Simd::setf(scale)), Simd::setf(low), Simd::setf(high));
      q[v] = Simd::add(Simd::to_int(real[v]), Simd::set(zero_point));
    }
    Simd::store_bytes(y + i, q, valid);
  }
}

void dequantize(const uint8_t* x, int is_signed, float scale, int32_t zero_point, float* y, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t valid = count - i < 16 ? count - i : 16;
    Simd::F real[Simd::kVectors];
    Simd::I q[Simd::kVectors];
    Simd::load_bytes(x + i, is_signed, valid, q);
    for (int v = 0; v < Simd::kVectors; ++v)
      real[v] = Simd::mulf(Simd::to_float(Simd::sub(q[v], Simd::set(zero_point))), Simd::setf(scale));
    Simd::store_floats(y + i, real, valid);
  }
}

void maximum(const uint8_t* const* cells, int64_t cell_count, int is_signed, uint8_t* y, int64_t count) {
  int64_t i = 0;
  for (; i + kVectorBytes <= count; i += kVectorBytes) {
    Simd::I most = Simd::load(cells[0] + i);
    for (int64_t c = 1; c < cell_count; ++c) {
      const Simd::I cell = Simd::load(cells[c] + i);
      most = is_signed ? Simd::max_s8(most, cell) : Simd::max_u8(most, cell);
    }
    Simd::store(y + i, most);
  }
  for (; i < count; ++i) y[i] = maximum_scalar(cells, cell_count, is_signed, i);
}

// Sixteen tables of sixteen. A shuffle takes the low four bits of an index and gives zero where its top bit is set:
// index minus 16 t, plus 112 with saturation, has the top bit clear only where the index is in table t.
void lookup(const uint8_t* table, const uint8_t* x, uint8_t* y, int64_t count) {
  int64_t i = 0;
  const Simd::I sixteen = Simd::set8(16), offset = Simd::set8(0x70);
  for (; i + kVectorBytes <= count; i += kVectorBytes) {
    Simd::I index = Simd::load(x + i);
    Simd::I found = Simd::zero();
#pragma GCC unroll 16
    for (int t = 0; t < 16; ++t) {
      found = Simd::either(found, Simd::shuffle(Simd::load16(table + 16 * t), Simd::add_saturated_u8(index, offset)));
      index = Simd::sub8(index, sixteen);
    }
    Simd::store(y + i, found);
  }
  for (; i < count; ++i) y[i] = table[x[i]];
}

void accumulate(const uint8_t* x, int is_signed, int32_t* sum, int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    Simd::I q[Simd::kVectors];
    Simd::load_bytes(x + i, is_signed, 16, q);
    for (int v = 0; v < Simd::kVectors; ++v) {
      int32_t* to = sum + i + v * Simd::kLanes;
      Simd::store(to, Simd::add(Simd::load(to), q[v]));
    }
  }
  for (; i < count; ++i) sum[i] += load_scalar(x + i, is_signed);
}

float split(const float* x, uint8_t* upper, uint8_t* lower, int64_t count) {
  const Simd::I mask = Simd::set(0x7fffffff);
  Simd::I most = Simd::zero();
  for (int64_t i = 0; i < count; i += 16) {
    Simd::F real[Simd::kVectors];
    Simd::load_floats(x + i, count - i, real);
    for (int v = 0; v < Simd::kVectors; ++v) most = Simd::max32(most, Simd::both(Simd::bits(real[v]), mask));
  }
  const WideScale scale = wide_scale(Simd::largest32(most));
  const Simd::F factor = Simd::setf(scale.factor);
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t valid = count - i;
    Simd::F real[Simd::kVectors];
    Simd::I low[Simd::kVectors], high[Simd::kVectors];
    Simd::load_floats(x + i, valid, real);
    for (int v = 0; v < Simd::kVectors; ++v) {
      real[v] = Simd::clampf(Simd::mulf(real[v], factor), Simd::setf(-kInt8WideLargest), Simd::setf(kInt8WideLargest));
      low[v] = Simd::add(Simd::to_int(real[v]), Simd::set(0x8080));
      high[v] = Simd::upper_byte(low[v]);
    }
    Simd::store_bytes(upper + i, high, valid);
    Simd::store_bytes(lower + i, low, valid);
  }
  return scale.scale;
}

}  // namespace
}  // namespace pare
