// Sequences of tensors and optional values.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// inputs... -> output_sequence
struct SequenceConstruct {
  static constexpr std::string_view kName = "SequenceConstruct";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, kMany};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// -> output
struct SequenceEmpty {
  static constexpr std::string_view kName = "SequenceEmpty";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{0, 0};
  DType dtype = DType::undefined;
  static void fields(auto& s, auto&& f) { f("dtype", s.dtype); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input_sequence, position -> tensor
struct SequenceAt {
  static constexpr std::string_view kName = "SequenceAt";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 2};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// input_sequence, tensor, position? -> output_sequence
struct SequenceInsert {
  static constexpr std::string_view kName = "SequenceInsert";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{2, 3};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// input_sequence, position? -> output_sequence
struct SequenceErase {
  static constexpr std::string_view kName = "SequenceErase";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 2};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// input_sequence -> length
struct SequenceLength {
  static constexpr std::string_view kName = "SequenceLength";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 1};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// input, split? -> output_sequence
struct SplitToSequence {
  static constexpr std::string_view kName = "SplitToSequence";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 2};
  int64_t axis = 0;
  int64_t keepdims = 1;
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("keepdims", s.keepdims);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input_sequence -> concat_result
struct ConcatFromSequence {
  static constexpr std::string_view kName = "ConcatFromSequence";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 1};
  static constexpr std::array<std::string_view, 1> kRequired{"axis"};
  int64_t axis = 0;
  int64_t new_axis = 0;
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("new_axis", s.new_axis);
  }
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// input_sequence, additional_inputs... -> out_sequence...
struct SequenceMap {
  static constexpr std::string_view kName = "SequenceMap";
  static constexpr int kSince = 17;
  static constexpr Arity kArity{1, kMany, 1, kMany};
  static constexpr std::array<std::string_view, 1> kRequired{"body"};
  GraphPtr body;
  static void fields(auto& s, auto&& f) { f("body", s.body); }
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// input? -> output: an optional value, empty without an input
struct OptionalOf {
  static constexpr std::string_view kName = "Optional";
  static constexpr int kSince = 15;
  static constexpr Arity kArity{0, 1};
  std::optional<RawAttribute> type;
  static void fields(auto& s, auto&& f) { f("type", s.type); }
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// input -> output
struct OptionalGetElement {
  static constexpr std::string_view kName = "OptionalGetElement";
  static constexpr int kSince = 15;
  static constexpr Arity kArity{1, 1};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// input? -> output
struct OptionalHasElement {
  static constexpr std::string_view kName = "OptionalHasElement";
  static constexpr int kSince = 15;
  static constexpr Arity kArity{0, 1};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_SEQUENCE_OPS(X)                                                                             \
  X(SequenceConstruct)                                                                                   \
  X(SequenceEmpty) X(SequenceAt) X(SequenceInsert) X(SequenceErase) X(SequenceLength) X(SplitToSequence) \
      X(ConcatFromSequence) X(SequenceMap) X(OptionalOf) X(OptionalGetElement) X(OptionalHasElement)
