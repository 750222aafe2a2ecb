// Element-wise operators with attributes, running sums, determinants and Einstein sums.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// A, B -> C
struct Mod {
  static constexpr std::string_view kName = "Mod";
  static constexpr int kSince = 10;
  static constexpr Arity kArity{2, 2};
  int64_t fmod = 0;
  static void fields(auto& s, auto&& f) { f("fmod", s.fmod); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, Y -> Z
struct BitShift {
  static constexpr std::string_view kName = "BitShift";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 2};
  static constexpr std::array<std::string_view, 1> kRequired{"direction"};
  std::string direction;
  static void fields(auto& s, auto&& f) { f("direction", s.direction); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct IsInf {
  static constexpr std::string_view kName = "IsInf";
  static constexpr int kSince = 10;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kPointwise = true;
  int64_t detect_negative = 1;
  int64_t detect_positive = 1;
  static void fields(auto& s, auto&& f) {
    f("detect_negative", s.detect_negative);
    f("detect_positive", s.detect_positive);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input -> output
struct Shrink {
  static constexpr std::string_view kName = "Shrink";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kPointwise = true;
  float bias = 0.0f;
  float lambd = 0.5f;
  static void fields(auto& s, auto&& f) {
    f("bias", s.bias);
    f("lambd", s.lambd);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct Swish {
  static constexpr std::string_view kName = "Swish";
  static constexpr int kSince = 24;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kPointwise = true;
  float alpha = 1.0f;
  static void fields(auto& s, auto&& f) { f("alpha", s.alpha); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// A, B -> Y
struct SwiGLU {
  static constexpr std::string_view kName = "SwiGLU";
  static constexpr int kSince = 28;
  static constexpr Arity kArity{2, 2};
  float alpha = 1.0f;
  static void fields(auto& s, auto&& f) { f("alpha", s.alpha); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input, target_type -> output
struct CastLike {
  static constexpr std::string_view kName = "CastLike";
  static constexpr int kSince = 15;
  static constexpr Arity kArity{2, 2};
  std::string round_mode = "up";
  int64_t saturate = 1;
  int since() const { return round_mode != "up" ? 24 : saturate ? kSince : 19; }
  static void fields(auto& s, auto&& f) {
    f("round_mode", s.round_mode);
    f("saturate", s.saturate);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input -> output
struct BitCast {
  static constexpr std::string_view kName = "BitCast";
  static constexpr int kSince = 26;
  static constexpr Arity kArity{1, 1};
  static constexpr std::array<std::string_view, 1> kRequired{"to"};
  DType to = DType::undefined;
  static void fields(auto& s, auto&& f) { f("to", s.to); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// x, axis -> y
struct Cumulative {
  enum class Kind : uint8_t { Prod, Sum };
  static constexpr std::array<std::string_view, 2> kNames{"CumProd", "CumSum"};
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 2};
  Kind kind = Kind::Prod;
  int64_t exclusive = 0;
  int64_t reverse = 0;
  int since() const { return kind == Kind::Prod ? 26 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("exclusive", s.exclusive);
    f("reverse", s.reverse);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input -> output
struct Hardmax {
  static constexpr std::string_view kName = "Hardmax";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 1};
  int64_t axis = -1;
  static void fields(auto& s, auto&& f) { f("axis", s.axis); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct Det {
  static constexpr std::string_view kName = "Det";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 1};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// Inputs... -> Output
struct Einsum {
  static constexpr std::string_view kName = "Einsum";
  static constexpr int kSince = 12;
  static constexpr Arity kArity{1, kMany};
  static constexpr std::array<std::string_view, 1> kRequired{"equation"};
  std::string equation;
  static void fields(auto& s, auto&& f) { f("equation", s.equation); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_ARITHMETIC_OPS(X) \
  X(Mod)                       \
  X(BitShift) X(IsInf) X(Shrink) X(Swish) X(SwiGLU) X(CastLike) X(BitCast) X(Cumulative) X(Hardmax) X(Det) X(Einsum)
