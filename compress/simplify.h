// The same function in fewer nodes: a literal list of passes, run until none changes anything.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace pare {

// A pass returns how many places it changed. Names, order and types of the graph's inputs and outputs never change.
struct SimplifyPass {
  std::string_view name;
  int (*run)(Graph&);
};

// In the order they run. Every name is that of the pass's function and file.
std::span<const SimplifyPass> simplify_passes();

struct SimplifyOptions {
  std::vector<std::string> passes;  // run only these, in pipeline order; empty: all
  std::string stop_after;           // stop after the first run of this pass
  int max_rounds = 32;
  std::function<void(const std::string& pass, int changed, double seconds)> log;
};

struct PassResult {
  std::string name;
  int changed = 0;     // over all rounds
  double seconds = 0;
};

struct SimplifyReport {
  std::vector<PassResult> passes;  // in pipeline order
  int rounds = 0;
  int nodes_before = 0, nodes_after = 0;
};

// Infers types and verifies after every pass that changed something. Throws Error: usage for an unknown pass name,
// internal when a pass leaves a faulty graph, naming the pass.
SimplifyReport simplify(Graph& graph, const SimplifyOptions& options = {});

}  // namespace pare
