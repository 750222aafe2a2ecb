#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const LpPool&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const GlobalLpPool&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const MaxUnpool&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const MaxRoiPool&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const RoiAlign&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const GridSample&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const AffineGrid&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Col2Im&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const DeformConv&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
