// Convolutions and matrix products.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// X [N,C,spatial...], W [M,C/group,kernel...], B [M] -> Y [N,M,...]
struct Conv {
  static constexpr std::string_view kName = "Conv";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 3};
  std::string auto_pad = "NOTSET";
  std::vector<int64_t> dilations;     // empty: 1 along each spatial axis
  int64_t group = 1;
  std::vector<int64_t> kernel_shape;  // empty: from W
  std::vector<int64_t> pads;          // begins, then ends; empty: 0
  std::vector<int64_t> strides;       // empty: 1
  static void fields(auto& s, auto&& f) {
    f("auto_pad", s.auto_pad);
    f("dilations", s.dilations);
    f("group", s.group);
    f("kernel_shape", s.kernel_shape);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::computes; }
  void resize(ResizeContext&);
};

// X [N,C,spatial...], W [C,M/group,kernel...], B [M]
struct ConvTranspose {
  static constexpr std::string_view kName = "ConvTranspose";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 3};
  std::string auto_pad = "NOTSET";
  std::vector<int64_t> dilations;
  int64_t group = 1;
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> output_padding;
  std::vector<int64_t> output_shape;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  static void fields(auto& s, auto&& f) {
    f("auto_pad", s.auto_pad);
    f("dilations", s.dilations);
    f("group", s.group);
    f("kernel_shape", s.kernel_shape);
    f("output_padding", s.output_padding);
    f("output_shape", s.output_shape);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::computes; }
  void resize(ResizeContext&);
};

// x uint8|int8, w uint8|int8, x_zero_point, w_zero_point (scalar or [M]) -> int32
struct ConvInteger {
  static constexpr std::string_view kName = "ConvInteger";
  static constexpr int kSince = 10;
  static constexpr Arity kArity{2, 4};
  std::string auto_pad = "NOTSET";
  std::vector<int64_t> dilations;
  int64_t group = 1;
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  static void fields(auto& s, auto&& f) { Conv::fields(s, f); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
  void resize(ResizeContext&);
};

// Y = alpha * A' * B' + beta * C, with A' [M,K], B' [K,N], C broadcast to [M,N]
struct Gemm {
  static constexpr std::string_view kName = "Gemm";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 3};
  float alpha = 1.0f;
  float beta = 1.0f;
  int64_t transA = 0;
  int64_t transB = 0;
  static void fields(auto& s, auto&& f) {
    f("alpha", s.alpha);
    f("beta", s.beta);
    f("transA", s.transA);
    f("transB", s.transB);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::computes; }
};

// As numpy.matmul.
struct MatMul {
  static constexpr std::string_view kName = "MatMul";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{2, 2};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::computes; }
};

// A, B uint8|int8, a_zero_point, b_zero_point -> int32
struct MatMulInteger {
  static constexpr std::string_view kName = "MatMulInteger";
  static constexpr int kSince = 10;
  static constexpr Arity kArity{2, 4};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_CONV_OPS(X) X(Conv) X(ConvTranspose) X(ConvInteger) X(Gemm) X(MatMul) X(MatMulInteger)
