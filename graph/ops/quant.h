// Between real numbers and integers.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// x, y_scale, y_zero_point -> saturate(round_half_even(x / y_scale) + y_zero_point)
struct QuantizeLinear {
  static constexpr std::string_view kName = "QuantizeLinear";
  static constexpr int kSince = 13;  // later attributes and types raise it: see since()
  static constexpr Arity kArity{2, 3};
  int64_t axis = 1;
  int64_t block_size = 0;
  DType output_dtype = DType::undefined;
  int64_t precision = 0;
  int64_t saturate = 1;
  int since() const { return precision ? 23 : block_size || output_dtype != DType::undefined ? 21 : saturate ? 13 : 19; }
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("block_size", s.block_size);
    f("output_dtype", s.output_dtype);
    f("precision", s.precision);
    f("saturate", s.saturate);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// x, x_scale, x_zero_point -> (x - x_zero_point) * x_scale
struct DequantizeLinear {
  static constexpr std::string_view kName = "DequantizeLinear";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{2, 3};
  int64_t axis = 1;
  int64_t block_size = 0;
  DType output_dtype = DType::undefined;
  int since() const { return output_dtype != DType::undefined ? 23 : block_size ? 21 : 13; }
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("block_size", s.block_size);
    f("output_dtype", s.output_dtype);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// x -> y uint8, y_scale, y_zero_point
struct DynamicQuantizeLinear {
  static constexpr std::string_view kName = "DynamicQuantizeLinear";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 1, 3, 3};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_QUANT_OPS(X) X(QuantizeLinear) X(DequantizeLinear) X(DynamicQuantizeLinear)
