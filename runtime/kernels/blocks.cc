#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const DynamicQuantizeMatMul&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const MatMulIntegerToFloat&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const MatMulNBits&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const GatherBlockQuantized&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const DynamicQuantizeLSTM&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
