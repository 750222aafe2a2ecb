#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const Window&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const DFT&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const STFT&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const MelWeightMatrix&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
