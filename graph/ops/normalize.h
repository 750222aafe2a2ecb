// Normalizations over groups, roots of mean squares and p-norms.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// X, scale, bias -> Y
struct GroupNormalization {
  static constexpr std::string_view kName = "GroupNormalization";
  static constexpr int kSince = 21;
  static constexpr Arity kArity{3, 3};
  static constexpr std::array<std::string_view, 1> kRequired{"num_groups"};
  float epsilon = 1e-5f;
  int64_t num_groups = 0;
  int64_t stash_type = 1;
  static void fields(auto& s, auto&& f) {
    f("epsilon", s.epsilon);
    f("num_groups", s.num_groups);
    f("stash_type", s.stash_type);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, scale -> Y
struct RMSNormalization {
  static constexpr std::string_view kName = "RMSNormalization";
  static constexpr int kSince = 23;
  static constexpr Arity kArity{2, 2};
  int64_t axis = -1;
  float epsilon = 1e-5f;
  int64_t stash_type = 1;
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("epsilon", s.epsilon);
    f("stash_type", s.stash_type);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input -> output
struct LpNormalization {
  static constexpr std::string_view kName = "LpNormalization";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  int64_t axis = -1;
  int64_t p = 2;
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("p", s.p);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct MeanVarianceNormalization {
  static constexpr std::string_view kName = "MeanVarianceNormalization";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{1, 1};
  std::vector<int64_t> axes{0, 2, 3};
  static void fields(auto& s, auto&& f) { f("axes", s.axes); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_NORMALIZE_OPS(X) X(GroupNormalization) X(RMSNormalization) X(LpNormalization) X(MeanVarianceNormalization)
