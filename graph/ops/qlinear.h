// Operators on quantized integers that carry their scales along (ai.onnx and com.microsoft).
#pragma once

#include "graph/ops/common.h"

namespace pare {

// x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, B int32? -> y
struct QLinearConv {
  static constexpr std::string_view kName = "QLinearConv";
  static constexpr int kSince = 10;
  static constexpr Arity kArity{8, 9};
  std::string auto_pad = "NOTSET";
  std::vector<int64_t> dilations;
  int64_t group = 1;
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  static void fields(auto& s, auto&& f) {
    f("auto_pad", s.auto_pad);
    f("dilations", s.dilations);
    f("group", s.group);
    f("kernel_shape", s.kernel_shape);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
  void resize(ResizeContext&);
};

// a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point -> y
struct QLinearMatMul {
  static constexpr std::string_view kName = "QLinearMatMul";
  static constexpr int kSince = 10;
  static constexpr Arity kArity{8, 8};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// A, A_scale, A_zero_point?, B, B_scale, B_zero_point?, C_scale, C_zero_point? -> C, with numpy broadcasting
struct QLinearBinary {
  enum class Kind : uint8_t { Add, Mul };
  static constexpr std::array<std::string_view, 2> kNames{"QLinearAdd", "QLinearMul"};
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 8};
  Kind kind = Kind::Add;
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, X_scale, X_zero_point?, Y_scale, Y_zero_point? -> Y
struct QLinearSigmoid {
  static constexpr std::string_view kName = "QLinearSigmoid";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 5};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, X_scale, X_zero_point?, Y_scale, Y_zero_point? -> Y
struct QLinearLeakyRelu {
  static constexpr std::string_view kName = "QLinearLeakyRelu";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 5};
  float alpha = 0.01f;
  static void fields(auto& s, auto&& f) { f("alpha", s.alpha); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, X_scale, x_zero_point?, y_scale, y_zero_point -> Y; below opset 13 of ai.onnx the axes from `axis` on are one
struct QLinearSoftmax {
  static constexpr std::string_view kName = "QLinearSoftmax";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 5};
  static constexpr std::array<std::string_view, 1> kRequired{"opset"};
  int64_t axis = -1;
  int64_t opset = 0;
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("opset", s.opset);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, x_scale, x_zero_point?, y_scale, y_zero_point? -> Y
struct QLinearAveragePool {
  static constexpr std::string_view kName = "QLinearAveragePool";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 5};
  static constexpr std::array<std::string_view, 1> kRequired{"kernel_shape"};
  std::string auto_pad = "NOTSET";
  int64_t ceil_mode = 0;
  int64_t channels_last = 0;
  int64_t count_include_pad = 0;
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  static void fields(auto& s, auto&& f) {
    f("auto_pad", s.auto_pad);
    f("ceil_mode", s.ceil_mode);
    f("channels_last", s.channels_last);
    f("count_include_pad", s.count_include_pad);
    f("kernel_shape", s.kernel_shape);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, x_scale, x_zero_point, y_scale, y_zero_point -> Y
struct QLinearGlobalAveragePool {
  static constexpr std::string_view kName = "QLinearGlobalAveragePool";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{5, 5};
  int64_t channels_last = 0;
  static void fields(auto& s, auto&& f) { f("channels_last", s.channels_last); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// Y_scale, Y_zero_point, then tensor, scale and zero point of each part -> Y
struct QLinearConcat {
  static constexpr std::string_view kName = "QLinearConcat";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{5, kMany};
  static constexpr std::array<std::string_view, 1> kRequired{"axis"};
  int64_t axis = 0;
  static void fields(auto& s, auto&& f) { f("axis", s.axis); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// A, a_scale, a_zero_point, B, b_scale, b_zero_point, C int32?, y_scale?, y_zero_point? -> Y; float32 without y_scale
struct QGemm {
  static constexpr std::string_view kName = "QGemm";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{6, 9};
  float alpha = 1.0f;
  int64_t transA = 0;
  int64_t transB = 0;
  static void fields(auto& s, auto&& f) {
    f("alpha", s.alpha);
    f("transA", s.transA);
    f("transB", s.transB);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_QLINEAR_OPS(X)                                                                                       \
  X(QLinearConv)                                                                                                  \
  X(QLinearMatMul) X(QLinearBinary) X(QLinearSigmoid) X(QLinearLeakyRelu) X(QLinearSoftmax) X(QLinearAveragePool) \
      X(QLinearGlobalAveragePool) X(QLinearConcat) X(QGemm)
