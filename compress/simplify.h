// The same function in fewer nodes: a literal list of passes, run until none changes anything.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace pare {

// A pass returns how many places it changed. Names, order and types of the graph's inputs and outputs never change. It
// sees one graph; the pipeline runs it on every subgraph as well. `opset` is what the result may be written in.
struct SimplifyPass {
  std::string_view name;
  int (*run)(Graph&, int64_t opset);
  // Whether it computes what inference could not know: a graph that is wrong afterwards was wrong before.
  bool computes = false;
};

// In the order they run. Every name is that of the pass's function and file.
std::span<const SimplifyPass> simplify_passes();

struct SimplifyOptions {
  std::vector<std::string> passes;  // run only these, in pipeline order; empty: all
  std::string stop_after;           // stop after the first run of this pass
  int max_rounds = 32;
  std::optional<int64_t> opset;  // operators up to this may be put in; default: 13, the oldest that is written
  bool explain = false;          // fill SimplifyReport::steps
  std::function<void(const std::string& pass, int changed, double seconds)> log;
};

struct PassResult {
  std::string name;
  int changed = 0;  // over all rounds
  double seconds = 0;
};

// One run of a pass that changed something.
struct SimplifyStep {
  std::string pass;
  int round = 0;
  int nodes_before = 0, nodes_after = 0;               // subgraphs included
  std::vector<std::string> removed, added, rewritten;  // nodes of the outermost graph and of subgraphs, described
};

struct SimplifyReport {
  std::vector<PassResult> passes;  // in pipeline order
  std::vector<SimplifyStep> steps;
  int rounds = 0;
  int nodes_before = 0, nodes_after = 0;  // subgraphs included
  int64_t opset = 0;                      // that was put in at most
};

// Infers types and verifies after every pass that changed something. Throws Error: usage for an unknown pass name,
// internal when a pass leaves a faulty graph, naming the pass.
SimplifyReport simplify(Graph& graph, const SimplifyOptions& options = {});

// Gives inputs these shapes before they are simplified: a number binds that extent, a symbol names it, and an unknown
// extent leaves it as it is; where an input's extent has a symbol, that symbol becomes the same everywhere. Throws
// Error (usage) where a name or a shape does not fit.
void set_input_shapes(Graph& graph, const std::vector<std::pair<std::string, Shape>>& shapes);

}  // namespace pare
