// Sampling, pooling and unfolding of spatial axes beyond the common ones.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// X -> Y
struct LpPool {
  static constexpr std::string_view kName = "LpPool";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 1};
  static constexpr std::array<std::string_view, 1> kRequired{"kernel_shape"};
  std::string auto_pad = "NOTSET";
  int64_t ceil_mode = 0;
  std::vector<int64_t> dilations;
  std::vector<int64_t> kernel_shape;
  int64_t p = 2;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  int since() const { return ceil_mode || !dilations.empty() ? 18 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("auto_pad", s.auto_pad);
    f("ceil_mode", s.ceil_mode);
    f("dilations", s.dilations);
    f("kernel_shape", s.kernel_shape);
    f("p", s.p);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct GlobalLpPool {
  static constexpr std::string_view kName = "GlobalLpPool";
  static constexpr int kSince = 2;
  static constexpr Arity kArity{1, 1};
  int64_t p = 2;
  static void fields(auto& s, auto&& f) { f("p", s.p); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, I, output_shape? -> output
struct MaxUnpool {
  static constexpr std::string_view kName = "MaxUnpool";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{2, 3};
  static constexpr std::array<std::string_view, 1> kRequired{"kernel_shape"};
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  static void fields(auto& s, auto&& f) {
    f("kernel_shape", s.kernel_shape);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, rois -> Y
struct MaxRoiPool {
  static constexpr std::string_view kName = "MaxRoiPool";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 2};
  static constexpr std::array<std::string_view, 1> kRequired{"pooled_shape"};
  std::vector<int64_t> pooled_shape;
  float spatial_scale = 1.0f;
  static void fields(auto& s, auto&& f) {
    f("pooled_shape", s.pooled_shape);
    f("spatial_scale", s.spatial_scale);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

// X, rois, batch_indices -> Y
struct RoiAlign {
  static constexpr std::string_view kName = "RoiAlign";
  static constexpr int kSince = 16;
  static constexpr Arity kArity{3, 3};
  std::string coordinate_transformation_mode = "half_pixel";
  std::string mode = "avg";
  int64_t output_height = 1;
  int64_t output_width = 1;
  int64_t sampling_ratio = 0;
  float spatial_scale = 1.0f;
  static void fields(auto& s, auto&& f) {
    f("coordinate_transformation_mode", s.coordinate_transformation_mode);
    f("mode", s.mode);
    f("output_height", s.output_height);
    f("output_width", s.output_width);
    f("sampling_ratio", s.sampling_ratio);
    f("spatial_scale", s.spatial_scale);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, grid -> Y
struct GridSample {
  static constexpr std::string_view kName = "GridSample";
  static constexpr int kSince = 20;
  static constexpr Arity kArity{2, 2};
  int64_t align_corners = 0;
  std::string mode = "linear";
  std::string padding_mode = "zeros";
  static void fields(auto& s, auto&& f) {
    f("align_corners", s.align_corners);
    f("mode", s.mode);
    f("padding_mode", s.padding_mode);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// theta, size -> grid
struct AffineGrid {
  static constexpr std::string_view kName = "AffineGrid";
  static constexpr int kSince = 20;
  static constexpr Arity kArity{2, 2};
  int64_t align_corners = 0;
  static void fields(auto& s, auto&& f) { f("align_corners", s.align_corners); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input, image_shape, block_shape -> output
struct Col2Im {
  static constexpr std::string_view kName = "Col2Im";
  static constexpr int kSince = 18;
  static constexpr Arity kArity{3, 3};
  std::vector<int64_t> dilations;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  static void fields(auto& s, auto&& f) {
    f("dilations", s.dilations);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, W, offset, B?, mask? -> Y
struct DeformConv {
  static constexpr std::string_view kName = "DeformConv";
  static constexpr int kSince = 19;
  static constexpr Arity kArity{3, 5};
  std::vector<int64_t> dilations;
  int64_t group = 1;
  std::vector<int64_t> kernel_shape;
  int64_t offset_group = 1;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  static void fields(auto& s, auto&& f) {
    f("dilations", s.dilations);
    f("group", s.group);
    f("kernel_shape", s.kernel_shape);
    f("offset_group", s.offset_group);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_SPATIAL_OPS(X) \
  X(LpPool) X(GlobalLpPool) X(MaxUnpool) X(MaxRoiPool) X(RoiAlign) X(GridSample) X(AffineGrid) X(Col2Im) X(DeformConv)
