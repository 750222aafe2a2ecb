#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const LSTM&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const GRU&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const RNN&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
