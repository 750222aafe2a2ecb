#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const If&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Loop&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Scan&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
