// Pooling over spatial axes and resizing of them.
#pragma once

#include "graph/ops/common.h"

namespace pare {

struct MaxPool {
  static constexpr std::string_view kName = "MaxPool";
  static constexpr int kSince = 12;
  static constexpr Arity kArity{1, 1, 1, 2};
  static constexpr std::array<std::string_view, 1> kRequired{"kernel_shape"};
  std::string auto_pad = "NOTSET";
  int64_t ceil_mode = 0;
  std::vector<int64_t> dilations;
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> pads;
  int64_t storage_order = 0;
  std::vector<int64_t> strides;
  static void fields(auto& s, auto&& f) {
    f("auto_pad", s.auto_pad);
    f("ceil_mode", s.ceil_mode);
    f("dilations", s.dilations);
    f("kernel_shape", s.kernel_shape);
    f("pads", s.pads);
    f("storage_order", s.storage_order);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

struct AveragePool {
  static constexpr std::string_view kName = "AveragePool";
  static constexpr int kSince = 11;  // dilations are written only from 19 on: see since()
  static constexpr Arity kArity{1, 1};
  static constexpr std::array<std::string_view, 1> kRequired{"kernel_shape"};
  std::string auto_pad = "NOTSET";
  int64_t ceil_mode = 0;
  int64_t count_include_pad = 0;
  std::vector<int64_t> dilations;
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  int since() const { return dilations.empty() ? kSince : 19; }
  static void fields(auto& s, auto&& f) {
    f("auto_pad", s.auto_pad);
    f("ceil_mode", s.ceil_mode);
    f("count_include_pad", s.count_include_pad);
    f("dilations", s.dilations);
    f("kernel_shape", s.kernel_shape);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::rescales; }
};

// GlobalAveragePool, GlobalMaxPool: [N,C,spatial...] -> [N,C,1...]
struct GlobalPool {
  enum class Kind : uint8_t { Average, Max };
  static constexpr std::array<std::string_view, 2> kNames{"GlobalAveragePool", "GlobalMaxPool"};
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  Kind kind = Kind::Average;
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return kind == Kind::Max ? Role::passes : Role::rescales; }
};

// X, roi, scales, sizes -> Y
struct Resize {
  static constexpr std::string_view kName = "Resize";
  static constexpr int kSince = 13;  // later attributes raise it: see since()
  static constexpr Arity kArity{1, 4};
  int64_t antialias = 0;
  std::vector<int64_t> axes;
  std::string coordinate_transformation_mode = "half_pixel";
  float cubic_coeff_a = -0.75f;
  int64_t exclude_outside = 0;
  float extrapolation_value = 0.0f;
  std::string keep_aspect_ratio_policy = "stretch";
  std::string mode = "nearest";
  std::string nearest_mode = "round_prefer_floor";
  int since() const {
    return antialias || !axes.empty() || keep_aspect_ratio_policy != "stretch" ? 18 : kSince;
  }
  static void fields(auto& s, auto&& f) {
    f("antialias", s.antialias);
    f("axes", s.axes);
    f("coordinate_transformation_mode", s.coordinate_transformation_mode);
    f("cubic_coeff_a", s.cubic_coeff_a);
    f("exclude_outside", s.exclude_outside);
    f("extrapolation_value", s.extrapolation_value);
    f("keep_aspect_ratio_policy", s.keep_aspect_ratio_policy);
    f("mode", s.mode);
    f("nearest_mode", s.nearest_mode);
  }
  PARE_OP_METHODS;
  Role role() const { return mode == "nearest" ? Role::passes : Role::rescales; }
  void resize(ResizeContext&);
};

struct DepthToSpace {
  static constexpr std::string_view kName = "DepthToSpace";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 1};
  static constexpr std::array<std::string_view, 1> kRequired{"blocksize"};
  int64_t blocksize = 0;
  std::string mode = "DCR";
  static void fields(auto& s, auto&& f) {
    f("blocksize", s.blocksize);
    f("mode", s.mode);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

struct SpaceToDepth {
  static constexpr std::string_view kName = "SpaceToDepth";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  static constexpr std::array<std::string_view, 1> kRequired{"blocksize"};
  int64_t blocksize = 0;
  static void fields(auto& s, auto&& f) { f("blocksize", s.blocksize); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

}  // namespace pare

#define PARE_POOL_OPS(X) X(MaxPool) X(AveragePool) X(GlobalPool) X(Resize) X(DepthToSpace) X(SpaceToDepth)
