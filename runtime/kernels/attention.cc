#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const Attention&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const RotaryEmbedding&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const LinearAttention&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const CausalConvWithState&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const TensorScatter&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const FlexAttention&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
