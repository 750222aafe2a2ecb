// The floating-point types below 32 bits, by bit pattern: IEEE 754 half, bfloat16, the 8-bit floats of the ONNX
// specification ("Float stored in 8 bits", after arXiv 2209.05433 and 2206.02915), the OCP microscaling float4e2m1 and
// float8e8m0. Encoding rounds to nearest even.
#pragma once

#include <cstdint>

#include "graph/type.h"

namespace pare {

// The value of a bit pattern of one of the types above (asserted).
double decode_minifloat(DType dtype, uint16_t bits);

// The nearest bit pattern. Out of range: infinity for float16 and bfloat16; the largest finite value for the 8- and
// 4-bit types (ONNX Cast with saturate = 1), infinities included. float8e8m0 has no sign or zero: the magnitude is
// rounded up to a power of two (ONNX round_mode "up"). NaN becomes NaN, and 0 in float4e2m1, which has none.
uint16_t encode_minifloat(DType dtype, double value);

}  // namespace pare
