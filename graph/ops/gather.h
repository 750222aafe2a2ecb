// Operators that pick, place, sort or count elements.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// data, indices -> output
struct GatherElements {
  static constexpr std::string_view kName = "GatherElements";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 2};
  int64_t axis = 0;
  static void fields(auto& s, auto&& f) { f("axis", s.axis); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

// data, indices -> output
struct GatherND {
  static constexpr std::string_view kName = "GatherND";
  static constexpr int kSince = 12;
  static constexpr Arity kArity{2, 2};
  int64_t batch_dims = 0;
  static void fields(auto& s, auto&& f) { f("batch_dims", s.batch_dims); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

// data, indices, updates -> output
struct ScatterElements {
  static constexpr std::string_view kName = "ScatterElements";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{3, 3};
  int64_t axis = 0;
  std::string reduction = "none";
  int since() const { return reduction == "none" ? kSince : reduction == "add" || reduction == "mul" ? 16 : 18; }
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("reduction", s.reduction);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// data, indices, updates -> output
struct ScatterND {
  static constexpr std::string_view kName = "ScatterND";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{3, 3};
  std::string reduction = "none";
  int since() const { return reduction == "none" ? kSince : reduction == "add" || reduction == "mul" ? 16 : 18; }
  static void fields(auto& s, auto&& f) { f("reduction", s.reduction); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// indices, depth, values -> output
struct OneHot {
  static constexpr std::string_view kName = "OneHot";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{3, 3};
  int64_t axis = -1;
  static void fields(auto& s, auto&& f) { f("axis", s.axis); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct NonZero {
  static constexpr std::string_view kName = "NonZero";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{1, 1};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, K -> Values, Indices
struct TopK {
  static constexpr std::string_view kName = "TopK";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 2, 2, 2};
  int64_t axis = -1;
  int64_t largest = 1;
  int64_t sorted = 1;
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("largest", s.largest);
    f("sorted", s.sorted);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y, indices?, inverse_indices?, counts?
struct Unique {
  static constexpr std::string_view kName = "Unique";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 1, 1, 4};
  std::optional<int64_t> axis;
  int64_t sorted = 1;
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("sorted", s.sorted);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input, condition -> output
struct Compress {
  static constexpr std::string_view kName = "Compress";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 2};
  std::optional<int64_t> axis;
  static void fields(auto& s, auto&& f) { f("axis", s.axis); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

// input, sequence_lens -> Y
struct ReverseSequence {
  static constexpr std::string_view kName = "ReverseSequence";
  static constexpr int kSince = 10;
  static constexpr Arity kArity{2, 2};
  int64_t batch_axis = 1;
  int64_t time_axis = 0;
  static void fields(auto& s, auto&& f) {
    f("batch_axis", s.batch_axis);
    f("time_axis", s.time_axis);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

// boxes, scores, max_output_boxes_per_class?, iou_threshold?, score_threshold? -> selected_indices
struct NonMaxSuppression {
  static constexpr std::string_view kName = "NonMaxSuppression";
  static constexpr int kSince = 10;
  static constexpr Arity kArity{2, 5};
  int64_t center_point_box = 0;
  static void fields(auto& s, auto&& f) { f("center_point_box", s.center_point_box); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input, k? -> output
struct Trilu {
  static constexpr std::string_view kName = "Trilu";
  static constexpr int kSince = 14;
  static constexpr Arity kArity{1, 2};
  int64_t upper = 1;
  static void fields(auto& s, auto&& f) { f("upper", s.upper); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input -> output
struct EyeLike {
  static constexpr std::string_view kName = "EyeLike";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{1, 1};
  DType dtype = DType::undefined;
  int64_t k = 0;
  static void fields(auto& s, auto&& f) {
    f("dtype", s.dtype);
    f("k", s.k);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input_data, shape -> output_data
struct CenterCropPad {
  static constexpr std::string_view kName = "CenterCropPad";
  static constexpr int kSince = 18;
  static constexpr Arity kArity{2, 2};
  std::vector<int64_t> axes;
  static void fields(auto& s, auto&& f) { f("axes", s.axes); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

}  // namespace pare

#define PARE_GATHER_OPS(X)                                                                                          \
  X(GatherElements)                                                                                                 \
  X(GatherND) X(ScatterElements) X(ScatterND) X(OneHot) X(NonZero) X(TopK) X(Unique) X(Compress) X(ReverseSequence) \
      X(NonMaxSuppression) X(Trilu) X(EyeLike) X(CenterCropPad)
