// Normalizations and reductions.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// X [N,C,...], scale [C], B [C], input_mean [C], input_var [C] -> Y (in inference)
struct BatchNormalization {
  static constexpr std::string_view kName = "BatchNormalization";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{5, 5, 1, 5};
  float epsilon = 1e-5f;
  float momentum = 0.9f;
  int64_t training_mode = 0;
  int since() const { return training_mode ? 14 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("epsilon", s.epsilon);
    f("momentum", s.momentum);
    f("training_mode", s.training_mode);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input [N,C,...], scale [C], B [C]
struct InstanceNormalization {
  static constexpr std::string_view kName = "InstanceNormalization";
  static constexpr int kSince = 6;
  static constexpr Arity kArity{3, 3};
  float epsilon = 1e-5f;
  static void fields(auto& s, auto&& f) { f("epsilon", s.epsilon); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, Scale, B -> Y, Mean, InvStdDev
struct LayerNormalization {
  static constexpr std::string_view kName = "LayerNormalization";
  static constexpr int kSince = 17;
  static constexpr Arity kArity{2, 3, 1, 3};
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

// Local response normalization across channels.
struct LRN {
  static constexpr std::string_view kName = "LRN";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  static constexpr std::array<std::string_view, 1> kRequired{"size"};
  float alpha = 1e-4f;
  float beta = 0.75f;
  float bias = 1.0f;
  int64_t size = 1;
  static void fields(auto& s, auto&& f) {
    f("alpha", s.alpha);
    f("beta", s.beta);
    f("bias", s.bias);
    f("size", s.size);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// Softmax, LogSoftmax (opset 13 meaning: along one axis)
struct Softmax {
  enum class Kind : uint8_t { LogSoftmax, Softmax };
  static constexpr std::array<std::string_view, 2> kNames{"LogSoftmax", "Softmax"};
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 1};
  Kind kind = Kind::Softmax;
  int64_t axis = -1;
  static void fields(auto& s, auto&& f) { f("axis", s.axis); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
  std::optional<OutputRange> range() const {
    return kind == Kind::Softmax ? std::optional(OutputRange{0, 1}) : std::nullopt;
  }
};

// data, axes int64[n] (optional)
struct Reduce {
  enum class Kind : uint8_t { L1, L2, LogSum, LogSumExp, Max, Mean, Min, Prod, Sum, SumSquare };
  static constexpr std::array<std::string_view, 10> kNames{"ReduceL1",   "ReduceL2",  "ReduceLogSum", "ReduceLogSumExp",
                                                           "ReduceMax",  "ReduceMean", "ReduceMin",   "ReduceProd",
                                                           "ReduceSum",  "ReduceSumSquare"};
  static constexpr int kSince = 18;
  static constexpr Arity kArity{1, 2};
  Kind kind = Kind::Sum;
  int64_t keepdims = 1;
  int64_t noop_with_empty_axes = 0;
  int since() const { return kind == Kind::Sum ? 13 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("keepdims", s.keepdims);
    f("noop_with_empty_axes", s.noop_with_empty_axes);
  }
  PARE_OP_METHODS;
  Role role() const {
    if (kind == Kind::Max || kind == Kind::Min) return Role::passes;
    return kind == Kind::Mean ? Role::rescales : Role::float_only;
  }
};

struct ArgReduce {
  enum class Kind : uint8_t { Max, Min };
  static constexpr std::array<std::string_view, 2> kNames{"ArgMax", "ArgMin"};
  static constexpr int kSince = 13;
  static constexpr Arity kArity{1, 1};
  Kind kind = Kind::Max;
  int64_t axis = 0;
  int64_t keepdims = 1;
  int64_t select_last_index = 0;
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("keepdims", s.keepdims);
    f("select_last_index", s.select_last_index);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_NORM_OPS(X) \
  X(BatchNormalization) X(InstanceNormalization) X(LayerNormalization) X(LRN) X(Softmax) X(Reduce) X(ArgReduce)
