// Graphs inside graphs.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// cond -> outputs...
struct If {
  static constexpr std::string_view kName = "If";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{1, 1, 1, kMany};
  static constexpr std::array<std::string_view, 2> kRequired{"else_branch", "then_branch"};
  GraphPtr else_branch;
  GraphPtr then_branch;
  static void fields(auto& s, auto&& f) {
    f("else_branch", s.else_branch);
    f("then_branch", s.then_branch);
  }
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// M?, cond?, v_initial... -> v_final_and_scan_outputs...
// Without M the condition alone ends it; without cond M alone does, and what the body says of going on is ignored.
struct Loop {
  static constexpr std::string_view kName = "Loop";
  static constexpr int kSince = 11;
  static constexpr Arity kArity{0, kMany, 1, kMany};
  static constexpr std::array<std::string_view, 1> kRequired{"body"};
  GraphPtr body;
  static void fields(auto& s, auto&& f) { f("body", s.body); }
  PARE_OP_METHODS;
  bool containers() const { return true; }
  Role role() const { return Role::float_only; }
};

// initial_state_and_scan_inputs... -> final_state_and_scan_outputs...
struct Scan {
  static constexpr std::string_view kName = "Scan";
  static constexpr int kSince = 9;
  static constexpr Arity kArity{1, kMany, 1, kMany};
  static constexpr std::array<std::string_view, 2> kRequired{"body", "num_scan_inputs"};
  GraphPtr body;
  int64_t num_scan_inputs = 0;
  std::vector<int64_t> scan_input_axes;
  std::vector<int64_t> scan_input_directions;
  std::vector<int64_t> scan_output_axes;
  std::vector<int64_t> scan_output_directions;
  static void fields(auto& s, auto&& f) {
    f("body", s.body);
    f("num_scan_inputs", s.num_scan_inputs);
    f("scan_input_axes", s.scan_input_axes);
    f("scan_input_directions", s.scan_input_directions);
    f("scan_output_axes", s.scan_output_axes);
    f("scan_output_directions", s.scan_output_directions);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_CONTROL_OPS(X) X(If) X(Loop) X(Scan)
