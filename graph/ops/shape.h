// Operators that move elements or look at shapes.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// data, shape int64[r]
struct Reshape {
  static constexpr std::string_view kName = "Reshape";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{2, 2};
  int64_t allowzero = 0;
  int since() const { return allowzero ? 14 : kSince; }
  static void fields(auto& s, auto&& f) { f("allowzero", s.allowzero); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
  void resize(ResizeContext&);
};

struct Flatten {
  static constexpr std::string_view kName = "Flatten";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 1};
  int64_t axis = 1;
  static void fields(auto& s, auto&& f) { f("axis", s.axis); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

// data, axes int64[n] (optional for Squeeze)
struct Squeeze {
  static constexpr std::string_view kName = "Squeeze";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 2};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};
struct Unsqueeze {
  static constexpr std::string_view kName = "Unsqueeze";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{2, 2};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

struct Transpose {
  static constexpr std::string_view kName = "Transpose";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 1};
  std::vector<int64_t> perm;  // empty: reversed
  static void fields(auto& s, auto&& f) { f("perm", s.perm); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

struct Concat {
  static constexpr std::string_view kName = "Concat";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, kMany};
  static constexpr std::array<std::string_view, 1> kRequired{"axis"};
  int64_t axis = 0;  // required in ONNX
  static void fields(auto& s, auto&& f) { f("axis", s.axis); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

// input, split int64[outputs] (optional)
struct Split {
  static constexpr std::string_view kName = "Split";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 2, 1, kMany};
  int64_t axis = 0;
  std::optional<int64_t> num_outputs;
  int since() const { return num_outputs ? 18 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("num_outputs", s.num_outputs);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
  void resize(ResizeContext&);
};

// data, starts, ends, axes, steps
struct Slice {
  static constexpr std::string_view kName = "Slice";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{3, 5};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
  void resize(ResizeContext&);
};

// data, pads int64[2n], constant_value, axes
struct Pad {
  static constexpr std::string_view kName = "Pad";
  static constexpr int kSince = 13;  // an axes input or mode wrap raises it when written
  static constexpr Arity kArity{2, 4};
  std::string mode = "constant";
  int since() const { return mode == "wrap" ? 19 : kSince; }
  static void fields(auto& s, auto&& f) { f("mode", s.mode); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
  void resize(ResizeContext&);
};

// data, indices
struct Gather {
  static constexpr std::string_view kName = "Gather";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{2, 2};
  int64_t axis = 0;
  static void fields(auto& s, auto&& f) { f("axis", s.axis); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

// input, shape
struct Expand {
  static constexpr std::string_view kName = "Expand";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{2, 2};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
  void resize(ResizeContext&);
};

// input, repeats
struct Tile {
  static constexpr std::string_view kName = "Tile";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{2, 2};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

// The shape of the input as int64.
struct ShapeOf {
  static constexpr std::string_view kName = "Shape";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 1};
  std::optional<int64_t> end;
  int64_t start = 0;
  int since() const { return end || start ? 15 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("end", s.end);
    f("start", s.start);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

struct Size {
  static constexpr std::string_view kName = "Size";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 1};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

struct ConstantOfShape {
  static constexpr std::string_view kName = "ConstantOfShape";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{1, 1};
  std::optional<Tensor> value;  // one element; left out: float32 0
  static void fields(auto& s, auto&& f) { f("value", s.value); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// start, limit, delta
struct Range {
  static constexpr std::string_view kName = "Range";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{3, 3};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_SHAPE_OPS(X)                                                                                      \
  X(Reshape) X(Flatten) X(Squeeze) X(Unsqueeze) X(Transpose) X(Concat) X(Split) X(Slice) X(Pad) X(Gather) X(Expand) \
  X(Tile) X(ShapeOf) X(Size) X(ConstantOfShape) X(Range)
