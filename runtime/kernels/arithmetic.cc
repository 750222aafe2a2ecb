#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const Mod&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const BitShift&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const IsInf&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Shrink&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Swish&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SwiGLU&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const CastLike&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const BitCast&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Cumulative&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Hardmax&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Det&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Einsum&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
