#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const RandomNormal&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const RandomNormalLike&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const RandomUniform&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const RandomUniformLike&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Multinomial&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Bernoulli&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
