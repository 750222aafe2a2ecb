// Runs a graph. A plan is made once per input shape: kernels chosen, patterns fused, layouts assigned, and every
// intermediate given a place in one arena by its lifetime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "runtime/cpu.h"

namespace pare {

struct ExecutorOptions {
  int threads = 1;         // results do not depend on it
  bool reference = false;  // the plain kernels alone, node by node: the definition of what every op computes
  std::optional<Isa> isa;  // force an instruction set that the machine has; none: the best
  std::vector<std::string>
      keep;  // further values, by name, to return after the graph's outputs (calibration, layer views)
  bool profile = false;
};

// What the plan made of one step, for `--profile` and tests.
struct StepReport {
  std::string kernel;              // "conv2d.nhwc.float", "qconv.int8", "plain.Softmax"
  std::vector<std::string> nodes;  // describe() of the nodes it covers
  double seconds = 0;              // of the last run, when profiling
  size_t bytes = 0;                // operands, results and packed weights
};

struct MemoryReport {
  size_t weight_bytes = 0;  // prepacked and shared constants
  size_t arena_bytes = 0;   // intermediates and scratch of the current plan
};

class Executor {
 public:
  // Keeps the graph (and its constants' buffers) alive. Fails with ErrorCode::unsupported when a node has no kernel,
  // naming it, its type, domain and version.
  static Result<std::unique_ptr<Executor>> create(std::shared_ptr<const Graph> graph, ExecutorOptions options = {});
  virtual ~Executor() = default;

  // Inputs in the order of graph.inputs. Dims must fit the declared ones (symbols consistently), dtypes exactly; the
  // failure names the input, what came and what was expected. Returns the graph's outputs, then those of options.keep.
  virtual Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) = 0;
  virtual const Graph& graph() const = 0;
  virtual std::vector<StepReport> steps() const = 0;  // of the last plan
  virtual MemoryReport memory() const = 0;
};

}  // namespace pare
