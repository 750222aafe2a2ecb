// Shared by the tests of the int8 kernels: the sets to try, 8-bit inputs, and the definition of runtime/fast/int8.h
// written out a second time, one operation at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/cpu.h"
#include "runtime/fast/int8.h"
#include "tests/catch.h"

namespace pare::test {

using Bytes = std::vector<uint8_t>;

enum class Fill { mixed, lowest, highest, alternating };

// Bytes of int8 or uint8 values: pseudo-random, all of one extreme, or both extremes in turn.
inline Bytes bytes(int64_t count, Fill fill, bool is_signed, uint32_t seed) {
  Bytes result(static_cast<size_t>(count));
  uint32_t state = seed * 2654435761u + 12345u;
  const auto lowest = static_cast<uint8_t>(is_signed ? 0x80 : 0),
             highest = static_cast<uint8_t>(is_signed ? 0x7f : 0xff);
  for (size_t i = 0; i < result.size(); ++i) {
    state = state * 1664525u + 1013904223u;
    if (fill == Fill::mixed) result[i] = static_cast<uint8_t>(state >> 24);
    if (fill == Fill::lowest) result[i] = lowest;
    if (fill == Fill::highest) result[i] = highest;
    if (fill == Fill::alternating) result[i] = i % 2 == 0 ? highest : lowest;
  }
  return result;
}

inline int32_t element(const Bytes& data, int64_t i, bool is_signed) {
  const uint8_t byte = data[static_cast<size_t>(i)];
  return is_signed ? static_cast<int8_t>(byte) : byte;
}

// QuantizeLinear of ONNX on a value that is already divided by the scale.
inline int32_t saturated(double scaled, const Int8Quant& quant) {
  const double low = quant.is_signed ? -128 : 0, high = quant.is_signed ? 127 : 255;
  return static_cast<int32_t>(std::clamp(std::nearbyint(scaled) + quant.zero_point, low, high));
}

inline float divided(double bound, const Int8Quant& quant) { return static_cast<float>(bound) / quant.scale; }

inline int32_t bounded(float v, const Int8Quant& quant, const Int8Bounds& bounds) {
  const int32_t q = saturated(v, quant);
  return std::min(std::max(q, saturated(divided(bounds.low, quant), quant)),
                  saturated(divided(bounds.high, quant), quant));
}

}  // namespace pare::test
