// The floating-point types below 32 bits, by bit pattern: IEEE 754 half, bfloat16, the 8-bit floats of the ONNX
// specification ("Float stored in 8 bits", after arXiv 2209.05433 and 2206.02915), the OCP microscaling float4e2m1,
// float6e2m3, float6e3m2 and float8e8m0. Encoding rounds to nearest even.
#pragma once

#include <cstdint>

#include "graph/tensor.h"

namespace pare {

// The value of a bit pattern of one of the types above (asserted).
double decode_minifloat(DType dtype, uint16_t bits);

// The nearest bit pattern. Out of range: infinity for float16 and bfloat16; the largest finite value for narrower
// types, infinities included, or where the type has an infinity or NaN and `saturate` is not set, that one (the tables
// of ONNX Cast). NaN becomes NaN, and 0 in types that have none. float8e8m0: as encode_power rounding up.
uint16_t encode_minifloat(DType dtype, double value, bool saturate = true);

// float8e8m0, a power of two without sign or zero: the magnitude rounded to one (ONNX round_mode; nearest: ties up).
// Out of range, zero and infinity included: the nearest end, or without `saturate` NaN.
enum class PowerRounding : uint8_t { up, down, nearest };
uint16_t encode_power(double value, PowerRounding rounding, bool saturate);

// cast() of tensor.h with ONNX's attributes for conversion to narrow floats.
Result<Tensor> cast(const Tensor& tensor, DType to, bool saturate, PowerRounding rounding);

}  // namespace pare
