// How one accumulator becomes a result, in plain C++: the definition in int8.h, word for word.
// Included by the files of one instruction set each; everything has internal linkage so that no copy is shared.
#pragma once

#include <cstdint>

#include "runtime/fast/int8_micro.h"

namespace pare {
namespace {

// Lower bound on NaN, as the max and min instructions have it.
[[maybe_unused]] inline float clamp_scalar(float v, float low, float high) {
  v = v > low ? v : low;
  return v < high ? v : high;
}

// To nearest even, for |v| < 2^22: adding 1.5 * 2^23 leaves no bits for a fraction.
[[maybe_unused]] inline float round_scalar(float v) {
  const float shifted = v + 12582912.0f;
  return shifted - 12582912.0f;
}

[[maybe_unused]] inline int32_t load_scalar(const uint8_t* p, int is_signed) {
  return is_signed ? static_cast<int8_t>(*p) : *p;
}

// Element i of the first of the cells where it is largest.
[[maybe_unused]] inline uint8_t maximum_scalar(const uint8_t* const* cells, int64_t cell_count, int is_signed,
                                               int64_t i) {
  int64_t best = 0;
  for (int64_t c = 1; c < cell_count; ++c)
    if (load_scalar(cells[c] + i, is_signed) > load_scalar(cells[best] + i, is_signed)) best = c;
  return cells[best][i];
}

// Result i of accumulator `acc` whose channel's parameters are at index c.
[[maybe_unused]] inline void finish_scalar(const Int8EpilogueArgs& e, int32_t acc, int64_t c, uint8_t* y,
                                           const uint8_t* residual, int64_t i) {
  if (e.kind == 2) {
    reinterpret_cast<int32_t*>(y)[i] = acc;
    return;
  }
  float v = static_cast<float>(acc) * e.multiplier[c];
  v = v + e.addend[c];
  if (e.has_middle) {
    v = round_scalar(clamp_scalar(v, e.middle_low, e.middle_high));
    v = v * e.middle_multiplier;
  }
  if (residual) {
    const int32_t r = load_scalar(residual + i, e.residual_signed) - e.residual_zero_point;
    v = v + static_cast<float>(r) * e.residual_multiplier;
  }
  v = clamp_scalar(v, e.low, e.high);
  if (e.kind == 1)
    reinterpret_cast<float*>(y)[i] = v;
  else
    y[i] = static_cast<uint8_t>(static_cast<int32_t>(round_scalar(v)) + e.zero_point);
}

// Result c of row r from its two accumulators.
[[maybe_unused]] inline void finish_wide_scalar(const Int8WideArgs& args, int32_t upper, int32_t lower, int64_t r,
                                                int64_t c) {
  const Int8BlockArgs& b = args.block;
  float v = static_cast<float>(upper) * 256.0f + static_cast<float>(lower);
  v = v * (b.epilogue.multiplier[c] * args.row_scale[r]);
  v = v + b.epilogue.addend[c];
  if (args.residual) v = v + args.residual[r * args.residual_stride + c];
  reinterpret_cast<float*>(b.y)[r * b.y_stride + c] = v;
}

// The bits of |x|, which order as the magnitudes do and put NaN last.
[[maybe_unused]] inline int32_t magnitude_scalar(float x) {
  int32_t bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
  return bits & 0x7fffffff;
}

// What a row is multiplied by before it is rounded to 16 bits, and what its results are multiplied by, from the bits of
// its largest magnitude.
struct WideScale {
  float factor, scale;
};
[[maybe_unused]] inline WideScale wide_scale(int32_t bits) {
  float most;
  __builtin_memcpy(&most, &bits, sizeof(most));
  if (bits >= 0x7f800000) return {0.0f, __builtin_nanf("")};
  if (most < 1e-30f) return {0.0f, 0.0f};  // whose factor would not be finite
  return {kInt8WideLargest / most, most / kInt8WideLargest};
}

}  // namespace
}  // namespace pare
