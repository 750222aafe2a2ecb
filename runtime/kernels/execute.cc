// The one place that visits every operator for execution.
#include <new>

#include "graph/infer.h"
#include "runtime/kernels.h"

namespace pare {

Result<void> run(const Opaque& op, KernelContext&) {
  const std::string domain = op.domain.empty() ? "ai.onnx" : op.domain;
  return unsupported("operator " + op.type + " of domain " + domain + ", version " + std::to_string(op.version) +
                     ", cannot run" + (op.reason.empty() ? "" : ": it " + op.reason));
}

Result<void> run_kernel(const Op& op, KernelContext& context) {
  try {
    return std::visit([&](const auto& actual) { return run(actual, context); }, op.variant());
  } catch (const std::bad_alloc&) {
    return in_context(std::string(op_type(op)), input_error("out of memory"));
  }
}

Result<std::vector<Tensor>> execute(const Op& op, std::span<const Tensor> inputs, size_t outputs,
                                    std::span<const NamedTensor> captures, Bodies* bodies) {
  const auto named = [&](Failure failure) { return in_context(std::string(op_type(op)), std::move(failure)); };
  const Arity arity = op_arity(op);
  const auto count = static_cast<int64_t>(inputs.size());
  if (count < arity.min_inputs || count > arity.max_inputs)
    return named(input_error("found " + std::to_string(count) + " inputs"));
  for (int64_t i = 0; i < arity.min_inputs; ++i)
    if (inputs[static_cast<size_t>(i)].dtype() == DType::undefined)
      return named(input_error("input " + std::to_string(i) + " is missing"));
  InferContext infer;
  for (const Tensor& input : inputs) {
    Known known;
    known.present = input.dtype() != DType::undefined;
    if (known.present) {
      known.type = input.type();
      known.constant = &input;
    }
    infer.inputs.push_back(std::move(known));
  }
  for (const NamedTensor& capture : captures) {
    Known known;
    known.present = true;
    known.type = capture.tensor.type();
    known.constant = &capture.tensor;
    infer.captures.emplace_back(capture.name, std::move(known));
  }
  infer.outputs.resize(outputs);
  if (auto done = op_infer(op, infer); !done) return named(done.failure());
  std::vector<Tensor> results(outputs);
  KernelContext context{inputs, results, captures, bodies};
  if (auto done = run_kernel(op, context); !done) return named(done.failure());
  return results;
}

}  // namespace pare
