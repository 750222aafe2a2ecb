// The graphs inside one node's operator, ready to run.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/executor.h"

namespace pare {

// An executor for each body, made when the body first runs and kept over iterations and runs. Whoever runs a node again
// and again owns one of these for it; kernels make do with a passing one where there is none.
class Bodies {
 public:
  // `constants`: the captured values that never change, by name. Bodies hold them as constants of their own.
  explicit Bodies(ExecutorOptions options, std::vector<NamedTensor> constants = {});
  ~Bodies();
  Bodies(const Bodies&) = delete;
  Bodies& operator=(const Bodies&) = delete;

  // The outputs of `body`. `captures` are the other values of the graph around it that it uses, by name.
  Result<std::vector<Tensor>> run(const GraphPtr& body, std::span<const Tensor> inputs,
                                  std::span<const NamedTensor> captures);

 private:
  struct Entry;
  Graph closed(const Graph& body, std::span<const Tensor> operands) const;
  Result<Entry*> find(const GraphPtr& body, std::span<const Tensor> operands);

  ExecutorOptions options_;
  std::vector<NamedTensor> constants_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

// For a node of the graph, whose captured constants are told; null where its operator holds no graphs.
std::unique_ptr<Bodies> make_bodies(const Graph& graph, const Node& node, const ExecutorOptions& options);

}  // namespace pare
