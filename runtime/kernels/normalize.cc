#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const GroupNormalization&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const RMSNormalization&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const LpNormalization&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const MeanVarianceNormalization&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
