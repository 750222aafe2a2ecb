// Operators that work on each element by itself, with broadcasting.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// One input, no attributes.
struct Unary {
  enum class Kind : uint8_t {
    Abs, Acos, Acosh, Asin, Asinh, Atan, Atanh, BitwiseNot, Ceil, Cos, Cosh, Erf, Exp, Floor, HardSwish, Identity,
    IsNaN, Log, Mish, Neg, Not, Reciprocal, Relu, Round, Sigmoid, Sign, Sin, Sinh, Softplus, Softsign, Sqrt, Tan, Tanh
  };
  static constexpr std::array<std::string_view, 33> kNames{
      "Abs",   "Acos",  "Acosh", "Asin", "Asinh", "Atan",       "Atanh", "BitwiseNot", "Ceil",    "Cos",  "Cosh",
      "Erf",   "Exp",   "Floor", "HardSwish", "Identity", "IsNaN", "Log", "Mish", "Neg", "Not", "Reciprocal",
      "Relu",  "Round", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Tan", "Tanh"};
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kPointwise = true;
  Kind kind = Kind::Identity;
  int since() const { return kind == Kind::HardSwish ? 14 : kind == Kind::Mish || kind == Kind::BitwiseNot ? 18 : kSince; }
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  bool containers() const { return kind == Kind::Identity; }
  Role role() const {
    if (kind == Kind::Identity) return Role::passes;
    return kind == Kind::Relu ? Role::clips : Role::float_only;
  }
  std::optional<OutputRange> range() const {
    if (kind == Kind::Sigmoid) return OutputRange{0, 1};
    const bool unit = kind == Kind::Tanh || kind == Kind::Erf || kind == Kind::Sin || kind == Kind::Cos || kind == Kind::Softsign;
    return unit ? std::optional(OutputRange{-1, 1}) : std::nullopt;
  }
};

// Two inputs, no attributes; numpy broadcasting (PRelu: of the second input only).
struct Binary {
  enum class Kind : uint8_t {
    Add, And, BitwiseAnd, BitwiseOr, BitwiseXor, Div, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Mul, Or, PRelu,
    Pow, Sub, Xor
  };
  static constexpr std::array<std::string_view, 17> kNames{
      "Add",  "And",         "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater", "GreaterOrEqual",
      "Less", "LessOrEqual", "Mul",        "Or",        "PRelu",      "Pow", "Sub",   "Xor"};
  static constexpr int kSince = 13;
  static constexpr Arity kArity{2, 2};
  Kind kind = Kind::Add;
  int since() const {
    return kind == Kind::BitwiseAnd || kind == Kind::BitwiseOr || kind == Kind::BitwiseXor ? 18 : kSince;
  }
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const {
    return kind == Kind::Add || kind == Kind::Sub || kind == Kind::Mul ? Role::rescales : Role::float_only;
  }
};

// Any number of inputs; numpy broadcasting.
struct Variadic {
  enum class Kind : uint8_t { Max, Mean, Min, Sum };
  static constexpr std::array<std::string_view, 4> kNames{"Max", "Mean", "Min", "Sum"};
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, kMany};
  Kind kind = Kind::Sum;
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return kind == Kind::Sum || kind == Kind::Mean ? Role::rescales : Role::float_only; }
};

// input, min, max (scalars, each optional)
struct Clip {
  static constexpr std::string_view kName = "Clip";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 3};
  static constexpr bool kPointwise = true;
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::clips; }
};

// An activation with attributes, of one float input.
#define PARE_ACTIVATION(NAME, SINCE, ...)                                                                   \
  struct NAME {                                                                                             \
    static constexpr std::string_view kName = #NAME;                                                        \
    static constexpr int kSince = SINCE;                                                                    \
    static constexpr Arity kArity{1, 1};                                                                    \
    static constexpr bool kPointwise = true;                                                                \
    __VA_ARGS__                                                                                             \
    Result<void> infer(InferContext& context) const { return infer_float_pointwise(context); }              \
    void links(LinkContext& context) const { link_same(context); }                                          \
    Role role() const { return Role::float_only; }                                                          \
  }

PARE_ACTIVATION(LeakyRelu, 6, float alpha = 0.01f; static void fields(auto& s, auto&& f) { f("alpha", s.alpha); });
PARE_ACTIVATION(Elu, 6, float alpha = 1.0f; static void fields(auto& s, auto&& f) { f("alpha", s.alpha); });
PARE_ACTIVATION(Celu, 12, float alpha = 1.0f; static void fields(auto& s, auto&& f) { f("alpha", s.alpha); });
PARE_ACTIVATION(ThresholdedRelu, 10, float alpha = 1.0f; static void fields(auto& s, auto&& f) { f("alpha", s.alpha); });
PARE_ACTIVATION(Selu, 6, float alpha = 1.67326319217681884765625f; float gamma = 1.05070102214813232421875f;
                static void fields(auto& s, auto&& f) { f("alpha", s.alpha); f("gamma", s.gamma); });
PARE_ACTIVATION(HardSigmoid, 6, float alpha = 0.2f; float beta = 0.5f;
                static void fields(auto& s, auto&& f) { f("alpha", s.alpha); f("beta", s.beta); }
                std::optional<OutputRange> range() const { return OutputRange{0, 1}; });
#undef PARE_ACTIVATION

struct Gelu {
  static constexpr std::string_view kName = "Gelu";
  static constexpr int kSince = 20;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kPointwise = true;
  std::string approximate = "none";
  static void fields(auto& s, auto&& f) { f("approximate", s.approximate); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

struct Cast {
  static constexpr std::string_view kName = "Cast";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kPointwise = true;
  static constexpr std::array<std::string_view, 1> kRequired{"to"};
  std::string round_mode = "up";
  int64_t saturate = 1;
  DType to = DType::undefined;
  int since() const { return round_mode != "up" ? 24 : saturate ? kSince : 19; }
  static void fields(auto& s, auto&& f) {
    f("round_mode", s.round_mode);
    f("saturate", s.saturate);
    f("to", s.to);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// condition, X, Y
struct Where {
  static constexpr std::string_view kName = "Where";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{3, 3};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// data, ratio, training_mode -> output, mask; in inference the identity
struct Dropout {
  static constexpr std::string_view kName = "Dropout";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 3, 1, 2};
  static constexpr bool kRandom = true;
  int64_t seed = 0;
  static void fields(auto& s, auto&& f) { f("seed", s.seed); }
  PARE_OP_METHODS;
  Role role() const { return Role::passes; }
};

}  // namespace pare

#define PARE_ELEMENTWISE_OPS(X)                                                                            \
  X(Unary) X(Binary) X(Variadic) X(Clip) X(LeakyRelu) X(Elu) X(Celu) X(ThresholdedRelu) X(Selu) X(HardSigmoid) \
  X(Gelu) X(Cast) X(Where) X(Dropout)
