// The plain kernels: short loops that define what every operator computes. Fast paths are proved against them.
#pragma once

#include <span>
#include <vector>

#include "graph/op.h"

namespace pare {

class Bodies;

// Inputs and outputs of one node. An input left out has dtype undefined. A kernel sets all `outputs` (sized by the node;
// one that is not wanted may stay empty).
struct KernelContext {
  std::span<const Tensor> inputs;
  std::span<Tensor> outputs;
  // Values of the enclosing graph that the op's subgraphs name (Node::captures), by name.
  std::span<const NamedTensor> captures = {};
  // The executors of those subgraphs, where somebody keeps them from run to run; null: the kernel makes its own.
  Bodies* bodies = nullptr;

  bool has(size_t i) const { return i < inputs.size() && inputs[i].dtype() != DType::undefined; }
};

#define PARE_DECLARE_KERNEL(O) Result<void> run(const O& op, KernelContext& context);
PARE_OPS(PARE_DECLARE_KERNEL)
#undef PARE_DECLARE_KERNEL

// Runs the op's kernel on operands that inference has accepted. Out of memory is a Failure.
Result<void> run_kernel(const Op& op, KernelContext& context);

// Checks operands by inference, then runs the op's kernel. Also what constant folding calls.
Result<std::vector<Tensor>> execute(const Op& op, std::span<const Tensor> inputs, size_t outputs = 1,
                                    std::span<const NamedTensor> captures = {}, Bodies* bodies = nullptr);

}  // namespace pare
