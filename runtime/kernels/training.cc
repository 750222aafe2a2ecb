#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const NegativeLogLikelihoodLoss&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SoftmaxCrossEntropyLoss&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Adagrad&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Adam&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Momentum&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
