#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const QLinearConv&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QLinearMatMul&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QLinearBinary&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QLinearSigmoid&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QLinearLeakyRelu&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QLinearSoftmax&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QLinearAveragePool&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QLinearGlobalAveragePool&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QLinearConcat&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const QGemm&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
