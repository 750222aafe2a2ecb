// What turns a batch of samples into one row of output for each: a model alone, or an encoder with the decoder that
// writes its answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/data/dataset.h"
#include "graph/graph.h"
#include "runtime/executor.h"

namespace pare {

struct RunningModel {
  const Graph* graph = nullptr;
  const Graph* decoder = nullptr;  // writes the answer token by token from what `graph` makes of a sample: see decode.h
  std::string output;              // of the graph, or of the decoder; empty: the first
  std::vector<std::string> feeds;  // of the decoder, "OUTPUT=INPUT"
};

class Runner {
 public:
  virtual ~Runner() = default;
  // The samples of `batch` (dim 0 first, as data sets hold them) to one row for each: [batch.count, ...]. Throws Error.
  virtual Tensor run(const Batch& batch) = 0;
  virtual MemoryReport memory() const = 0;  // as the last run needed it
};

// `answer` says how a decoder begins and ends. Keeps the graphs' buffers alive. Throws Error: usage for an output that
// is none, or a decoder without `answer`.
std::unique_ptr<Runner> make_runner(const RunningModel& model, const std::optional<AnswerTokens>& answer,
                                    const ExecutorOptions& options);

// The samples in the order and layout in which the graph takes its inputs.
std::vector<Tensor> inputs_for(const Graph& graph, const Batch& batch);
// How many samples a model takes at a time: `batch`, or what its inputs fix.
int64_t model_batch(const Graph& graph, int64_t batch);
bool fixes_batch(const Graph& graph);
// The output of that name, or the first. Throws Error (usage) with the names that there are.
size_t output_slot(const Graph& graph, const std::string& name);

}  // namespace pare
